#include "storage/query.h"

#include <algorithm>

#include "storage/query/commands.h"
#include "storage/query/filter.h"
#include "storage/query/reader.h"

namespace picket::storage {
namespace {

// The query on one line with a caret under the character; long queries are cut around it.
std::string point_at(std::string_view text, std::size_t offset) {
  constexpr std::size_t kAround = 60;
  const std::size_t begin = offset > kAround ? offset - kAround : 0;
  std::string line = "  ";
  std::string caret = "  ";
  for (std::size_t i = begin; i < std::min(text.size(), offset + kAround); ++i) {
    const bool control = static_cast<unsigned char>(text[i]) < 0x20 || text[i] == 0x7F;
    line += control ? ' ' : text[i];
    const bool follows =
        (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;  // inside a UTF-8 character
    if (i < offset && !follows) caret += ' ';
  }
  return line + "\n" + caret + "^";
}

}  // namespace

Result<Query> parse_query(std::string_view text, QueryError* error) {
  Query query;
  QueryReader in(text);
  if (text.size() > kQueryBytesMax) {
    in.refuse(kQueryBytesMax, "too_long",
              "the query is longer than " + std::to_string(kQueryBytesMax) + " bytes");
  } else {
    query.root_ = read_filter(in, query.nodes_);
    read_commands(in, query.nodes_, query.commands_);
  }
  query.warnings_ = in.take_warnings();
  if (!in.failed()) return query;
  if (error != nullptr) *error = in.error();
  const std::size_t offset = in.error().offset;
  return fail(Errc::kInvalid, "query, character " + std::to_string(offset + 1) + ": " +
                                  in.error().what + "\n" + point_at(text, offset));
}

}  // namespace picket::storage
