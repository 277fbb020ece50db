#include "rules/rule.h"

namespace picket::rules {

std::string describe(const LogSource& source) {
  std::string text;
  const auto append = [&text](const char* name, const std::string& value) {
    if (value.empty()) return;
    if (!text.empty()) text += ", ";
    text += name;
    text += ": " + value;
  };
  append("product", source.product);
  append("category", source.category);
  append("service", source.service);
  return text.empty() ? "(empty)" : text;
}

}  // namespace picket::rules
