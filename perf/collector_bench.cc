// How many syslog frames of a TCP stream one core takes apart and gathers into deliveries: framing,
// one copy into the batch, hand-over. Every second frame is counted, the others are lines.
#include <cstdint>
#include <string>

#include "base/hash.h"
#include "base/wakeup.h"
#include "collector/framing.h"
#include "collector/gather.h"
#include "perf/bench.h"

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;  // what a connection gives at a time

std::string make_stream() {
  std::string stream;
  for (int i = 0; stream.size() < 8 * 1024 * 1024; ++i) {
    const std::string message =
        "<38>1 2026-01-01T09:14:41.003Z web-01 sshd 2231 - - Failed password for root from "
        "203.0.113." +
        std::to_string(i % 256) + " port " + std::to_string(40'000 + i % 9999) + " ssh2";
    stream += i % 2 == 0 ? message + "\n" : std::to_string(message.size()) + " " + message;
  }
  return stream;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace picket::collector;
  const std::string stream = make_stream();
  return picket::perf::bench(
      argc, argv, "tcp_framing", {.smoke = 10'000, .full = 20'000'000}, [&](std::int64_t n) {
        DeliveryQueue queue(2);
        picket::Wakeup engine;
        Meter meter("bench");
        Gather gather({}, queue, engine);
        const Origin origin{picket::SourceId{0}, &meter, nullptr};
        Framer framer;
        Frame frame;
        std::uint64_t digest = 0;
        std::int64_t frames = 0;
        for (std::size_t at = 0; frames < n;
             at = at + kReadBytes < stream.size() ? at + kReadBytes : 0) {
          std::string_view input = std::string_view(stream).substr(at, kReadBytes);
          if (at == 0) framer = Framer();
          while (frames < n && framer.next(input, frame)) {
            gather.add(frame, origin, frames);
            ++frames;
            while (const auto delivery = queue.try_pop()) {
              digest = picket::hash64(delivery->batch->records().back().raw, digest);
            }
          }
        }
        return digest;
      });
}
