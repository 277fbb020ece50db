// What the transforming modifiers of Sigma do to a value: utf16, base64, base64offset, windash and
// expand (specification 2.1, appendix "Sigma Modifiers"). Pure, any thread. Whatever multiplies is
// bounded: nothing makes more than kVariantsMax values of one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/refusal.h"
#include "rules/sigma_value.h"

namespace picket::rules {

inline constexpr std::size_t kVariantsMax = 3125;  // five dashes in one value: 5^5

enum class ByteOrder { kLittle, kBig };
// UTF-8 to UTF-16 bytes, without a byte order mark; an ill-formed byte becomes U+FFFD.
std::string utf16_bytes(std::string_view text, ByteOrder order);

// What stays the same of the bytes' Base64 form when 0, 1 or 2 other bytes stand before them and
// any after. Variants that have no such part are left out.
std::vector<std::string> base64_offset_texts(std::string_view bytes);

// Every way to write the dashes that begin a command line flag: - / and three Unicode dashes.
// nullopt: more than kVariantsMax ways.
std::optional<std::vector<Parts>> windash_variants(const Parts& parts);

using Placeholders = std::vector<std::pair<std::string, std::vector<std::string>>>;
// Puts values for %name%; "\%" is a plain percent sign. Refused: a placeholder without a value, too
// many variants.
Parsed<std::vector<Parts>> expand_placeholders(std::string_view text, int line,
                                               const Placeholders& placeholders);

}  // namespace picket::rules
