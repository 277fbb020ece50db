// PAM modules write in the name of the program that uses them: "pam_unix(sshd:auth): ...".
#include "parsers/content.h"
#include "parsers/put.h"

namespace picket::parsers {
namespace {

// The value behind " key=" (or at the start): up to a space.
std::string_view value_of(std::string_view text, std::string_view key) {
  for (std::size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    if (at > 0 && text[at - 1] != ' ') continue;
    const std::string_view rest = text.substr(at + key.size());
    return rest.substr(0, rest.find(' '));
  }
  return {};
}

// "root(uid=0) by alice(uid=1000)": alice acts as root. Without a name behind "by" it is a login.
void put_session_users(std::string_view text, Batch& batch) {
  const std::size_t by = text.rfind(" by ");
  std::string_view target = text.substr(0, by);
  target = target.substr(0, target.find('('));
  std::string_view actor = by == std::string_view::npos ? std::string_view() : text.substr(by + 4);
  actor = actor.substr(0, actor.find('('));
  if (actor.empty()) {
    put(batch, ecs::kUserName, target);
    return;
  }
  put(batch, ecs::kUserName, actor);
  put(batch, ecs::kUserEffectiveName, target);
}

bool authentication_failure(std::string_view text, Batch& batch) {
  put(batch, Deed{"authentication_failure", "authentication", "info", "failure"});
  put(batch, ecs::kUserName, value_of(text, "user="));
  const std::string_view host = value_of(text, "rhost=");
  if (!host.empty()) put_source(batch, host, {});
  return true;
}

}  // namespace

bool parse_pam(std::string_view message, Batch& batch) {
  Cursor at{message};
  if (at.skip("PAM ")) {
    const std::size_t end = at.rest.find("authentication failure");
    return end != std::string_view::npos && end < 8 && authentication_failure(at.rest, batch);
  }
  if (!at.skip("pam_")) return false;
  std::string_view module;
  if (!at.until("): ", module)) return false;
  if (at.skip("authentication failure;")) return authentication_failure(at.rest, batch);
  if (at.skip("session opened for user ")) {
    put(batch, Deed{"session_opened", "session", "start", "success"});
    put_session_users(at.rest, batch);
    return true;
  }
  if (at.skip("session closed for user ")) {
    put(batch, Deed{"session_closed", "session", "end", "success"});
    put(batch, ecs::kUserName, at.rest);
    return true;
  }
  if (at.skip("password changed for ")) {
    put(batch, Deed{"password_changed", "iam", R"(["user","change"])", "success"});
    put(batch, ecs::kUserName, at.rest);
    return true;
  }
  if (at.skip("check pass; user unknown")) {
    put(batch, Deed{"authentication_failure", "authentication", "info", "failure"});
    put(batch, ecs::kEventReason, "user unknown");
    return true;
  }
  return false;
}

}  // namespace picket::parsers
