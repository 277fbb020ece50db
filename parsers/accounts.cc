// Accounts: the shadow suite (useradd, usermod, groupadd, ...), passwd and su.
#include "parsers/content.h"
#include "parsers/put.h"

namespace picket::parsers {
namespace {

constexpr Deed kUserCreated{"added-user-account", "iam", R"(["user","creation"])", "success"};
constexpr Deed kUserDeleted{"deleted-user-account", "iam", R"(["user","deletion"])", "success"};
constexpr Deed kUserChanged{"changed-user-account", "iam", R"(["user","change"])", "success"};
constexpr Deed kGroupCreated{"added-group-account", "iam", R"(["group","creation"])", "success"};
constexpr Deed kGroupDeleted{"deleted-group-account", "iam", R"(["group","deletion"])", "success"};
constexpr Deed kMemberAdded{"added-member-to-group", "iam", R"(["group","change"])", "success"};
constexpr Deed kMemberRemoved{"removed-member-from-group", "iam", R"(["group","change"])",
                              "success"};

// "name=bob, UID=1001, ...": the value of `key`.
std::string_view value_of(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + key.size());
  return rest.substr(0, rest.find(','));
}

// The n-th text between single quotes.
std::string_view quoted(std::string_view text, int n) {
  for (; n >= 0; --n) {
    const std::size_t open = text.find('\'');
    if (open == std::string_view::npos) return {};
    text.remove_prefix(open + 1);
    const std::size_t close = text.find('\'');
    if (close == std::string_view::npos) return {};
    if (n == 0) return text.substr(0, close);
    text.remove_prefix(close + 1);
  }
  return {};
}

bool created(Cursor at, Batch& batch) {
  if (at.skip("new user: ")) {
    put(batch, kUserCreated);
    put(batch, ecs::kUserName, value_of(at.rest, "name="));
    put(batch, ecs::kUserId, value_of(at.rest, "UID="));
    return true;
  }
  if (at.skip("new group: ") || at.skip("group added to ")) {
    put(batch, kGroupCreated);
    put(batch, ecs::kGroupName, value_of(at.rest, "name="));
    return true;
  }
  return false;
}

bool member(Cursor at, Batch& batch) {
  const bool adds = at.rest.starts_with("add '");
  if (!adds && !at.rest.starts_with("delete '")) return false;
  const std::string_view user = quoted(at.rest, 0);
  const std::string_view group = quoted(at.rest, 1);
  if (group.empty()) return false;
  put(batch, adds ? kMemberAdded : kMemberRemoved);
  put(batch, ecs::kUserName, user);
  put(batch, ecs::kGroupName, group);
  return true;
}

// gpasswd: "user bob added by root to group sudo".
bool gpasswd(Cursor at, Batch& batch) {
  if (!at.skip("user ")) return false;
  const std::string_view user = at.word();
  const bool adds = at.skip("added by ");
  if (!adds && !at.skip("removed by ")) return false;
  const std::string_view actor = at.word();
  if (!at.skip("to group ") && !at.skip("from group ")) return false;
  put(batch, adds ? kMemberAdded : kMemberRemoved);
  put(batch, ecs::kUserName, actor);
  put(batch, ecs::kUserTargetName, user);
  put(batch, ecs::kGroupName, at.rest);
  return true;
}

bool deleted(Cursor at, Batch& batch) {
  if (at.skip("delete user '")) {
    put(batch, kUserDeleted);
    put(batch, ecs::kUserName, at.rest.substr(0, at.rest.find('\'')));
    return true;
  }
  if (at.skip("removed group '") || at.skip("group '")) {
    if (at.rest.find("removed") == std::string_view::npos &&
        at.rest.find("owned by") == std::string_view::npos) {
      return false;
    }
    put(batch, kGroupDeleted);
    put(batch, ecs::kGroupName, at.rest.substr(0, at.rest.find('\'')));
    return true;
  }
  return false;
}

bool changed(Cursor at, Batch& batch) {
  if (at.skip("change user '")) {
    put(batch, kUserChanged);
    put(batch, ecs::kUserName, at.rest.substr(0, at.rest.find('\'')));
    return true;
  }
  if (at.skip("password for '") || at.skip("password changed for ")) {
    put(batch, Deed{"password_changed", "iam", R"(["user","change"])", "success"});
    put(batch, ecs::kUserName, at.rest.substr(0, at.rest.find('\'')));
    return true;
  }
  return false;
}

// su: "(to root) alice on pts/0", "FAILED SU (to root) alice on pts/0", "Successful su for root by
// alice".
bool su(Cursor at, Batch& batch) {
  const bool fails = at.skip("FAILED SU ") || at.skip("FAILED su ");
  if (at.skip("(to ")) {
    std::string_view target;
    if (!at.until(") ", target)) return false;
    put(batch, ecs::kUserEffectiveName, target);
    put(batch, ecs::kUserName, at.word());
  } else if (at.skip("Successful su for ") || (fails && at.skip("for "))) {
    put(batch, ecs::kUserEffectiveName, at.word());
    if (at.skip("by ")) put(batch, ecs::kUserName, at.word());
  } else {
    return false;
  }
  put(batch, Deed{"su", "authentication", "start", fails ? "failure" : "success"});
  return true;
}

}  // namespace

bool parse_accounts(std::string_view message, Batch& batch) {
  const Cursor at{message};
  return parse_pam(message, batch) || created(at, batch) || member(at, batch) ||
         gpasswd(at, batch) || deleted(at, batch) || changed(at, batch) || su(at, batch);
}

}  // namespace picket::parsers
