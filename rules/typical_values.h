// Values such as ordinary machines produce all day, folded. A literal that occurs in them is a poor
// anchor: it would wake its rule on ordinary events. The list is a sample for estimating, nothing more.
#pragma once

#include <span>
#include <string_view>

namespace picket::rules {

std::span<const std::string_view> typical_values();

}  // namespace picket::rules
