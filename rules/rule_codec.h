// The binary form of what one rule file says, for the cache of rules (docs/formats/rule-cache.md).
//
// What parse_rule_file() made can be written and read again, and nothing differs. The path of the
// file and the hash of its text are not in the bytes: the caller knows both. Any bytes can be read:
// what is damaged, too deep or not a tree of rules gives nullopt. Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rules/sigma_file.h"

namespace picket::rules {

std::string encode_rule_file(const RuleFile& file);
std::optional<RuleFile> decode_rule_file(std::string_view bytes, const std::string& path,
                                         const std::string& hash);

}  // namespace picket::rules
