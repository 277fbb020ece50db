// Help and the manual page, both from the commands as they are declared to CLI11 and the words of
// the reader's language. Pure text; any thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace picket::app {

// "picket incident ls"
std::string command_name(const CLI::App& command);

// Help of one command; begins with its examples.
std::string help_text(const CLI::App& command);

// The manual page, section 1, as man(7) macros. docs/man has it checked in, in both languages.
std::string manual_page(const CLI::App& root);

// Makes CLI11 print help_text().
class ExamplesFirst final : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    return help_text(*app);
  }
};

}  // namespace picket::app
