#include "base/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <memory>

namespace picket {
namespace {

constexpr std::size_t kFreeBytes = 64 * 1024;   // small results may have any ratio
constexpr std::size_t kChunkBytes = 64 * 1024;  // memory grows with real output only
constexpr int kGzipOnly = 16 + MAX_WBITS;

struct InflateEnd {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

}  // namespace

Result<std::string> gunzip(std::string_view bytes, GzipLimits limits) {
  if (bytes.empty()) return fail(Errc::kCorrupt, "gzip: empty");
  if (bytes.size() > limits.bytes_max) return fail(Errc::kLimit, "gzip: too long");
  const std::size_t limit =
      std::min(limits.bytes_max, std::max(kFreeBytes, bytes.size() * limits.ratio_max));
  z_stream state{};
  if (inflateInit2(&state, kGzipOnly) != Z_OK) return fail(Errc::kIo, "gzip: no memory");
  const std::unique_ptr<z_stream, InflateEnd> guard(&state);
  // zlib reads through a pointer to mutable bytes but does not write there.
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  state.avail_in = static_cast<uInt>(bytes.size());

  std::string out;
  while (true) {
    const std::size_t before = out.size();
    const std::size_t room = std::min(kChunkBytes, limit - before + 1);  // one more than allowed
    out.resize(before + room);
    state.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    state.avail_out = static_cast<uInt>(room);
    const int status = inflate(&state, Z_NO_FLUSH);
    out.resize(before + room - state.avail_out);
    if (out.size() > limit) return fail(Errc::kLimit, "gzip: inflates to more than is allowed");
    if (status == Z_STREAM_END) {
      if (state.avail_in == 0) return out;
      if (inflateReset(&state) != Z_OK) return fail(Errc::kCorrupt, "gzip: damaged");
    } else if (status != Z_OK) {
      return fail(Errc::kCorrupt, state.avail_in == 0 ? "gzip: cut short" : "gzip: damaged");
    }
  }
}

}  // namespace picket
