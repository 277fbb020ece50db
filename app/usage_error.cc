#include "app/usage_error.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "app/command.h"
#include "app/help.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/nearest.h"

namespace picket::app {
namespace {

// "<what>; did you mean '--limit'?", if something of `known` is near.
std::string with_nearest(std::string what, const std::string& name,
                         const std::vector<std::string>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  const std::string nearest = nearest_name(name, names);
  return nearest.empty() ? what : what + "; " + say("usage.did_you_mean", {{"name", nearest}});
}

std::vector<std::string> command_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(child->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& one : option->get_lnames()) names.push_back("--" + one);
    }
  }
  return names;
}

// The command that was being read when the error came.
const CLI::App& innermost(const CLI::App& app) {
  const std::vector<CLI::App*> read = app.get_subcommands();
  return read.empty() ? app : innermost(*read.back());
}

// What CLI11 says in "name: text", in our words.
std::string said_again(const CLI::ParseError& error) {
  const std::string text = error.what();
  const std::string kind = error.get_name();
  const std::size_t colon = text.find(": ");
  const std::string name = colon == std::string::npos ? std::string() : text.substr(0, colon);
  if (kind == "RequiredError")
    return say("usage.missing", {{"name", text.substr(0, text.find(" is required"))}});
  if (kind == "ArgumentMismatch") return say("usage.needs_value", {{"name", name}});
  if (kind == "ConversionError") {  // "Could not convert: --limit = x"
    const std::string rest = colon == std::string::npos ? text : text.substr(colon + 2);
    const std::size_t equals = rest.find(" = ");
    if (equals == std::string::npos) return rest;
    return say("usage.bad_value", {{"name", rest.substr(0, equals)},
                                   {"value", rest.substr(equals + 3)},
                                   {"expected", say("usage.expect_number")}});
  }
  // "--format: : 'x' does not fit": a text of choose()
  const std::size_t ours = text.find(": : ");
  return ours == std::string::npos ? text : text.substr(0, ours) + text.substr(ours + 2);
}

}  // namespace

int complain_of_usage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = innermost(app);
  const bool wants_command = !command_names(command).empty();
  std::string what;
  for (const std::string& one : app.remaining(true)) {
    if (one.starts_with('-') && one.size() > 1) {
      what = with_nearest(say("usage.unknown_option", {{"name", one}}), one, option_names(command));
    } else if (wants_command) {
      what = with_nearest(say("usage.no_command", {{"name", one}}), one, command_names(command));
    } else {
      what = say("usage.extra_word", {{"name", one}});
    }
    break;
  }
  if (what.empty() && wants_command && std::string(error.get_name()) == "RequiredError") {
    std::fputs(help_text(command).c_str(), stderr);
    return kUsageWrong;
  }
  if (what.empty()) what = said_again(error);
  return complain(what + "; " + say("usage.see_help", {{"command", command_name(command)}}),
                  kUsageWrong);
}

}  // namespace picket::app
