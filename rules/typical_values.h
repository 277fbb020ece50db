// Values such as ordinary machines produce all day, folded. A literal that occurs in them is a poor
// anchor: it would wake its rule on ordinary events. The list is a sample for estimating, nothing
// more.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace picket::rules {

std::span<const std::string_view> typical_values();

// How often the four bytes before `end` of `text` occur in them, roughly. 0 when they never do.
std::size_t typical_count_before(std::string_view text, std::size_t end);

}  // namespace picket::rules
