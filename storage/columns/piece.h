// Pieces: runs of bytes, stored as they are or as one zstd frame; docs/formats/column-blocks.md.
//
// A piece comes from the disk: its sizes are checked by whoever reads the directory, and inflate()
// checks the frame against them. Compression contexts are one a thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/columns/byte_cursor.h"

namespace picket::storage {

struct Piece {
  std::uint64_t at = 0;  // in its section
  std::uint32_t stored = 0;
  std::uint32_t inflated = 0;
  bool frame = false;
};

// Appends `plain` to `section`, compressed if that is smaller, and what describes it to
// `directory`.
void put_piece(std::string_view plain, std::string& section, std::string& directory);
// Appends one frame, whatever its size.
void put_frame(std::string_view plain, std::string& out);

// Reads a description; `at` is where the piece begins and then where the next one does. Sizes
// beyond 4 GiB make `in` fail.
Piece read_piece(ByteCursor& in, std::uint64_t& at);
// One frame into `size` bytes at `out`; false if it is not one of just that size.
bool inflate(std::string_view frame, char* out, std::size_t size);

}  // namespace picket::storage
