// The second place: a file of heads, one JSON object a line, appended to at each root of the chain.
//
// It is best on another machine (a mount, a pipe to a log host takes it from there), for it tells
// that the end of a chain was cut off. Lines may be foreign or damaged: a reader gets each with its
// number. Any thread, one writer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/integrity/chain.h"

namespace picket::storage {

inline constexpr std::size_t kHeadLineMax = 4096;  // a longer line is no head of ours

// Synced when it returns. A line that a crash tore is ended first.
Result<void> append_head(const std::string& path, const SignedHead& head);

// The lines in order, until line() answers false, of the first so many bytes. Empty lines are left
// out.
Result<void> read_heads(
    const std::string& path, std::uint64_t bytes,
    const std::function<bool(std::uint64_t number, const Result<SignedHead>& head)>& line);

// The last head of that store among the last lines of the file; nothing where there is no file.
Result<std::optional<SignedHead>> last_head(const std::string& path, std::string_view store);

}  // namespace picket::storage
