#include "parsers/formats/xml.h"

#include <algorithm>
#include <cstring>

#include "parsers/formats/byte_set.h"
#include "parsers/formats/escapes.h"

namespace picket::parsers {
namespace {

constexpr ByteSet kBlank(" \t\r\n");
constexpr ByteSet kNameEnd(" \t\r\n/>=<\"'");

std::string_view without_prefix(std::string_view name) {
  const std::size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// At most four bytes. Code points that are none become U+FFFD.
char* put_utf8(char* to, std::uint32_t code) {
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) code = 0xFFFD;
  const auto put = [&to](std::uint32_t byte) { *to++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
  return to;
}

// "#65", "#x41"; false for anything else.
bool read_reference(std::string_view text, std::uint32_t& code) {
  if (text.size() < 2 || text.size() > 9 || text[0] != '#') return false;
  const bool hex = text[1] == 'x' || text[1] == 'X';
  text.remove_prefix(hex ? 2 : 1);
  code = 0;
  for (const char c : text) {
    const int digit = hex_digit(c);
    if (digit < 0 || (!hex && digit > 9)) return false;
    code = code * (hex ? 16U : 10U) + static_cast<std::uint32_t>(digit);
  }
  return !text.empty();
}

// `text` begins with '&'. Steps over a reference and appends what it stands for; else the '&'.
// A reference is never shorter than its UTF-8: "&#9;" has four bytes.
char* put_reference(char* to, std::string_view& text) {
  struct Entity {
    std::string_view name;
    char value;
  };
  constexpr std::array<Entity, 5> kEntities = {
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  constexpr std::size_t kReferenceMax = 12;
  const std::size_t end = text.substr(0, kReferenceMax).find(';');
  if (end != std::string_view::npos) {
    const std::string_view name = text.substr(1, end - 1);
    std::uint32_t code = 0;
    if (read_reference(name, code)) {
      text.remove_prefix(end + 1);
      return put_utf8(to, code);
    }
    for (const Entity& entity : kEntities) {
      if (entity.name != name) continue;
      text.remove_prefix(end + 1);
      *to++ = entity.value;
      return to;
    }
  }
  *to++ = '&';
  text.remove_prefix(1);
  return to;
}

}  // namespace

XmlWalk::Step XmlWalk::next() {
  if (ended_) return Step::kEnd;
  if (in_tag_) return attribute();
  if (depth_ == 0 && started_) {
    ended_ = true;
    return Step::kEnd;
  }
  while (at_ < text_.size()) {
    if (text_[at_] != '<') {
      if (depth_ == 0) {
        blanks();
        if (at_ < text_.size() && text_[at_] != '<') return broken();
        continue;
      }
      const Step step = text();
      if (step != Step::kEnd) return step;
      continue;
    }
    const Step step = markup();
    if (step != Step::kEnd) return step;  // kEnd: a comment or the like, go on
  }
  return broken();
}

XmlWalk::Step XmlWalk::broken() {
  at_ = text_.size();
  in_tag_ = false;
  return Step::kBroken;
}

XmlWalk::Step XmlWalk::markup() {
  const std::string_view rest = text_.substr(at_);
  if (rest.starts_with("</")) return close_tag();
  if (rest.starts_with("<?")) return skip_past("?>") ? Step::kEnd : broken();
  if (rest.starts_with("<!--")) return skip_past("-->") ? Step::kEnd : broken();
  if (rest.starts_with("<![CDATA[") && depth_ > 0) {
    const std::size_t begin = at_ + 9;
    if (!skip_past("]]>")) return broken();
    value_ = text_.substr(begin, at_ - 3 - begin);
    literal_ = true;
    return value_.empty() ? Step::kEnd : Step::kText;
  }
  if (rest.starts_with("<!")) return broken();
  return open_tag();
}

XmlWalk::Step XmlWalk::open_tag() {
  ++at_;
  name_ = read_name();
  too_deep_ = depth_ == kDepthMax;
  if (name_.empty() || name_.size() > kPairNameMax || too_deep_) return broken();
  open_[depth_++] = name_;
  name_ = without_prefix(name_);
  in_tag_ = true;
  started_ = true;
  return Step::kOpen;
}

XmlWalk::Step XmlWalk::attribute() {
  blanks();
  if (at_ >= text_.size()) return broken();
  if (text_[at_] == '>') {
    ++at_;
    in_tag_ = false;
    return next();
  }
  if (text_[at_] == '/') {
    ++at_;
    if (at_ >= text_.size() || text_[at_] != '>') return broken();
    ++at_;
    in_tag_ = false;
    return close();
  }
  name_ = without_prefix(read_name());
  blanks();
  if (name_.empty() || name_.size() > kPairNameMax || at_ >= text_.size() || text_[at_] != '=')
    return broken();
  ++at_;
  blanks();
  if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return broken();
  const std::size_t end = text_.find(text_[at_], at_ + 1);
  if (end == std::string_view::npos) return broken();
  value_ = text_.substr(at_ + 1, end - at_ - 1);
  literal_ = false;
  at_ = end + 1;
  return Step::kAttribute;
}

XmlWalk::Step XmlWalk::close_tag() {
  at_ += 2;
  const std::string_view name = read_name();
  blanks();
  if (at_ >= text_.size() || text_[at_] != '>' || depth_ == 0 || name != open_[depth_ - 1])
    return broken();
  ++at_;
  return close();
}

XmlWalk::Step XmlWalk::close() {
  name_ = without_prefix(open_[--depth_]);
  return Step::kClose;
}

// kEnd: nothing but white space.
XmlWalk::Step XmlWalk::text() {
  const std::size_t begin = at_;
  const std::size_t end = text_.find('<', at_);
  if (end == std::string_view::npos) return broken();
  at_ = end;
  if (kBlank.find_other(text_, begin) >= end) return Step::kEnd;
  value_ = text_.substr(begin, end - begin);
  literal_ = false;
  return Step::kText;
}

bool XmlWalk::skip_past(std::string_view end) {
  const std::size_t found = text_.find(end, at_ + 2);
  if (found == std::string_view::npos) return false;
  at_ = found + end.size();
  return true;
}

std::string_view XmlWalk::read_name() {
  const std::size_t begin = at_;
  at_ = kNameEnd.find(text_, begin);
  return text_.substr(begin, at_ - begin);
}

void XmlWalk::blanks() {
  at_ = kBlank.find_other(text_, at_);
}

std::string_view unescaped_xml(std::string_view value, Arena& arena) {
  if (value.find('&') == std::string_view::npos) return value;
  char* const begin = arena.allocate(value.size());
  char* to = begin;
  while (!value.empty()) {
    const std::size_t plain = std::min(value.find('&'), value.size());
    std::memcpy(to, value.data(), plain);
    to += plain;
    value.remove_prefix(plain);
    if (!value.empty()) to = put_reference(to, value);
  }
  return {begin, static_cast<std::size_t>(to - begin)};
}

bool read_xml(std::string_view text, Arena& arena, std::vector<Pair>& out) {
  XmlWalk walk(text);
  std::array<char, kPairNameMax> path;  // "System.Provider."
  std::array<std::size_t, XmlWalk::kDepthMax + 1> ends{};
  const std::size_t pairs_max = out.size() + kPairsMax;
  std::string_view named;  // the path in the arena, once it was needed
  bool any = false;
  const auto add = [&](std::string_view name, std::string_view last) {
    const std::string_view value =
        walk.literal() ? walk.value() : unescaped_xml(walk.value(), arena);
    if (last.empty()) {
      out.push_back({name, value});
      return;
    }
    char* const made = arena.allocate(name.size() + 1 + last.size());
    if (!name.empty()) std::memcpy(made, name.data(), name.size());
    std::size_t size = name.size();
    if (size > 0) made[size++] = '.';
    std::memcpy(made + size, last.data(), last.size());
    out.push_back({{made, size + last.size()}, value});
  };
  while (out.size() < pairs_max) {
    const XmlWalk::Step step = walk.next();
    if (step == XmlWalk::Step::kEnd || step == XmlWalk::Step::kBroken) break;
    any = true;
    const std::size_t depth = walk.depth();
    if (step == XmlWalk::Step::kOpen && depth > 1) {
      std::size_t size = ends[depth - 1];
      if (size + 1 + walk.name().size() <= path.size()) {
        if (size > 0) path[size++] = '.';
        std::memcpy(path.data() + size, walk.name().data(), walk.name().size());
        size += walk.name().size();
      }
      ends[depth] = size;
    }
    if (step == XmlWalk::Step::kOpen || step == XmlWalk::Step::kClose) named = {};
    if (step != XmlWalk::Step::kText && step != XmlWalk::Step::kAttribute) continue;
    if (named.data() == nullptr) named = arena.copy({path.data(), ends[depth]});
    if (step == XmlWalk::Step::kAttribute) add(named, walk.name());
    if (step == XmlWalk::Step::kText && !named.empty()) add(named, {});
  }
  return any;
}

}  // namespace picket::parsers
