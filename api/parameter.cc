#include "api/parameter.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace picket::api {

std::string_view parameter(const HttpRequest& request, const char* name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string_view() : std::string_view(found->second);
}

Result<std::size_t> number_parameter(const HttpRequest& request, const char* name,
                                     std::size_t otherwise, std::size_t max) {
  const std::string_view text = parameter(request, name);
  if (text.empty()) return otherwise;
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(Errc::kInvalid, std::string(name) + " is not a number");
  }
  return std::min(value, max);
}

}  // namespace picket::api
