// Whole small files and folders of them: rules, definitions, configuration. Event data goes through
// collector/ and storage/. Errors name the path. Any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace picket {

// kNotFound, kIo, or kLimit when the file is longer than `bytes_max`.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max = 64 * 1024 * 1024);

// Calls with_piece with the file's bytes in order, at most `piece_bytes` at a time. Errors as above; what was
// given before one is part of the file.
Result<void> read_pieces(const std::string& path, std::size_t piece_bytes, std::size_t bytes_max,
                         const std::function<void(std::string_view)>& with_piece);

// Replaces the file in one step (temporary file, fsync, rename); `mode` as for open(2).
Result<void> write_file(const std::string& path, std::string_view text, unsigned mode = 0644);

// The same for what can be made again: no fsync, and a temporary name of its own, so that processes may
// write the same file at the same time; the last one wins.
Result<void> write_scratch_file(const std::string& path, std::string_view text, unsigned mode = 0644);

// Every regular file under `path` (or `path` itself, if it is a file) whose name ends in one of
// `endings` (".yml"), sorted by name. Symbolic links to folders are not followed.
Result<std::vector<std::string>> list_files(const std::string& path,
                                            const std::vector<std::string>& endings);

}  // namespace picket
