#include "app/terminal.h"

#include <unistd.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "app/words.h"
#include "base/world.h"

namespace picket::app {
namespace {

bool colour_wanted() {
  static const bool wanted = [] {
    const char* no_colour = std::getenv("NO_COLOR");
    return stdout_is_terminal() && (no_colour == nullptr || *no_colour == '\0');
  }();
  return wanted;
}

// Characters that change how what follows is read: bidirectional controls (Unicode TR 9) and the like.
bool is_deceptive(utf8proc_int32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C || code == 0x200E || code == 0x200F ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

std::string hexadecimal(const char* format, unsigned value) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

const char* code_of(Style style) {
  switch (style) {
    case Style::kBold: return "1";
    case Style::kDim: return "2";
    case Style::kRed: return "31";
    case Style::kYellow: return "33";
    case Style::kGreen: return "32";
    case Style::kBlue: return "34";
    case Style::kMagenta: return "35";
    case Style::kPlain: break;
  }
  return "0";
}

}  // namespace

std::string visible(std::string_view text) { return visible(text, text.size() + 1); }

std::string visible(std::string_view text, std::size_t columns) {
  std::string out;
  std::size_t shown = 0;
  while (!text.empty()) {
    if (shown + 1 >= columns && columns_of(text) > 1) return out + "…";
    utf8proc_int32_t code = -1;
    const auto read = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &code);
    const std::size_t size = read > 0 ? static_cast<std::size_t>(read) : 1;
    if (read <= 0) {
      out += hexadecimal("\\x%02x", static_cast<unsigned char>(text[0]));
    } else if (is_deceptive(code)) {
      out += hexadecimal(code < 0x100 ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(code));
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
    ++shown;
  }
  return out;
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }
bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

std::string styled(std::string_view text, Style style) {
  if (!colour_wanted() || style == Style::kPlain) return std::string(text);
  return std::string("\x1b[") + code_of(style) + "m" + std::string(text) + "\x1b[0m";
}

std::string styled_level(Level level) {
  constexpr std::array<Style, 5> kStyles = {Style::kDim, Style::kBlue, Style::kYellow, Style::kRed, Style::kMagenta};
  return styled(word("level", level_name(level)), kStyles[static_cast<std::size_t>(level)]);
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void tell(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    shown += visible(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::fputs(shown.c_str(), stderr);
}

std::string table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(head.size(), 0);
  std::vector<std::vector<std::string>> cells = {head};
  for (const auto& row : rows) {
    std::vector<std::string>& safe = cells.emplace_back();
    for (const std::string& cell : row) safe.push_back(visible(cell));
  }
  for (const auto& row : cells) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string out;
  for (std::size_t r = 0; r < cells.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < cells[r].size(); ++i) {
      line += cells[r][i];
      if (i + 1 < cells[r].size()) line.append(widths[i] - columns_of(cells[r][i]) + 2, ' ');
    }
    out += (r == 0 ? styled(line, Style::kBold) : line) + "\n";
  }
  return out;
}

Progress::Progress(std::string what, std::uint64_t total)
    : what_(std::move(what)), total_(total), shown_(stderr_is_terminal()) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::at(std::uint64_t done, std::string_view note) {
  if (!shown_) return;
  constexpr std::int64_t kStep = 100'000'000;
  const std::int64_t now = RealClock().now().count();
  if (now - last_ns_ < kStep) return;
  last_ns_ = now;
  drawn_ = true;
  std::string line = what_;
  if (total_ > 0) {
    constexpr std::size_t kWidth = 24;
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const auto full = static_cast<std::size_t>(share * kWidth);
    line += " [" + std::string(full, '#') + std::string(kWidth - full, '.') + "] " +
            std::to_string(static_cast<int>(share * 100)) + "%";
  }
  if (!note.empty()) line += "  " + visible(note, 60);
  std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
}

}  // namespace picket::app
