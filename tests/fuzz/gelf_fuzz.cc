// Any datagrams: chunks stay within their bounds, what is inflated within its own, and every chunk
// is in a whole message, waits, or is counted. The input is datagrams, each behind a byte of its
// length.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "collector/gelf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using picket::collector::GelfChunks;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  GelfChunks chunks;
  std::string buffer;
  while (!rest.empty()) {
    const std::size_t length = static_cast<unsigned char>(rest[0]);
    const std::string_view datagram =
        rest.substr(1, length == 255 ? std::string_view::npos : length);
    rest.remove_prefix(1 + datagram.size());
    std::string_view message;
    if (chunks.take("sender", datagram, message) == GelfChunks::Taken::kWhole) {
      const auto text = picket::collector::inflate_gelf(message, 1000, buffer);
      PICKET_CHECK(text.bytes.size() <= 1000 && text.bytes.size() <= text.length);
      PICKET_CHECK(!text.damaged || message.starts_with(text.bytes));
    }
    PICKET_CHECK(chunks.unfinished() <= GelfChunks::kUnfinishedMax);
    PICKET_CHECK(chunks.bytes() <= GelfChunks::kBytesMax);
    if (length % 16 == 1) chunks.tick(std::chrono::seconds(3));
  }
  chunks.clear();
  PICKET_CHECK(chunks.bytes() == 0 && chunks.unfinished() == 0);
  return 0;
}
