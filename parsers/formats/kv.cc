#include "parsers/formats/kv.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "parsers/cursor.h"
#include "parsers/formats/escapes.h"

namespace picket::parsers {
namespace {

// What auparse decodes (its table of fields of type AUPARSE_TYPE_ESCAPED), sorted.
constexpr std::array<std::string_view, 19> kHexNames = {
    "acct", "cmd",   "comm", "cwd",  "data",      "dir",      "exe", "file", "key",  "name",
    "new",  "ocomm", "old",  "path", "proctitle", "root_dir", "sw",  "vm",   "watch"};

bool is_hex_name(std::string_view name, bool execve) {
  if (name.size() > 9) return false;
  if (std::binary_search(kHexNames.begin(), kHexNames.end(), name)) return true;
  // Arguments are text in EXECVE records only: those of system calls are numbers.
  return execve && name.size() > 1 && name[0] == 'a' && is_number(name.substr(1));
}

bool is_name_byte(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
         c == '-';
}

// The walk through one text.
class Walk {
 public:
  Walk(std::string_view text, const KvStyle& style, Arena& arena, std::vector<Pair>& out)
      : text_(text),
        style_(style),
        name_end_(style.assign.with(style.separators)),
        arena_(arena),
        out_(out) {}

  void run(std::size_t pairs_max) {
    while (out_.size() < pairs_max) {
      at_ = skip_separators(at_);
      if (at_ >= text_.size()) return;
      read_pair(pairs_max);
    }
  }

 private:
  std::size_t skip_separators(std::size_t at) const {
    if (style_.between.empty()) return style_.separators.find_other(text_, at);
    while (text_.substr(at).starts_with(style_.between)) at += style_.between.size();
    while (at < text_.size() && text_[at] == ' ') ++at;
    return at;
  }

  // Where the pair that `at` is in ends, if it holds no quotes.
  std::size_t pair_end(std::size_t at) const {
    if (style_.between.empty()) return style_.separators.find(text_, at);
    return std::min(text_.find(style_.between, at), text_.size());
  }

  void read_pair(std::size_t pairs_max) {
    const std::size_t start = at_;
    std::size_t assign = start;
    if (style_.between.empty()) {
      assign = name_end_.find(text_, start);
    } else {
      assign = std::min(style_.assign.find(text_, start), pair_end(start));
    }
    const std::string_view name = without_quotes(trim(text_.substr(start, assign - start)));
    if (style_.spaces_at_assign) {
      while (assign < text_.size() && text_[assign] == ' ') ++assign;
    }
    if (assign >= text_.size() || !style_.assign.has(text_[assign])) {
      at_ = assign;
      if (style_.flags) add(name, {});
      return;
    }
    at_ = assign + 1;
    if (style_.spaces_at_assign || !style_.between.empty()) {
      while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    }
    read_value(name, pairs_max);
  }

  void read_value(std::string_view name, std::size_t pairs_max) {
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    if (first != '\0' && style_.nested.has(first)) return read_nested(pairs_max);
    if (first != '\0' && style_.quotes.has(first)) return add(name, quoted(first));
    const std::size_t end = style_.spaces_in_values ? long_value_end() : pair_end(at_);
    std::string_view value = text_.substr(at_, end - at_);
    at_ = end;
    if (style_.hex_values) value = audit_value(name, value);
    add(name, style_.between.empty() ? value : trim(value));
  }

  std::string_view audit_value(std::string_view name, std::string_view value) {
    if (name == "type") execve_ = value == "EXECVE";
    // Programs of long ago wrote "(hostname=h, addr=a)".
    if (value.ends_with(',')) value.remove_suffix(1);
    if (value.ends_with(')') && value.find('(') == std::string_view::npos) value.remove_suffix(1);
    if (value.size() < 2 || !is_hex_name(name, execve_)) return value;
    const std::string_view decoded = decode_audit_hex(value, arena_);
    return decoded.empty() ? value : decoded;
  }

  std::string_view without_quotes(std::string_view name) const {
    if (style_.hex_values && name.starts_with('(')) name.remove_prefix(1);
    if (name.size() < 2 || !style_.quotes.has(name.front()) || name.back() != name.front())
      return name;
    return name.substr(1, name.size() - 2);
  }

  // Before the blanks before the next name; the end of the text if there is none.
  std::size_t long_value_end() const {
    std::size_t assign = at_;
    while (true) {
      assign = style_.assign.find(text_, assign);
      if (assign >= text_.size()) return text_.size();
      std::size_t name = assign;
      while (name > at_ && is_name_byte(text_[name - 1])) --name;
      if (name < assign && name > at_ && style_.separators.has(text_[name - 1])) {
        while (name > at_ && style_.separators.has(text_[name - 1])) --name;
        return name;
      }
      if (name == at_ && name < assign && at_ > 0 && style_.separators.has(text_[at_ - 1]))
        return at_;
      ++assign;
    }
  }

  // The value between quotes; all the rest if the second one is missing.
  std::string_view quoted(char quote) {
    const std::size_t begin = at_ + 1;
    std::size_t end = text_.find(quote, begin);
    bool escaped = false;
    while (end != std::string_view::npos && is_escaped(begin, end)) {
      escaped = true;
      end = text_.find(quote, end + (style_.escape == KvEscape::kDoubled ? 2 : 1));
    }
    end = std::min(end, text_.size());
    at_ = std::min(end + 1, text_.size());
    if (!style_.between.empty()) at_ = pair_end(at_);
    const std::string_view value = text_.substr(begin, end - begin);
    switch (style_.escape) {
      case KvEscape::kNone:
        return value;
      case KvEscape::kBackslash:
        return without_escapes(value, arena_);
      case KvEscape::kQuoteOnly:
        return escaped ? without_quote_escapes(value, quote, '\\', arena_) : value;
      case KvEscape::kDoubled:
        return escaped ? without_quote_escapes(value, quote, '\0', arena_) : value;
    }
    return value;
  }

  bool is_escaped(std::size_t begin, std::size_t quote) const {
    if (style_.escape == KvEscape::kNone) return false;
    if (style_.escape == KvEscape::kDoubled)
      return quote + 1 < text_.size() && text_[quote + 1] == text_[quote];
    std::size_t backslashes = 0;
    while (quote - backslashes > begin && text_[quote - backslashes - 1] == '\\') ++backslashes;
    if (style_.escape == KvEscape::kQuoteOnly) return backslashes > 0;
    return backslashes % 2 == 1;
  }

  void read_nested(std::size_t pairs_max) {
    const std::string_view inside = quoted(text_[at_]);
    KvStyle flat = style_;
    flat.nested = {};
    Walk(inside, flat, arena_, out_).run(pairs_max);
  }

  void add(std::string_view name, std::string_view value) {
    if (!name.empty()) out_.push_back({name, value});
  }

  std::string_view text_;
  const KvStyle& style_;
  const ByteSet name_end_;
  Arena& arena_;
  std::vector<Pair>& out_;
  std::size_t at_ = 0;
  bool execve_ = false;
};

}  // namespace

bool read_kv(std::string_view text, const KvStyle& style, Arena& arena, std::vector<Pair>& out) {
  if (style.open != '\0') {
    const std::size_t open = text.find(style.open);
    if (open == std::string_view::npos) return false;
    text.remove_prefix(open + 1);
    const std::size_t close =
        style.close == '\0' ? std::string_view::npos : text.rfind(style.close);
    text = text.substr(0, close);
  }
  const std::size_t before = out.size();
  Walk(text, style, arena, out).run(before + kPairsMax);
  return std::any_of(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(),
                     [](const Pair& pair) { return pair.name.size() <= kPairNameMax; });
}

std::string_view decode_audit_hex(std::string_view text, Arena& arena) {
  if (text.empty() || text.size() % 2 != 0) return {};
  for (const char c : text) {
    if (!is_digit(c) && (c < 'A' || c > 'F')) return {};
  }
  char* const begin = arena.allocate(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int byte = hex_digit(text[i]) * 16 + hex_digit(text[i + 1]);
    begin[i / 2] = byte == 0 ? ' ' : static_cast<char>(byte);
  }
  return {begin, text.size() / 2};
}

}  // namespace picket::parsers
