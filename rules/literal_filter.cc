#include "rules/literal_filter.h"

#include <algorithm>
#include <set>
#include <string>

#include "rules/fold.h"
#include "rules/typical_values.h"

namespace picket::rules {
namespace {

constexpr std::size_t kKeySize = 4;
constexpr std::size_t kQuietMin = 3;         // bytes that tell enough
constexpr std::size_t kShorterCost = 1'000;  // of a byte less, in places of typical text

// The same in a text and inside a JSON string.
bool is_quiet(char c) {
  return c >= ' ' && c < 0x7F && c != '"' && c != '\\' && c != '/';
}

// How JSON writes a text without "\u"; a slash may have a backslash before it.
std::string escape(std::string_view text, bool slashes) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '"':
      case '\\':
        (out += '\\') += c;
        break;
      case '/':
        (out += slashes ? "\\/" : "/");
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::size_t cost_of(std::string_view text, std::size_t at, std::size_t size) {
  return typical_count_before(text, at + size) + (kKeySize - size) * kShorterCost;
}

// Its rarest bytes, all of them quiet if that is asked for; empty if there are none.
std::string_view rarest(std::string_view text, bool quiet) {
  std::string_view best;
  std::size_t least = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (std::size_t size = 1; size <= kKeySize && at + size <= text.size(); ++size) {
      if (quiet && !is_quiet(text[at + size - 1])) break;
      const std::size_t cost = cost_of(text, at, size);
      if (!best.empty() && cost >= least) continue;
      least = cost;
      best = text.substr(at, size);
    }
  }
  return best;
}

}  // namespace

LiteralFilter::LiteralFilter(const std::vector<std::string_view>& literals) {
  std::set<std::string> keys;
  for (const std::string_view literal : literals) {
    if (!is_ascii(literal)) continue;  // in no text that is
    const std::string_view quiet = rarest(literal, true);
    if (quiet.size() >= kQuietMin || quiet.size() == literal.size()) {
      keys.emplace(quiet);
    } else {
      for (const std::string& spelling :
           {std::string(literal), escape(literal, false), escape(literal, true)}) {
        keys.emplace(rarest(spelling, false));
      }
    }
    passes_all_ = keys.size() > Teddy::kKeysMax;
    if (passes_all_) return;
  }
  teddy_ = Teddy(std::vector<std::string_view>(keys.begin(), keys.end()));
}

}  // namespace picket::rules
