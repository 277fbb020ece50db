// Approver: a person whose word counts when something needs more than one (docs/configuration.md, "Approvers"). Known by
// a token, of which the configuration has the SHA-256 alone. Values, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace picket::app {

struct Approver {
  std::string name;
  std::string token_sha256;  // 64 hexadecimal digits, lower case
};

// Whose token it is; nullptr: nobody's. Takes the same time whoever it is and however much of it is right.
const Approver* approver_of(const std::vector<Approver>& approvers, std::string_view token);

}  // namespace picket::app
