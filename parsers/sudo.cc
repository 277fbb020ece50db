// sudo, as its logging.c writes: "user : [reason ; ]TTY=... ; PWD=... ; USER=... ; COMMAND=...".
#include "parsers/content.h"
#include "parsers/put.h"

namespace picket::parsers {
namespace {

// "command not allowed", "3 incorrect password attempts", "user NOT in sudoers", ...
bool is_refusal(std::string_view part) {
  return part.find("incorrect password attempt") != std::string_view::npos ||
         part.find("NOT in sudoers") != std::string_view::npos ||
         part.find("NOT authorized on host") != std::string_view::npos ||
         part.find("not allowed") != std::string_view::npos ||
         part.find("a password is required") != std::string_view::npos ||
         part.find("password required") != std::string_view::npos ||
         part.find("conversation failed") != std::string_view::npos ||
         part.find("auth could not identify password") != std::string_view::npos;
}

// "/bin/ls" of "/bin/ls -l /root".
void put_command(std::string_view command, Batch& batch) {
  put(batch, ecs::kProcessCommandLine, command);
  if (command.starts_with('/'))
    put(batch, ecs::kProcessExecutable, command.substr(0, command.find(' ')));
}

}  // namespace

bool parse_sudo(std::string_view message, Batch& batch) {
  if (parse_pam(message, batch)) return true;
  Cursor at{trim(message)};
  std::string_view user;
  if (!at.until(" : ", user)) return false;
  user = trim(user);
  std::string_view reason;
  bool known = false;
  std::string_view part;
  while (!at.done()) {
    at.spaces();
    if (at.skip("COMMAND=")) {  // the last, and it may hold " ; "
      put_command(at.rest, batch);
      known = true;
      break;
    }
    if (!at.until(" ; ", part)) {
      part = at.rest;
      at.rest = {};
    }
    Cursor key{part};
    if (key.skip("PWD=")) {
      put(batch, ecs::kProcessWorkingDirectory, key.rest);
      known = true;
    } else if (key.skip("USER=")) {
      put(batch, ecs::kUserEffectiveName, key.rest);
      known = true;
    } else if (is_refusal(part)) {
      reason = part;
      known = true;
    }
  }
  if (!known) return false;
  put(batch, ecs::kUserName, user);
  put(batch, ecs::kEventReason, reason);
  put(batch, reason.empty()
                 ? Deed{"sudo_command", "process", "start", "success"}
                 : Deed{"sudo_denied", R"(["authentication","process"])", "denied", "failure"});
  return true;
}

}  // namespace picket::parsers
