// The JSON types of ECS fields, as far as they decide how a value is written, or whether it is one:
// most sources write numbers as text, some write names as numbers, and what stands for an address
// may be none.
// Elastic Common Schema 8.17. Pure function, any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "event/field.h"

namespace picket {

enum class EcsType : std::uint8_t { kOther, kNumber, kKeyword, kIp };

// kOther for what is not ECS, or may be either.
EcsType ecs_type(std::string_view name);

// Can an original field be the value of an ECS name? A name of addresses has addresses: one, or a
// list with some of them. What cannot is found under its original name only.
bool can_stand_for(const Field& original, FieldId ecs);
// The same of a scalar, for a name of which ecs_type() says kIp.
bool is_address(const Field& value);

}  // namespace picket
