// Key=value texts, in the styles that devices and programs write.
//
// There is no one specification. Sources: the logfmt of Heroku and Go programs (values quoted as by
// strconv.Quote), FortiOS "Log Message Reference" (k="v v" k2=v), Check Point Log Exporter
// (sk122323: [k:"v"; ...]), auditd (audit.rules(7) and auparse: k=v, values of people as hex or
// quoted, msg='...' with pairs of its own, behind byte 0x1D what auditd added), Citrix NetScaler
// ("k v - k2 v2") and the kernel's netfilter lines (k=v, flags as words).
//
// Any thread. What is no pair is stepped over; nothing fails but a text without any.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "parsers/formats/byte_set.h"
#include "parsers/formats/pair.h"

namespace picket::parsers {

enum class KvEscape : std::uint8_t {
  kNone,       // a quoted value ends at the next quote
  kQuoteOnly,  // \" is a quote; every other backslash stands for itself (paths of Windows)
  kBackslash,  // \" \\ \n \r \t \xNN \uNNNN; a backslash before anything else is dropped
  kDoubled,    // "" is a quote
};

// Views in it must outlive the call.
struct KvStyle {
  ByteSet separators = ByteSet(" ");  // any of these ends a pair,
  std::string_view between = {};      // or this text does, if it is given
  ByteSet assign = ByteSet("=");      // the first of these in a pair ends its name
  ByteSet quotes = ByteSet("\"");     // a value that begins with one of these ends at the same
  ByteSet nested = {};                // as a quote, and what is inside is read as pairs too
  KvEscape escape = KvEscape::kNone;
  char open = '\0';               // all pairs stand behind the first of these, if it is given,
  char close = '\0';              // and before the last of these (which may be missing)
  bool spaces_in_values = false;  // a value without quotes ends before the next "name=", not before
  bool spaces_at_assign = false;  // "k = v": blanks on both sides of the assignment belong to none
  bool flags = false;             // a word without assignment is a pair with an empty value
  bool hex_values = false;        // auditd: values without quotes of certain names are hex
};

inline constexpr KvStyle kLogfmtStyle{
    .separators = ByteSet(" \t"), .escape = KvEscape::kBackslash, .flags = true};
inline constexpr KvStyle kFortigateStyle{.separators = ByteSet(" ,"),
                                         .escape = KvEscape::kQuoteOnly};
inline constexpr KvStyle kCheckPointStyle{.separators = ByteSet("; "),
                                          .assign = ByteSet(":="),
                                          .escape = KvEscape::kBackslash,
                                          .open = '[',
                                          .close = ']'};
inline constexpr KvStyle kAuditdStyle{
    .separators = ByteSet(" \n\x1d"), .nested = ByteSet("'"), .hex_values = true};
inline constexpr KvStyle kNetscalerStyle{
    .between = " - ", .assign = ByteSet(" "), .quotes = ByteSet("\"")};
inline constexpr KvStyle kIptablesStyle{.quotes = {}, .flags = true};

// Appends the pairs of `text`, in order, values unquoted and unescaped; false if there is none whose
// name has at most kPairNameMax bytes.
bool read_kv(std::string_view text, const KvStyle& style, Arena& arena, std::vector<Pair>& out);

// auditd's way of writing bytes: an even number of the digits 0-9A-F. Zero bytes between arguments
// become blanks. Empty when `text` is something else.
std::string_view decode_audit_hex(std::string_view text, Arena& arena);

}  // namespace picket::parsers
