// What has been taken of a value that may turn out to be none is in held_. If it is none, untake()
// puts it before the rest of the input, in again_, and it is read once more in another state. Each
// byte is read again once for each level of nesting at most, because only a line that begins with
// "{" or "[" begins an attempt, and an attempt within one that failed is one level less.
#include "collector/splitter.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace picket::collector {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kIdleBytes = 64 * 1024;  // of memory that is kept for the next value

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_space(char c) {
  return is_blank(c) || c == '\n' || c == '\r';
}

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

Splitter::Splitter(SplitterOptions options, Place place)
    : options_(options),
      framer_({.frame_bytes_max = options.frame_bytes_max,
               .octet_counting = false,
               .nul_ends_line = false}),
      place_(place) {
  if (place == Place::kAfter) state_ = State::kAfter;
  if (place == Place::kArray || place == Place::kEnvelope) {
    state_ = State::kBetween;
    array_ = place;
  }
}

bool Splitter::next(std::string_view& input, Frame& frame) {
  if (!replaying()) {  // the last frame, which may view it, is dead
    again_.clear();
    again_at_ = 0;
    held_again_ = 0;
    if (again_.capacity() > kIdleBytes) again_ = std::string{};
  }
  for (;;) {
    from_again_ = replaying();
    if (!from_again_ && input.empty()) return false;
    std::string_view again = std::string_view(again_).substr(again_at_);
    if (step(from_again_ ? again : input, frame)) {
      frame.blank_lines = std::exchange(blank_lines_, 0);
      return true;
    }
  }
}

bool Splitter::step(std::string_view& input, Frame& frame) {
  switch (state_) {
    case State::kStart:
      return start(input, frame);
    case State::kLine:
      return line(input, frame);
    case State::kHold:
      return hold(input, frame);
    case State::kIndent:
      indent(input);
      return false;
    case State::kBracket:
      bracket(input);
      return false;
    case State::kObject:
    case State::kElement:
    case State::kTail:
      return walk(input, frame);
    case State::kAfter:
      after(input);
      return false;
    case State::kBetween:
      between(input);
      return false;
    case State::kDamaged:
      return damaged(input, frame);
  }
  return false;
}

// ---- lines

bool Splitter::start(std::string_view& input, Frame& frame) {
  const char c = input[0];
  if (c == '\n' || input.starts_with("\r\n")) {
    take(input, c == '\n' ? 1 : 2);
    ++blank_lines_;
    settle(Place::kLine);
    return false;
  }
  state_ = State::kLine;
  if (!options_.json) return false;
  if (c == '{') return start_object(input, frame);
  if (c == '[') {
    begin(State::kBracket, false);
    keep(input.substr(0, 1));
    take(input, 1);
  } else if (is_blank(c) || c == kByteOrderMark[0]) {
    const std::size_t first = input.find_first_not_of(" \t");
    const bool line = first != std::string_view::npos && input[first] != '{' &&
                      input[first] != '[' && c != kByteOrderMark[0];
    if (!line) begin(State::kIndent, false);
  }
  return false;
}

// Most lines of JSON are whole, and are given as they stand without a look inside.
bool Splitter::start_object(std::string_view& input, Frame& frame) {
  const std::size_t limit = options_.frame_bytes_max + 1;  // with a CR
  const std::size_t end = input.substr(0, limit + 1).find('\n');
  const bool ended = end != std::string_view::npos;
  if (!ended && input.size() <= limit && !ending_) {
    begin(State::kHold, false);
    return false;
  }
  const std::string_view line = ended ? without_cr(input.substr(0, end)) : input;
  if ((ended || ending_) && is_whole(line)) {
    take(input, ended ? end + 1 : line.size());
    return give_line(line, frame);
  }
  begin(State::kObject, true);
  return false;
}

bool Splitter::hold(std::string_view& input, Frame& frame) {
  const std::size_t limit = options_.frame_bytes_max + 1;
  const std::size_t end = input.substr(0, limit + 1).find('\n');
  const std::string_view bytes = input.substr(0, end);
  const bool fits = held_.size() + bytes.size() <= limit;
  if (fits) {
    hold_back(bytes);
    take(input, bytes.size());
    if (end == std::string_view::npos) return false;
    if (is_whole(without_cr(held_))) {
      take(input, 1);
      given_ = std::exchange(held_, {});
      return give_line(without_cr(given_), frame);
    }
  }
  revert(held_.size(), State::kObject);
  begin(State::kObject, true);
  return false;
}

bool Splitter::is_whole(std::string_view line) const {
  const std::size_t last = line.find_last_not_of(" \t\r");
  return line.size() <= options_.frame_bytes_max && last != std::string_view::npos &&
         line[last] == '}' && !begins_envelope(line);
}

bool Splitter::give_line(std::string_view line, Frame& frame) {
  frame = {line.substr(0, options_.frame_bytes_max), line.size()};
  state_ = State::kStart;
  settle(Place::kLine);
  return true;
}

// The framer has the lines that are not whole in one input.
bool Splitter::line(std::string_view& input, Frame& frame) {
  const std::size_t end = input.find('\n');
  if (end == std::string_view::npos) {
    std::string_view rest = input;
    (void)framer_.next(rest, frame);
    take(input, input.size());
    return false;
  }
  std::string_view whole = input.substr(0, end + 1);
  if (framer_.pending() == 0) {
    take(input, end + 1);
    whole.remove_suffix(1);
    if (!without_cr(whole).empty()) return give_line(without_cr(whole), frame);
  } else {
    const bool got = framer_.next(whole, frame);
    take(input, end + 1);
    if (got) {
      state_ = State::kStart;
      settle(Place::kLine);
      return true;
    }
  }
  ++blank_lines_;
  state_ = State::kStart;
  settle(Place::kLine);
  return false;
}

// ---- JSON

// Blanks that are held have to fit.
std::size_t Splitter::indent_max() const {
  return std::min(kIndentMax, options_.frame_bytes_max / 4);
}

void Splitter::indent(std::string_view& input) {
  const char c = input[0];
  const bool mark = held_.size() < kByteOrderMark.size() &&
                    held_ == kByteOrderMark.substr(0, held_.size()) &&
                    c == kByteOrderMark[held_.size()];
  if ((is_blank(c) || mark) && held_.size() < indent_max()) {
    keep(input.substr(0, 1));
    return take(input, 1);
  }
  if (c == '{') {
    lead_ = held_.size();
    length_ = 0;
    walker_.begin(true);
    state_ = State::kObject;
  } else if (c == '[') {
    keep(input.substr(0, 1));
    take(input, 1);
    state_ = State::kBracket;
  } else {
    revert(held_.size(), State::kLine);
  }
}

void Splitter::bracket(std::string_view& input) {
  if (is_space(input[0]) && held_.size() < 2 * indent_max()) {
    keep(input.substr(0, 1));
    return take(input, 1);
  }
  if (input[0] != '{') return revert(held_.size(), State::kLine);
  lead_ = held_.size();
  length_ = 0;
  walker_.begin(false);
  array_ = Place::kArray;
  first_ = true;
  state_ = State::kElement;
}

bool Splitter::walk(std::string_view& input, Frame& frame) {
  std::size_t size = 0;
  const JsonWalker::Step step = walker_.walk(input, size);
  keep(input.substr(0, size));
  take(input, size);
  switch (step) {
    case JsonWalker::Step::kMore:
      return false;
    case JsonWalker::Step::kError:
      return walk_failed(frame);
    case JsonWalker::Step::kElements:
      ++envelopes_;
      begin(State::kElement, false);
      array_ = Place::kEnvelope;
      first_ = true;
      return false;
    case JsonWalker::Step::kEnd:
      break;
  }
  if (state_ == State::kElement) {
    if (first_ && array_ == Place::kArray) ++envelopes_;
    return give(frame, State::kBetween, array_);
  }
  if (state_ == State::kObject || !walker_.clean())
    return give(frame, State::kAfter, Place::kAfter);
  begin(State::kAfter, false);  // an envelope's end
  settle(Place::kAfter);
  return false;
}

// Is it still possible that this is no document, but text that begins with "[{"?
bool Splitter::is_doubtful() const {
  return first_ && array_ == Place::kArray && !walker_.keyed();
}

bool Splitter::walk_failed(Frame& frame) {
  const bool element = state_ == State::kElement && !is_doubtful();
  if (cut_) {
    return give(frame, element ? State::kDamaged : State::kLine, element ? array_ : Place::kLine);
  }
  if (element) {
    if (first_ && array_ == Place::kArray) ++envelopes_;
    first_ = false;
    revert(held_.size() - lead_, State::kDamaged);
  } else {
    revert(held_.size(), State::kLine);
  }
  return false;
}

void Splitter::after(std::string_view& input) {
  const char c = input[0];
  if (c == '{') return begin(State::kObject, true);
  if (!is_space(c) && c != ',') {
    state_ = State::kLine;
    return;
  }
  take(input, 1);
  if (c == '\n') state_ = State::kStart;
  settle(c == '\n' ? Place::kLine : Place::kAfter);
}

void Splitter::between(std::string_view& input) {
  const char c = input[0];
  if (c == ',' || is_space(c)) return take(input, 1);
  begin(State::kElement, false);
  if (c != ']') return;
  take(input, 1);
  if (array_ == Place::kEnvelope) {
    state_ = State::kTail;
    walker_.begin_tail();
  } else {
    state_ = State::kAfter;
    settle(Place::kAfter);
  }
}

// Up to the end of the line, or to where the next element seems to begin: `}, {"`, or `}, {` at the
// end of a line.
bool Splitter::damaged(std::string_view& input, Frame& frame) {
  constexpr std::string_view kBorder = "},{\"";
  const char c = input[0];
  const bool begun = border_ == kBorder.size() - 1;
  if (c == '\n' && !begun) {
    take(input, 1);
    if (held_.ends_with('\r')) held_.pop_back();
    length_ = held_.size();
    return give(frame, State::kStart, Place::kLine);
  }
  keep(input.substr(0, 1));
  take(input, 1);
  if (c == '}') {
    border_ = 1;
    border_end_ = held_.size();
  } else if (c == '\n' || (begun && c == '"')) {
    untake(held_.size() - border_end_);
    held_.resize(border_end_);
    length_ = held_.size();
    return give(frame, State::kBetween, array_);
  } else if (!is_space(c)) {
    border_ = border_ > 0 && c == kBorder[border_] ? border_ + 1 : 0;
  }
  if (held_.size() < options_.frame_bytes_max) return false;
  return give(frame, State::kDamaged, array_);  // a piece of it, so that nothing is cut off
}

// ---- the end

bool Splitter::finish(Frame& frame) {
  ending_ = true;
  std::string_view nothing;
  for (;;) {
    if (next(nothing, frame)) return true;
    if (state_ == State::kLine) {
      const bool got = framer_.finish(frame);
      state_ = State::kStart;
      settle(Place::kLine);
      if (got) {
        frame.blank_lines = std::exchange(blank_lines_, 0);
        return true;
      }
    }
    if (held_.empty()) {
      ending_ = false;
      begin(State::kStart, false);
      settle(Place::kLine);
      return false;
    }
    if (finish_held(frame)) return true;
  }
}

// The value that is under way will not be ended.
bool Splitter::finish_held(Frame& frame) {
  switch (state_) {
    case State::kHold:
      revert(held_.size(), State::kStart);
      return false;
    case State::kDamaged:
      length_ = held_.size();
      return give(frame, State::kStart, Place::kLine);
    default:
      return walk_failed(frame);
  }
}

void Splitter::give_up() {
  if (cut_ || held_.find('\n') == std::string::npos || state_ == State::kHold ||
      state_ == State::kDamaged)
    return;
  Frame none;
  (void)walk_failed(none);  // gives nothing: it is not cut
}

// ---- what is held

void Splitter::begin(State state, bool envelope) {
  state_ = state;
  walker_.begin(envelope);
  held_.clear();
  held_again_ = 0;
  lead_ = 0;
  length_ = 0;
  cut_ = false;
  border_ = 0;
}

void Splitter::take(std::string_view& input, std::size_t size) {
  input.remove_prefix(size);
  taken_ += size;
  if (from_again_) again_at_ += size;
}

void Splitter::hold_back(std::string_view bytes) {
  held_.append(bytes);
  held_again_ = from_again_ ? held_again_ + bytes.size() : 0;
}

void Splitter::keep(std::string_view bytes) {
  const std::size_t room = lead_ + options_.frame_bytes_max - held_.size();
  hold_back(bytes.substr(0, room));
  length_ += bytes.size();
  cut_ = cut_ || bytes.size() > room;
}

// The last `size` bytes of held_ are to be read once more.
void Splitter::untake(std::size_t size) {
  PICKET_CHECK(!cut_ && size <= held_.size());
  taken_ -= size;
  if (size <= held_again_) {  // they stand right before the rest
    again_at_ -= size;
    return;
  }
  std::string again = held_.substr(held_.size() - size);
  again.append(again_, again_at_);
  again_ = std::move(again);
  again_at_ = 0;
}

void Splitter::revert(std::size_t size, State state) {
  untake(size);
  begin(state, false);
}

bool Splitter::give(Frame& frame, State next, Place place) {
  given_ = std::exchange(held_, {});
  const std::string_view value = std::string_view(given_).substr(lead_);
  frame = {value, std::max<std::uint64_t>(length_, value.size())};
  first_ = false;
  begin(next, false);
  settle(place);
  return true;
}

void Splitter::settle(Place place) {
  settled_ = taken_;
  place_ = place;
}

}  // namespace picket::collector
