// Result<T>: a value, or the reason there is none.
//
// For operating errors: files, sockets, configuration, peers. Never for malformed log lines (those
// are events with a parse status) and never for bugs (those are PICKET_CHECK).
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace picket {

enum class Errc : std::uint8_t { kInvalid, kNotFound, kIo, kCorrupt, kLimit, kBusy, kFull };

struct Error {
  Errc code;
  std::string what;  // one sentence, names the thing: "segment 17: bad checksum at 4096"
};

// A class rather than an alias, so that [[nodiscard]] sticks to every function returning it.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

inline tl::unexpected<Error> fail(Errc code, std::string what) {
  return tl::unexpected<Error>(Error{code, std::move(what)});
}

}  // namespace picket

#define PICKET_CONCAT_(a, b) a##b
#define PICKET_CONCAT(a, b) PICKET_CONCAT_(a, b)
// PICKET_TRY(auto file, open(path));  returns the error to our caller, or binds the value.
#define PICKET_TRY(declaration, expression) \
  PICKET_TRY_(PICKET_CONCAT(picket_try_, __LINE__), declaration, expression)
#define PICKET_TRY_(result, declaration, expression)             \
  auto result = (expression);                                    \
  if (!result) return tl::unexpected(std::move(result).error()); \
  declaration = *std::move(result)
// PICKET_TRY_VOID(sync(file));  the same for Result<void>.
#define PICKET_TRY_VOID(expression) \
  PICKET_TRY_VOID_(PICKET_CONCAT(picket_try_, __LINE__), expression)
#define PICKET_TRY_VOID_(result, expression) \
  auto result = (expression);                \
  if (!result) return tl::unexpected(std::move(result).error())
