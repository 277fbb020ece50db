// Case folding, the way Sigma compares text: Unicode simple folding of UTF-8, ASCII fast.
//
// Bytes that are not UTF-8 stay as they are. Folding may change the length of a text, by at most half
// of it. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace picket::rules {

// Whole blocks are stored, so the room asked for has some to spare.
constexpr std::size_t folded_size_max(std::size_t size) { return size + size / 2 + 16; }

// Writes the folded text to `out`, which has room for folded_size_max(text.size()); returns its size.
std::size_t fold_into(std::string_view text, char* out);
std::string fold(std::string_view text);

// Unescapes a JSON string token (without its quotes) and folds it, in one pass. `out` has room for
// folded_size_max(token.size()). nullopt for "\u" and damaged escapes: those
// take field_text() and fold_into().
std::optional<std::size_t> unescape_fold_into(std::string_view token, char* out);

// One part of a text and where it came from: maps offsets of the folded text back. Cold path.
// The offset in `text` that folds to offset `folded_offset`.
std::size_t unfold_offset(std::string_view text, std::size_t folded_offset);

bool is_ascii(std::string_view text);

// Without "\u", and without characters that begin like those two outside of ASCII that fold to
// ASCII (Kelvin sign, long s): what of a text folds to ASCII stands there as it is, but for its
// case and simple escapes.
bool is_plain(std::string_view record);

// The first place of `needle` in `text` at or after `from`; npos if there is none. Bytes compare.
std::size_t find_bytes(std::string_view text, std::string_view needle, std::size_t from = 0);

}  // namespace picket::rules
