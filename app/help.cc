#include "app/help.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {
namespace {

constexpr const char* kManualDate = "2026-11-22";

struct Row {
  std::string name;
  std::string text;
};
using Rows = std::vector<Row>;

std::vector<const CLI::App*> children(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App*) { return true; });
}

// "--limit N", "-h, --help"
std::string option_name(const CLI::Option& option) {
  std::string name;
  for (const std::string& one : option.get_snames()) name += (name.empty() ? "-" : ", -") + one;
  for (const std::string& one : option.get_lnames()) name += (name.empty() ? "--" : ", --") + one;
  return option.get_type_name().empty() ? name : name + " " + option.get_type_name();
}

// "FILES..."
std::string argument_name(const CLI::Option& option) {
  std::string name = option.get_name(true);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return option.get_items_expected_max() > 1 ? name + "..." : name;
}

std::string option_text(const CLI::Option& option) {
  std::string text = option.get_description();
  if (!option.get_default_str().empty()) {
    text += " (" + say("help.default", {{"value", option.get_default_str()}}) + ")";
  }
  return text;
}

Rows arguments_of(const CLI::App& command) {
  Rows rows;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional()) rows.push_back({argument_name(*option), option_text(*option)});
  }
  return rows;
}

// Those of the whole program are told once in the manual; help tells them each time.
Rows options_of(const CLI::App& command) {
  Rows rows;
  for (const CLI::Option* option : command.get_options()) {
    if (option->nonpositional()) rows.push_back({option_name(*option), option_text(*option)});
  }
  return rows;
}

Rows commands_of(const CLI::App& command) {
  Rows rows;
  for (const CLI::App* child : children(command))
    rows.push_back({child->get_name(), child->get_description()});
  return rows;
}

std::string usage_of(const CLI::App& command) {
  std::string usage = command_name(command);
  if (!options_of(command).empty()) usage += " [" + say("help.options_mark") + "]";
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    usage +=
        option->get_required() ? " " + argument_name(*option) : " [" + argument_name(*option) + "]";
  }
  return children(command).empty() ? usage : usage + " " + say("help.command_mark");
}

std::string block(const std::string& head, const Rows& rows) {
  if (rows.empty()) return {};
  std::size_t width = 0;
  for (const Row& row : rows) width = std::max(width, columns_of(row.name));
  std::string text = "\n" + head + "\n";
  for (const Row& row : rows) {
    text += "  " + row.name + std::string(width - columns_of(row.name) + 2, ' ') + row.text + "\n";
  }
  return text;
}

std::string indented(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    text += "  " + std::string(lines.substr(0, end)) + "\n";
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

// Text for troff: a backslash is one, a hyphen is not a dash, and no line begins with a control
// character.
std::string troff(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    line_begins = c == '\n';
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string macro_argument(std::string_view text) {
  std::string out = "\"";
  for (const char c : troff(text)) out += c == '"' ? std::string("\\(dq") : std::string(1, c);
  return out + "\"";
}

std::string section(const std::string& name) {
  return ".SH " + macro_argument(name) + "\n";
}

std::string definitions(const Rows& rows) {
  std::string text;
  for (const Row& row : rows)
    text += ".TP\n.B " + macro_argument(row.name) + "\n" + troff(row.text) + "\n";
  return text;
}

bool is_global(const std::string& name) {
  return name.find("--help") != std::string::npos || name.starts_with("--lang") ||
         name == "--version";
}

std::string manual_section(const CLI::App& command) {
  std::string text = ".SS " + macro_argument(command_name(command)) + "\n" +
                     troff(command.get_description()) + ".\n";
  text += ".PP\n.B " + macro_argument(usage_of(command)) + "\n";
  Rows rows = arguments_of(command);
  for (Row& row : options_of(command)) {
    if (!is_global(row.name)) rows.push_back(std::move(row));
  }
  text += definitions(rows);
  text += ".PP\n" + troff(say("help.examples")) + "\n.PP\n.nf\n" +
          troff(indented(command.get_footer())) + ".fi\n";
  for (const CLI::App* child : children(command)) text += manual_section(*child);
  return text;
}

}  // namespace

std::string command_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : command_name(*parent) + " " + command.get_name();
}

std::string help_text(const CLI::App& command) {
  std::string text = say("help.examples") + "\n" + indented(command.get_footer());
  text += "\n" + say("help.usage") + " " + usage_of(command) + "\n\n" + command.get_description() +
          "\n";
  text += block(say("help.arguments"), arguments_of(command));
  text += block(say("help.commands"), commands_of(command));
  text += block(say("help.options"), options_of(command));
  if (command.get_parent() == nullptr) text += "\n" + say("help.more") + "\n";
  return text;
}

std::string manual_page(const CLI::App& root) {
  std::string text = std::string(".\\\" Made by `picket man`; the words are in app/i18n.\n") +
                     ".TH PICKET 1 " + kManualDate + " \"Picket " PICKET_VERSION "\"\n";
  text += section(say("man.name")) + "picket \\- " + troff(say("man.name_text")) + "\n";
  text += section(say("man.synopsis")) + ".B " + macro_argument(usage_of(root)) + "\n";
  text += section(say("man.description")) + troff(say("man.description_text"));
  text += section(say("man.options")) + troff(say("man.options_text")) + "\n" +
          definitions(options_of(root));
  text += section(say("man.commands")) + "\n";
  text.pop_back();
  for (const CLI::App* child : children(root)) text += manual_section(*child);
  text += section(say("man.exit"));
  for (const char* code : {"0", "1", "2", "3", "4", "130"}) {
    text += definitions({{code, say(std::string("man.exit.") + code)}});
  }
  text += section(say("man.environment"));
  for (const char* name : {"PICKET_LANG", "PICKET_CONTENT", "NO_COLOR"}) {
    text += definitions({{name, say(std::string("man.environment.") + name)}});
  }
  text += section(say("man.files"));
  text += definitions({{"/etc/picket/picket.yaml", say("man.files.config")},
                       {"/usr/share/picket", say("man.files.content")},
                       {"./picket-data", say("man.files.data")}});
  return text + section(say("man.see_also")) + ".BR rsyslogd (8),\n.BR logger (1)\n";
}

}  // namespace picket::app
