// A pattern is OR over observations "[ ... ]", an observation OR over comparisons; parentheses may
// stand around either. Both levels are read by one loop that knows how many of which are open,
// because OR is the same on both: what the terms are is all that counts.
#include "rules/indicators/stix_pattern.h"

#include <algorithm>
#include <array>
#include <utility>

namespace picket::rules {
namespace {

constexpr const char* kNoPattern = "this is no STIX pattern";
constexpr const char* kNotAlone = "only comparisons joined by OR are supported";
constexpr const char* kNoProperty =
    "the pattern compares something that is no address, domain, URL or hash";
constexpr const char* kNoOperator = "only =, IN and ISSUBSET are supported";

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// One token: a word (also with ':' and '.', as paths have), a quoted text, or one sign.
struct Token {
  enum class Kind : std::uint8_t { kEnd, kWord, kText, kSign, kWrong };
  Kind kind = Kind::kEnd;
  std::string text = {};
  bool is_sign(char c) const { return kind == Kind::kSign && text[0] == c; }
  bool is_word(std::string_view word) const { return kind == Kind::kWord && text == word; }
};

class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}

  Token next() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
    if (at_ == text_.size()) return {};
    const char c = text_[at_];
    if (c == '\'') return quoted();
    if (is_word(c)) return path();
    ++at_;
    return {Token::Kind::kSign, std::string(1, c)};
  }

 private:
  // A path may have quoted parts: file:hashes.'SHA-256'. Their quotes are dropped.
  Token path() {
    Token token{Token::Kind::kWord};
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (is_word(c) || c == ':' || c == '.') {
        token.text += c;
      } else if ((c == '\'' || c == '"') && token.text.ends_with('.')) {
        const std::size_t end = text_.find(c, at_ + 1);
        if (end == std::string_view::npos) return {Token::Kind::kWrong};
        token.text += text_.substr(at_ + 1, end - at_ - 1);
        at_ = end;
      } else {
        break;
      }
    }
    return token;
  }

  Token quoted() {
    Token token{Token::Kind::kText};
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\'') {
        ++at_;
        return token;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      token.text += text_[at_];
    }
    return {Token::Kind::kWrong};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string_view type_of(std::string_view path) {
  constexpr std::pair<std::string_view, std::string_view> kPaths[] = {
      {"ipv4-addr:value", "ip"},
      {"ipv6-addr:value", "ip"},
      {"domain-name:value", "domain"},
      {"url:value", "url"},
      {"file:hashes.MD5", "md5"},
      {"file:hashes.SHA-1", "sha1"},
      {"file:hashes.SHA1", "sha1"},
      {"file:hashes.SHA-256", "sha256"},
      {"file:hashes.SHA256", "sha256"},
      {"file:hashes.SHA-512", "sha512"},
      {"file:hashes.SHA512", "sha512"},
      {"file:hashes.IMPHASH", "imphash"},
      {"file:extensions.windows-pebinary-ext.imphash", "imphash"},
      {"artifact:hashes.MD5", "md5"},
      {"artifact:hashes.SHA-1", "sha1"},
      {"artifact:hashes.SHA-256", "sha256"},
      {"artifact:hashes.SHA-512", "sha512"},
  };
  const auto* found = std::find_if(std::begin(kPaths), std::end(kPaths),
                                   [&](const auto& known) { return known.first == path; });
  return found == std::end(kPaths) ? std::string_view() : found->second;
}

class Pattern {
 public:
  Pattern(std::string_view text, std::vector<StixTerm>& terms) : tokens_(text), terms_(terms) {}

  const char* read() {
    for (bool want_term = true;; want_term = !want_term) {
      advance();
      if (const char* reason = want_term ? term() : behind_term()) return reason;
      if (done_) return nullptr;
    }
  }

 private:
  void advance() { token_ = tokens_.next(); }

  // What opens, then a comparison.
  const char* term() {
    for (; token_.is_sign('(') || token_.is_sign('['); advance()) {
      if (open_.size() >= kStixDepthMax) return "the pattern is nested too deep";
      if (token_.is_sign('[') && in_observation_) return kNoPattern;
      in_observation_ = in_observation_ || token_.is_sign('[');
      open_ += token_.text;
    }
    if (!in_observation_ || token_.kind != Token::Kind::kWord) return kNoPattern;
    if (token_.is_word("NOT")) return kNoOperator;
    const std::string path = token_.text;
    const std::string_view type = type_of(path);
    if (type.empty()) return path.find(':') == std::string::npos ? kNoPattern : kNoProperty;
    advance();
    return values(type);
  }

  const char* values(std::string_view type) {
    if (token_.is_word("IN")) return set(type);
    const bool subset = token_.is_word("ISSUBSET");
    if (subset && type != "ip") return kNoOperator;
    if (!subset && !token_.is_sign('='))
      return token_.kind == Token::Kind::kEnd ? kNoPattern : kNoOperator;
    advance();
    if (!subset && token_.is_sign('=')) advance();  // "==" of STIX 2.0
    return value(type);
  }

  const char* set(std::string_view type) {
    advance();
    if (!token_.is_sign('(')) return kNoPattern;
    for (;;) {
      advance();
      if (const char* reason = value(type)) return reason;
      advance();
      if (token_.is_sign(')')) return nullptr;
      if (!token_.is_sign(',')) return kNoPattern;
    }
  }

  const char* value(std::string_view type) {
    if (token_.kind != Token::Kind::kText) return kNoPattern;
    if (terms_.size() >= kStixTermsMax) return "the pattern has too many comparisons";
    terms_.push_back({type, token_.text});
    return nullptr;
  }

  // What closes, then OR or the end.
  const char* behind_term() {
    for (; token_.is_sign(')') || token_.is_sign(']'); advance()) {
      if (open_.empty() || (open_.back() == '[') != token_.is_sign(']')) return kNoPattern;
      if (token_.is_sign(']')) in_observation_ = false;
      open_.pop_back();
    }
    if (token_.kind == Token::Kind::kEnd) {
      done_ = true;
      return open_.empty() ? nullptr : kNoPattern;
    }
    if (token_.is_word("OR")) return nullptr;
    return token_.kind == Token::Kind::kWord ? kNotAlone : kNoPattern;
  }

  Tokens tokens_;
  std::vector<StixTerm>& terms_;
  Token token_;
  std::string open_;
  bool in_observation_ = false;
  bool done_ = false;
};

}  // namespace

const char* read_stix_pattern(std::string_view pattern, std::vector<StixTerm>& terms) {
  if (pattern.size() > kStixPatternMax) return "the pattern is too long";
  return Pattern(pattern, terms).read();
}

}  // namespace picket::rules
