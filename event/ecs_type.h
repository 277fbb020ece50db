// The JSON types of ECS fields, as far as they decide how a value is written: most sources write
// numbers as text, and some write names as numbers.
// Elastic Common Schema 8.17. Pure function, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace picket {

enum class EcsType : std::uint8_t { kOther, kNumber, kKeyword };

// kOther for what is not ECS, or may be either.
EcsType ecs_type(std::string_view name);

}  // namespace picket
