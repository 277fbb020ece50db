#include "collector/json_walker.h"

#include <algorithm>

namespace picket::collector {
namespace {

constexpr std::array<std::string_view, 5> kRecordArrays = {"Records", "records", "value", "items",
                                                           "entries"};
constexpr std::array<std::string_view, 17> kBookkeeping = {"@odata.context",
                                                           "@odata.count",
                                                           "@odata.deltaLink",
                                                           "@odata.nextLink",
                                                           "count",
                                                           "etag",
                                                           "kind",
                                                           "next",
                                                           "nextLink",
                                                           "nextPageToken",
                                                           "nextToken",
                                                           "next_link",
                                                           "odata.metadata",
                                                           "odata.nextLink",
                                                           "page",
                                                           "total",
                                                           "totalCount"};

template <std::size_t kCount>
bool is_one_of(const std::array<std::string_view, kCount>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_scalar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '+' || c == '.';
}

bool begins_scalar(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == 't' || c == 'f' || c == 'n';
}

}  // namespace

void JsonWalker::begin_tail() {
  begin(false);
  push(true);
  state_ = State::kAfterValue;
}

JsonWalker::Step JsonWalker::walk(std::string_view input, std::size_t& taken) {
  for (taken = 0; taken < input.size(); ++taken) {
    const char c = input[taken];
    if (records_ && c == '{') return Step::kElements;
    if (state_ == State::kScalar && !is_scalar(c)) {
      state_ = depth_ == 0 ? State::kEnded : State::kAfterValue;
    }
    if (state_ == State::kEnded) return Step::kEnd;
    if (!take(c)) return Step::kError;
    ++walked_;
    if (state_ == State::kEnded) {
      ++taken;
      return Step::kEnd;
    }
  }
  return Step::kMore;
}

bool JsonWalker::take(char c) {
  switch (state_) {
    case State::kString:
      if (c == '\n') return false;
      if (c == '\\') state_ = State::kEscape;
      if (c != '"') {
        if (is_key_) note_key_byte(c);
      } else if (is_key_) {
        state_ = State::kColon;
      } else {
        state_ = depth_ == 0 ? State::kEnded : State::kAfterValue;
      }
      return true;
    case State::kEscape:
      state_ = State::kString;
      return c != '\n';
    case State::kScalar:
      return true;
    default:
      break;
  }
  if (is_space(c)) return true;
  switch (state_) {
    case State::kFirstValue:
      if (records_) records_ = clean_ = false;  // an array of something else
      return c == ']' ? pop(false) : take_value(c);
    case State::kValue:
      return take_value(c);
    case State::kFirstKey:
      if (c == '}') return pop(true);
      [[fallthrough]];
    case State::kKey:
      state_ = State::kString;
      is_key_ = true;
      key_size_ = 0;
      return c == '"';
    case State::kColon:
      state_ = State::kValue;
      keyed_ = true;
      return c == ':';
    case State::kAfterValue:
      if (c == ',') {
        state_ = in_object() ? State::kKey : State::kValue;
        return true;
      }
      return (c == '}' || c == ']') && pop(c == '}');
    default:
      return false;
  }
}

bool JsonWalker::take_value(char c) {
  if (depth_ == 1 && in_object() && clean_) note_value(c);
  if (c == '{' || c == '[') return push(c == '{');
  is_key_ = false;
  state_ = c == '"' ? State::kString : State::kScalar;
  return c == '"' || begins_scalar(c);
}

bool JsonWalker::push(bool object) {
  if (depth_ == kDepthMax) return false;
  const std::uint64_t bit = std::uint64_t{1} << depth_;
  objects_ = object ? objects_ | bit : objects_ & ~bit;
  ++depth_;
  state_ = object ? State::kFirstKey : State::kFirstValue;
  return true;
}

bool JsonWalker::pop(bool object) {
  if (depth_ == 0 || in_object() != object) return false;
  --depth_;
  state_ = depth_ == 0 ? State::kEnded : State::kAfterValue;
  return true;
}

void JsonWalker::note_key_byte(char c) {
  if (depth_ != 1 || !clean_) return;
  if (key_size_ == kKeyMax) {
    clean_ = false;
  } else {
    key_[key_size_++] = c;
  }
}

// The value of a member of the outermost object begins with `c`.
void JsonWalker::note_value(char c) {
  const std::string_view key(key_.data(), key_size_);
  records_ = envelope_ && c == '[' && is_one_of(kRecordArrays, key) && walked_ <= kHeadMax;
  const bool scalar = c != '[' && c != '{';
  clean_ = records_ || (scalar && is_one_of(kBookkeeping, key));
}

bool begins_envelope(std::string_view line) {
  std::size_t at = line.find_first_not_of(" \t{");
  if (at == std::string_view::npos || line[at] != '"') return false;
  const std::string_view name = line.substr(at + 1, JsonWalker::kKeyMax);
  const std::string_view key = name.substr(0, name.find('"'));
  if (!is_one_of(kRecordArrays, key) && !is_one_of(kBookkeeping, key)) return false;
  JsonWalker walker;
  std::size_t taken = 0;
  return walker.walk(line.substr(0, JsonWalker::kHeadMax + JsonWalker::kKeyMax), taken) ==
         JsonWalker::Step::kElements;
}

}  // namespace picket::collector
