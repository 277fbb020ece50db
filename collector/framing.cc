#include "collector/framing.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace picket::collector {
namespace {

constexpr std::size_t kCountDigitsMax = 7;
constexpr std::size_t kWindow = 1024;    // see find_end()
constexpr std::size_t kHeldIdle = 4096;  // memory an idle connection may keep
constexpr std::size_t kNone = std::string_view::npos;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

bool Framer::next(std::string_view& input, Frame& frame) {
  if (held_frame_) {  // the caller is done with the last frame
    held_frame_ = false;
    held_.clear();
    if (held_.capacity() > kHeldIdle) held_ = std::string{};
  }
  while (!input.empty()) {
    switch (state_) {
      case State::kStart:
        if (!start(input)) return false;
        break;
      case State::kCount:
        count(input);
        break;
      case State::kOctets:
        if (octets(input, frame)) return true;
        break;
      case State::kLine:
        if (line(input, frame)) {
          frame.blank_lines = std::exchange(blank_lines_, 0);
          return true;
        }
        break;
    }
  }
  return false;
}

// Skips what separates frames; false when nothing is left.
bool Framer::start(std::string_view& input) {
  std::size_t i = 0;
  while (i < input.size() && (input[i] == '\n' || (input[i] == '\0' && options_.nul_ends_line)))
    ++i;
  blank_lines_ += static_cast<std::uint32_t>(i);
  input.remove_prefix(i);
  if (input.empty()) return false;
  const bool counted = options_.octet_counting && is_digit(input[0]) && input[0] != '0';
  state_ = counted ? State::kCount : State::kLine;
  return true;
}

void Framer::count(std::string_view& input) {
  while (!input.empty()) {
    const char c = input[0];
    if (c == ' ') {
      wanted_ = 0;
      for (const char digit : count_text_)
        wanted_ = wanted_ * 10 + static_cast<unsigned>(digit - '0');
      count_text_ += c;
      input.remove_prefix(1);
      ++taken_;
      state_ = State::kOctets;
      return;
    }
    if (!is_digit(c) || count_text_.size() == kCountDigitsMax) {  // no count after all
      state_ = State::kLine;
      keep(count_text_);
      count_text_.clear();
      return;
    }
    count_text_ += c;
    input.remove_prefix(1);
    ++taken_;
  }
}

bool Framer::octets(std::string_view& input, Frame& frame) {
  const std::size_t size =
      static_cast<std::size_t>(std::min<std::uint64_t>(wanted_ - length_, input.size()));
  const std::string_view bytes = input.substr(0, size);
  input.remove_prefix(size);
  taken_ += size;
  if (length_ == 0 && size == wanted_) {  // whole in the input: nothing is copied
    frame = {bytes.substr(0, options_.frame_bytes_max), wanted_};
    begin_next();
    return true;
  }
  keep(bytes);
  if (length_ < wanted_) return false;
  frame = {held_, wanted_};
  held_frame_ = true;
  begin_next();
  return true;
}

bool Framer::line(std::string_view& input, Frame& frame) {
  const std::size_t end = find_end(input);
  const std::string_view bytes = input.substr(0, end);
  if (end == kNone) {
    taken_ += bytes.size();
    keep(bytes);
    input = {};
    return false;
  }
  const char delimiter = input[end];
  input.remove_prefix(end + 1);
  return end_line(bytes, delimiter, frame);
}

// The first LF or NUL. Searched window by window, so that a stream full of the one and without the
// other does not cost a scan of all the input for each frame.
std::size_t Framer::find_end(std::string_view input) const {
  for (std::size_t at = 0; at < input.size(); at += kWindow) {
    std::string_view window = input.substr(at, kWindow);
    const std::size_t lf = options_.lf_ends_line ? window.find('\n') : kNone;
    if (options_.nul_ends_line) {
      const std::size_t nul = window.substr(0, lf).find('\0');
      if (nul != kNone) return at + nul;
    }
    if (lf != kNone) return at + lf;
  }
  return kNone;
}

void Framer::keep(std::string_view bytes) {
  if (bytes.empty()) return;
  length_ += bytes.size();
  last_ = bytes.back();
  held_.append(
      bytes.substr(0, options_.frame_bytes_max - std::min(held_.size(), options_.frame_bytes_max)));
}

// false for an empty line, which is no frame.
bool Framer::end_line(std::string_view bytes, char delimiter, Frame& frame) {
  std::string_view content = bytes;
  if (length_ != 0) {  // it began in an earlier input
    keep(bytes);
    content = held_;
    held_frame_ = true;
  } else if (!bytes.empty()) {
    length_ = bytes.size();
    last_ = bytes.back();
  }
  const bool crlf = delimiter == '\n' && length_ > 0 && last_ == '\r';
  const std::uint64_t length = length_ - (crlf ? 1 : 0);
  const std::uint64_t size =
      std::min<std::uint64_t>({length, content.size(), options_.frame_bytes_max});
  frame = {content.substr(0, static_cast<std::size_t>(size)), length};
  if (length == 0 && held_frame_) {  // a CR alone, held back
    held_frame_ = false;
    held_.clear();
  }
  begin_next();
  if (length == 0) ++blank_lines_;
  return length != 0;
}

bool Framer::finish(Frame& frame) {
  if (held_frame_) held_.clear();
  held_frame_ = false;
  const bool announced = state_ == State::kOctets && length_ > 0;
  if (length_ == 0) held_ = count_text_;  // of a counted frame only the count came
  const std::uint64_t length = announced ? wanted_ : std::max<std::uint64_t>(length_, held_.size());
  begin_next();
  if (held_.empty()) return false;
  frame = {std::string_view(held_).substr(0, options_.frame_bytes_max), length};
  held_frame_ = true;
  return true;
}

void Framer::begin_next() {
  state_ = State::kStart;
  taken_ = 0;
  length_ = 0;
  wanted_ = 0;
  last_ = '\0';
  count_text_.clear();
}

}  // namespace picket::collector
