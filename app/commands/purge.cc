// picket purge ls|request|approve|reject: records that go before their time, when two approvers agree. All but ls ask the
// running server. picket approver token: what an approver needs.
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "api/api.h"
#include "app/ask_server.h"
#include "app/command.h"
#include "app/open_store.h"
#include "app/purge_record.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/time.h"

namespace picket::app {
namespace {

constexpr std::size_t kTokenFileMax = 4096;

std::string covered(const PurgeRecord& purge) {
  std::string text;
  for (const std::string& source : purge.sources) text += (text.empty() ? "" : ", ") + source;
  return text.empty() ? say("hold.everything") : text;
}

std::string when(std::int64_t time_ns, std::int64_t open) { return time_ns == open ? "" : format_time(time_ns); }

std::string approvers_of(const PurgeRecord& purge) {
  std::string text;
  for (const PurgeApproval& one : purge.approvals) text += (text.empty() ? "" : ", ") + one.approver;
  return text;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string outcome(const PurgeRecord& purge) {
  if (purge.state == PurgeState::kDone)
    return say("purge.done", {{"time", format_time(purge.ended_ns)}, {"n", purge.removed.rows}});
  if (purge.state == PurgeState::kRejected)
    return say("purge.rejected_by", {{"approver", purge.ended_by}, {"reason", purge.ended_for}});
  if (purge.state == PurgeState::kAsked) return say("purge.until", {{"time", format_time(purge.expires_ns)}});
  return word("purge_state", purge_state_name(purge.state));
}

void print_purge(const PurgeRecord& purge) {
  print(visible(say("purge.head", {{"id", purge.id}, {"what", covered(purge)}, {"reason", purge.reason}, {"state", outcome(purge)}})) + "\n");
  print(say("purge.found", {{"n", purge.found.rows}, {"bytes", purge.found.raw_bytes}, {"blocks", purge.found.blocks}}) + "\n");
  if (purge.found.held > 0)
    print(visible(say("purge.held", {{"n", purge.found.held_rows}, {"holds", listed(purge.holds)}})) + "\n");
  if (purge.found.mixed > 0) print(say("purge.shared", {{"n", purge.found.mixed}}) + "\n");
  print(visible(say("purge.approvals", {{"n", purge.approvals.size()}, {"needed", kApprovalsNeeded}, {"who", approvers_of(purge)}})) + "\n");
}

int answer(const Result<Json>& purge, bool json) {
  if (json) {
    print(dump_json(*purge) + "\n");
    return kDone;
  }
  const Result<PurgeRecord> read = purge_from_json(*purge);
  if (!read) return complain(read.error().what, kUnreachable);
  print_purge(*read);
  return kDone;
}

// The first line of the file; "-": of standard input. Never an argument, which other accounts could see.
Result<std::string> read_token(const std::string& path) {
  std::string text;
  if (path == "-") {
    std::getline(std::cin, text);
  } else {
    PICKET_TRY(text, read_file(path, kTokenFileMax));
  }
  text = text.substr(0, text.find('\n'));
  while (text.ends_with('\r') || text.ends_with(' ')) text.pop_back();
  if (text.empty()) return fail(Errc::kInvalid, path + ": the token of an approver is missing");
  return text;
}

// What the server refuses is 4; that there is no such purge is our typing.
int decide(const PurgeCommand& command, const char* verb, bool with_reason) {
  const Result<std::string> folder = data_folder(command);
  if (!folder) return complain(folder.error().what, kUsageWrong);
  if (command.id.empty() || command.id.find_first_not_of("0123456789") != std::string::npos)
    return complain("there is no purge '" + command.id + "'", kUsageWrong);
  const Result<std::string> token = read_token(command.token_file);
  if (!token) return complain(token.error().what, kUsageWrong);
  Json body = {{"token", *token}};
  if (with_reason) body["reason"] = command.reason;
  const Result<Json> purge = tell_server(*folder, "/api/v1/purges/" + command.id + "/" + verb, body);
  if (!purge) return complain(purge.error().what, purge.error().code == Errc::kNotFound ? kUsageWrong : kUnreachable);
  return answer(purge, command.json);
}

}  // namespace

int run_purge_ls(const PurgeCommand& command) {
  const Result<std::unique_ptr<storage::Store>> store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  const Result<std::vector<PurgeRecord>> purges = read_purges(**store);
  if (!purges) return complain(purges.error().what, kFindings);
  std::vector<std::vector<std::string>> rows;
  for (const PurgeRecord& purge : *purges) {
    if (command.json) print(dump_json(to_json(purge)) + "\n");
    rows.push_back({purge.id, covered(purge), when(purge.from_ns, INT64_MIN), when(purge.to_ns, INT64_MAX),
                    format_time(purge.asked_ns), std::to_string(purge.found.rows), approvers_of(purge),
                    word("purge_state", purge_state_name(purge.state)), purge.reason});
  }
  if (command.json) return kDone;
  if (rows.empty()) {
    print(say("purge.none") + "\n");
    return kDone;
  }
  print(table({say("column.id"), say("column.what"), say("column.from"), say("column.to"), say("column.time"),
               say("column.records"), say("column.approved_by"), say("column.state"), say("column.reason")},
              rows));
  return kDone;
}

int run_purge_request(const PurgeCommand& command) {
  const Result<std::string> folder = data_folder(command);
  if (!folder) return complain(folder.error().what, kUsageWrong);
  Json body = {{"reason", command.reason}};
  if (!command.sources.empty()) body["sources"] = command.sources;
  if (!command.from.empty()) body["from"] = command.from;
  if (!command.to.empty()) body["to"] = command.to;
  const Result<Json> purge = tell_server(*folder, "/api/v1/purges", body);
  if (!purge) return complain(purge.error().what, purge.error().code == Errc::kInvalid ? kUsageWrong : kUnreachable);
  return answer(purge, command.json);
}

int run_purge_approve(const PurgeCommand& command) { return decide(command, "approve", false); }

int run_purge_reject(const PurgeCommand& command) { return decide(command, "reject", true); }

int run_approver_token(const ApproverCommand& command) {
  const bool plain = !command.name.empty() && command.name.size() <= 64 &&
                     command.name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
                         std::string::npos;
  if (!plain) return complain("the name of an approver has 1 to 64 letters, digits, '.', '_' and '-'", kUsageWrong);
  const std::string token = api::make_token();
  const std::string digest = sha256_hex(token);
  if (command.json) {
    print(dump_json(Json{{"name", command.name}, {"token", token}, {"token_sha256", digest}}) + "\n");
    return kDone;
  }
  print(token + "\n");
  tell(say("approver.line", {{"name", command.name}, {"line", "approvers: [{name: " + command.name + ", token_sha256: " + digest + "}]"}}));
  return kDone;
}

}  // namespace picket::app
