#include "storage/columns/piece.h"

#include <zstd.h>

#include <limits>
#include <memory>

#include "base/check.h"
#include "storage/encoding.h"

namespace picket::storage {
namespace {

constexpr int kZstdLevel = 1;
constexpr std::size_t kFrameMin = 24;  // fewer bytes are never smaller as a frame

struct Contexts {
  static Contexts& mine() {
    thread_local Contexts contexts;
    return contexts;
  }
  std::string_view compress(std::string_view plain) {
    const std::size_t bound = ZSTD_compressBound(plain.size());
    if (frame.size() < bound) frame.resize(bound);
    const std::size_t size = ZSTD_compressCCtx(packing.get(), frame.data(), frame.size(),
                                               plain.data(), plain.size(), kZstdLevel);
    PICKET_CHECK(ZSTD_isError(size) == 0);  // the bound was given
    return {frame.data(), size};
  }
  std::string frame;
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> packing{ZSTD_createCCtx(), &ZSTD_freeCCtx};
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> reading{ZSTD_createDCtx(), &ZSTD_freeDCtx};
};

}  // namespace

void put_piece(std::string_view plain, std::string& section, std::string& directory) {
  std::string_view frame;
  if (plain.size() >= kFrameMin) frame = Contexts::mine().compress(plain);
  const bool smaller = !frame.empty() && frame.size() < plain.size();
  const std::string_view stored = smaller ? frame : plain;
  put_varint(directory, stored.size() * 2 + (smaller ? 1 : 0));
  if (smaller) put_varint(directory, plain.size());
  section += stored;
}

void put_frame(std::string_view plain, std::string& out) {
  out += Contexts::mine().compress(plain);
}

Piece read_piece(ByteCursor& in, std::uint64_t& at) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  const std::uint64_t size = in.varint();
  Piece piece;
  piece.frame = (size & 1) != 0;
  const std::uint64_t stored = size / 2;
  const std::uint64_t inflated = piece.frame ? in.varint() : stored;
  if (stored > kMax || inflated > kMax) {
    in.take(in.left() + std::uint64_t{1});  // fails
    return {};
  }
  piece.at = at;
  piece.stored = static_cast<std::uint32_t>(stored);
  piece.inflated = static_cast<std::uint32_t>(inflated);
  at += stored;
  return piece;
}

bool inflate(std::string_view frame, char* out, std::size_t size) {
  return ZSTD_decompressDCtx(Contexts::mine().reading.get(), out, size, frame.data(),
                             frame.size()) == size;
}

}  // namespace picket::storage
