// Lines of the Prometheus text format 0.0.4. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace picket::app {

std::string label(std::string_view text);  // a value, without its quotes
std::string sample(std::string_view name, std::string_view labels, double value);
std::string type_line(std::string_view name, std::string_view type);

}  // namespace picket::app
