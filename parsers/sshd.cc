// OpenSSH's server, as its auth.c, auth2.c, packet.c and monitor write to syslog. User names and
// the texts of clients are the sender's, so the address is looked for from the end.
#include "parsers/content.h"
#include "parsers/put.h"

namespace picket::parsers {
namespace {

constexpr std::string_view kLogin = "ssh_login";
constexpr Deed kAccepted{kLogin, R"(["authentication","session"])", "start", "success"};
constexpr Deed kFailed{kLogin, "authentication", "info", "failure"};
constexpr Deed kConnection{"ssh_connection", "network", R"(["connection","start"])", ""};
constexpr Deed kEnd{"ssh_disconnect", "network", R"(["connection","end"])", ""};
constexpr Deed kRefused{"ssh_refused", "network", R"(["connection","denied"])", "failure"};

struct Peer {
  std::string_view address;
  std::string_view port;
};

// "1.2.3.4 port 22 ..." or a bare address.
Peer peer_of(std::string_view text) {
  Cursor at{text};
  Peer peer;
  peer.address = at.word();
  if (at.skip("port ")) {
    peer.port = at.word();
    while (!peer.port.empty() && !is_digit(peer.port.back())) peer.port.remove_suffix(1);
    if (const std::size_t colon = peer.port.find(':'); colon != std::string_view::npos) {
      peer.port = peer.port.substr(0, colon);  // "port 22:11: reason"
    }
  }
  while (!peer.address.empty() && (peer.address.back() == ':' || peer.address.back() == ',')) {
    peer.address.remove_suffix(1);
  }
  return peer;
}

void put_peer(std::string_view text, Batch& batch) {
  const Peer peer = peer_of(text);
  put_source(batch, peer.address, peer.port);
}

// "NAME from ADDRESS port N ...": the last " from " counts.
bool put_user_from(std::string_view text, Batch& batch) {
  std::string_view user = text;
  const std::size_t from = text.rfind(" from ");
  if (from != std::string_view::npos) {
    user = text.substr(0, from);
    put_peer(text.substr(from + 6), batch);
  } else if (text.starts_with("from ")) {  // an empty name
    user = {};
    put_peer(text.substr(5), batch);
  } else {
    return false;
  }
  put(batch, ecs::kUserName, user);
  return true;
}

// "[invalid user |illegal user ]NAME from ..."
bool put_login(std::string_view text, Batch& batch) {
  Cursor at{text};
  if (at.skip("invalid user ") || at.skip("illegal user ")) {
    put(batch, ecs::kEventReason, "invalid user");
  }
  return put_user_from(at.rest, batch);
}

bool accepted(Cursor at, Batch& batch) {
  std::string_view method;
  if (!at.until(" for ", method) || method.empty()) return false;
  put(batch, kAccepted);
  // "ssh2: RSA SHA256:..." may follow, but no " from ".
  return put_user_from(at.rest, batch);
}

bool failed(Cursor at, Batch& batch) {
  std::string_view method;
  if (!at.until(" for ", method) || method.find(' ') != std::string_view::npos) return false;
  put(batch, kFailed);
  return put_login(at.rest, batch);
}

// "[authenticating |invalid |]user NAME ADDRESS port N [preauth]", or without a user.
bool put_user_peer(std::string_view text, Batch& batch) {
  Cursor at{text};
  if (at.skip("invalid ")) put(batch, ecs::kEventReason, "invalid user");
  at.skip("authenticating ");
  if (!at.skip("user ")) {
    put_peer(at.rest, batch);
    return true;
  }
  const std::size_t port = at.rest.rfind(" port ");
  if (port == std::string_view::npos) return false;
  const std::size_t space = at.rest.rfind(' ', port - 1);
  if (port == 0 || space == std::string_view::npos) {  // an empty name
    put_peer(at.rest, batch);
    return true;
  }
  put(batch, ecs::kUserName, at.rest.substr(0, space));
  put_peer(at.rest.substr(space + 1), batch);
  return true;
}

bool max_attempts(std::string_view text, Batch& batch) {
  put(batch, kFailed);
  put(batch, ecs::kEventReason, "maximum authentication attempts exceeded");
  Cursor at{text};
  at.skip("invalid user ");
  return put_user_from(at.rest, batch);
}

bool not_allowed(std::string_view text, std::size_t at, Batch& batch) {
  put(batch, kFailed);
  const std::string_view who = text.substr(0, at);
  put(batch, ecs::kEventReason, trim(text.substr(at)));
  const std::size_t from = who.rfind(" from ");
  put(batch, ecs::kUserName, who.substr(0, from));
  if (from != std::string_view::npos) put_peer(who.substr(from + 6), batch);
  return true;
}

bool received_disconnect(std::string_view text, Batch& batch) {
  put(batch, kEnd);
  put_peer(text, batch);
  const std::size_t reason = text.find(": ");
  if (reason != std::string_view::npos)
    put(batch, ecs::kEventReason, trim(text.substr(reason + 2)));
  return true;
}

bool bad_protocol(std::string_view text, Batch& batch) {
  put(batch, kRefused);
  put(batch, ecs::kEventReason, "bad protocol version identification");
  const std::size_t from = text.rfind(" from ");
  if (from != std::string_view::npos) put_peer(text.substr(from + 6), batch);
  return true;
}

bool refused(std::string_view reason, std::string_view peer, Batch& batch) {
  put(batch, kRefused);
  put(batch, ecs::kEventReason, reason);
  put_peer(peer, batch);
  return true;
}

bool too_many_failures(Cursor at, Batch& batch) {
  put(batch, kFailed);
  put(batch, ecs::kEventReason, "too many authentication failures");
  if (at.skip(": ")) {  // older: "Disconnecting: Too many authentication failures for NAME"
    const std::size_t name = at.rest.find(" for ");
    if (name != std::string_view::npos) {
      put(batch, ecs::kUserName, at.rest.substr(name + 5, at.rest.rfind(" [") - name - 5));
    }
    return true;
  }
  at.skip(" ");
  return put_user_peer(at.rest.substr(0, at.rest.rfind(": ")), batch);
}

bool break_in(std::string_view text, Batch& batch) {
  put(batch, Deed{"ssh_reverse_mapping", "network", "info", "failure"});
  const std::size_t open = text.find('[');
  const std::size_t close = text.find(']');
  if (open != std::string_view::npos && close != std::string_view::npos && open < close) {
    put_source(batch, text.substr(open + 1, close - open - 1), {});
  }
  return true;
}

bool connection_events(Cursor at, Batch& batch) {
  if (at.skip("Connection closed by ") || at.skip("Connection reset by ") ||
      at.skip("Disconnected from ") || at.skip("Timeout, client not responding from ")) {
    put(batch, kEnd);
    return put_user_peer(at.rest, batch);
  }
  if (at.skip("Received disconnect from ")) return received_disconnect(at.rest, batch);
  if (at.skip("Connection from ")) {
    put(batch, kConnection);
    put_peer(at.rest, batch);
    return true;
  }
  if (at.skip("Did not receive identification string from ")) {
    return refused("no identification string", at.rest, batch);
  }
  if (at.skip("Unable to negotiate with ")) return refused("no matching algorithm", at.rest, batch);
  if (at.skip("Bad protocol version identification ")) return bad_protocol(at.rest, batch);
  if (at.skip("reverse mapping checking getaddrinfo for ")) return break_in(at.rest, batch);
  return false;
}

bool session_events(Cursor at, Batch& batch) {
  if (at.skip("subsystem request for ")) {
    put(batch, Deed{"ssh_subsystem", "session", "info", "success"});
    std::string_view subsystem;
    if (at.until(" by user ", subsystem)) put(batch, ecs::kUserName, at.word());
    return true;
  }
  if (at.skip("Starting session: ")) {
    const std::size_t name = at.rest.find(" for ");
    if (name == std::string_view::npos) return false;
    put(batch, Deed{"ssh_session", "session", "start", "success"});
    return put_user_from(at.rest.substr(name + 5), batch);
  }
  if (at.skip("Server listening on ")) {
    put(batch, Deed{"ssh_listening", "process", "start", "success"});
    return true;
  }
  return false;
}

bool login_events(Cursor at, Batch& batch) {
  if (at.skip("Accepted ")) return accepted(at, batch);
  if (at.skip("Failed ")) return failed(at, batch);
  if (at.skip("Invalid user ") || at.skip("Illegal user ") ||
      at.skip("input_userauth_request: invalid user ")) {
    put(batch, kFailed);
    put(batch, ecs::kEventReason, "invalid user");
    if (put_user_from(at.rest, batch)) return true;
    put(batch, ecs::kUserName, at.rest.substr(0, at.rest.rfind(" [preauth]")));
    return true;
  }
  at.skip("error: ");
  at.skip("fatal: ");
  if (at.skip("maximum authentication attempts exceeded for ")) return max_attempts(at.rest, batch);
  if (at.rest.find("Too many authentication failures") != std::string_view::npos &&
      at.skip("Disconnecting")) {
    return too_many_failures(at, batch);
  }
  if (const std::size_t refusal = at.rest.rfind(" not allowed because ");
      refusal != std::string_view::npos && at.skip("User ")) {
    return not_allowed(at.rest, refusal - 5, batch);
  }
  return false;
}

}  // namespace

bool parse_sshd(std::string_view message, Batch& batch) {
  Cursor at{message};
  std::string_view times;
  if (at.skip("message repeated ") && at.until(" times: [ ", times)) {  // rsyslog's compression
    message = at.rest.substr(0, at.rest.rfind(']'));
  }
  at.rest = message;
  return parse_pam(message, batch) || login_events(at, batch) || connection_events(at, batch) ||
         session_events(at, batch);
}

}  // namespace picket::parsers
