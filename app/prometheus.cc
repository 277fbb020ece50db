#include "app/prometheus.h"

#include <cstdio>

namespace picket::app {

// Prometheus label values escape backslash, quote and line feed.
std::string label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string sample(std::string_view name, std::string_view labels, double value) {
  char number[40];
  std::snprintf(number, sizeof number, "%.17g", value);
  return std::string(name) + (labels.empty() ? "" : "{" + std::string(labels) + "}") + " " +
         number + "\n";
}

std::string type_line(std::string_view name, std::string_view type) {
  return "# TYPE " + std::string(name) + " " + std::string(type) + "\n";
}

}  // namespace picket::app
