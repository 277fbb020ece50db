// What people see on a terminal: escaped text, colour where it is wanted, progress, tables.
//
// Log content is hostile: nothing of an event reaches a terminal but through visible(). Colour only on
// a terminal and never with NO_COLOR. Progress goes to stderr, and only to a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/alert.h"

namespace picket::app {

// Control characters (C0, C1, DEL), bidirectional overrides and bytes that are not UTF-8 in visible
// form: "\x1b", "\u202e". Line breaks and tabs too, so that a value stays on its line.
std::string visible(std::string_view text);
// The same, cut to `columns` characters with "…" at the end.
std::string visible(std::string_view text, std::size_t columns);

std::size_t columns_of(std::string_view text);  // characters; ours are all one column wide

bool stdout_is_terminal();
bool stderr_is_terminal();

enum class Style : std::uint8_t { kPlain, kBold, kDim, kRed, kYellow, kGreen, kBlue, kMagenta };
std::string styled(std::string_view text, Style style);  // plain when colour is not wanted
std::string styled_level(Level level);  // in the reader's language

void print(std::string_view text);  // to stdout, as it is

// A line for people on stderr, made visible() but for its own line breaks.
void tell(std::string_view text);

// Aligns columns by characters; the last one is not padded. Cells are made visible(). Not for terminals'
// sake alone: the same text goes to a pipe.
std::string table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows);

// One line on stderr that is rewritten at most ten times a second; cleared at the end.
class Progress {
 public:
  Progress(std::string what, std::uint64_t total);  // total 0: unknown
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();
  void at(std::uint64_t done, std::string_view note = {});

 private:
  std::string what_;
  std::uint64_t total_;
  bool shown_;
  bool drawn_ = false;
  std::int64_t last_ns_ = 0;
};

}  // namespace picket::app
