// What a site configures for this room. Plain values that `app` fills in from the configuration
// file.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "response/address.h"
#include "response/systems.h"

namespace picket::response {

enum class MailTls : unsigned char {
  kRequired,  // STARTTLS or smtps, certificate checked
  kNone,      // for a relay on this machine
};

struct MailOptions {
  std::string url;  // "smtp://mail.example.org:587", "smtps://...:465"; empty: no mail server
  MailTls tls = MailTls::kRequired;
  std::string ca_file;        // empty: the system's
  std::string user;           // empty: no authentication
  std::string password_file;  // read at each send, trailing line break ignored
  std::string from;           // mail address
  std::string from_name;
  bool html = false;  // add an HTML part
};

struct WebhookOptions {
  std::string name;  // as playbooks write it: "soc"
  std::string url;
  std::string secret_file;  // signs the body; empty: unsigned
};

struct NotifyOptions {
  MailOptions mail;
  std::vector<WebhookOptions> webhooks;
  std::vector<Cidr> webhook_allow;  // internal networks that webhooks may reach all the same
  // With no mail server, mails are written here as .eml files instead of being sent (the demo).
  std::string record_folder;
  long connect_timeout_ms = 5'000;
  long timeout_ms = 15'000;
};

// Programs that enforce a block: absolute path and arguments, {{address}} and {{family}} ("ip" or
// "ip6") filled in. {"picket-record", <file>} writes a line to that file instead and blocks
// nothing. Empty: nothing is configured, and an approved block fails saying so.
struct EnforcementOptions {
  std::vector<std::string> block;
  std::vector<std::string> unblock;
  int timeout_ms = 10'000;
};

struct Options {
  NotifyOptions notify;
  EnforcementOptions enforcement;
  Contact duty;  // who is asked for approval; an empty e-mail: nobody
  std::string soc_name = "SOC";
  std::string soc_phone = "-";
  std::string soc_email = "-";
  std::string link_base;  // "https://picket.example.org"; incidents are at /#/incidents/<number>
  std::vector<Cidr> never_touch;  // beside each playbook's own list
  bool dry_run = false;           // runs are journaled, but nothing leaves the house
  std::size_t runs_open_max = 10'000;
};

}  // namespace picket::response
