#include "response/way_out.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/json.h"
#include "base/time.h"
#include "response/program.h"

namespace picket::response {

WayOut::WayOut(Options options, Resolve resolve)
    : options_(std::move(options)), notifier_(options_.notify, std::move(resolve)) {}

Outcome WayOut::perform(const Effect& effect) {
  if (options_.dry_run) return {OutcomeKind::kDone, "dry run: nothing was done"};
  switch (effect.type) {
    case CommandType::kMail:
      return notifier_.send(effect.mail);
    case CommandType::kWebhook: {
      Outcome outcome = notifier_.call(effect.call, effect.key, effect.time_ns);
      // A notification carries its key, so a receiver can tell a repetition: asking again is safe.
      if (outcome.kind == OutcomeKind::kUnknown) outcome.kind = OutcomeKind::kRetry;
      return outcome;
    }
    case CommandType::kHttp: {
      // It changes something over there, so it is never repeated by itself.
      Outcome outcome = notifier_.call(effect.call, effect.key, effect.time_ns);
      if (outcome.kind == OutcomeKind::kRetry) outcome.kind = OutcomeKind::kFailed;
      return outcome;
    }
    case CommandType::kBlock:
    case CommandType::kUnblock:
      return enforce(effect);
    case CommandType::kNone:
      break;
  }
  return {OutcomeKind::kFailed, "a step without a command"};
}

Outcome WayOut::enforce(const Effect& effect) const {
  const bool block = effect.type == CommandType::kBlock;
  const std::vector<std::string>& configured =
      block ? options_.enforcement.block : options_.enforcement.unblock;
  if (configured.empty()) {
    return {OutcomeKind::kFailed,
            std::string("no enforcement is configured: set response.enforcement.") +
                (block ? "block" : "unblock") +
                " to a program and its arguments, for example an nft command, then retry"};
  }
  const auto address = IpAddress::parse(effect.address);
  if (!address) return {OutcomeKind::kFailed, "'" + effect.address + "' is not an address"};
  const auto arguments = fill_arguments(configured, *address);
  if (!arguments) return {OutcomeKind::kFailed, arguments.error().what};
  if (arguments->front() != "picket-record")
    return run_program(*arguments, options_.enforcement.timeout_ms);
  if (arguments->size() != 2)
    return {OutcomeKind::kFailed, "picket-record needs one argument: a file"};
  return record((*arguments)[1], effect);
}

// One synced line a decision; several writers would not mix, as a line is one append.
Outcome WayOut::record(const std::string& path, const Effect& effect) const {
  const Json json = {{"@timestamp", format_time(effect.time_ns)},
                     {"action", command_type_name(effect.type)},
                     {"address", effect.address},
                     {"run", effect.run},
                     {"step", effect.step},
                     {"key", effect.key}};
  const std::string line = dump_json(json) + "\n";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) return {OutcomeKind::kFailed, path + ": " + std::strerror(errno)};
  const bool written = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
                       ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!written) return {OutcomeKind::kUnknown, path + ": " + std::strerror(error)};
  return {OutcomeKind::kDone, std::string("recorded, nothing was really ") +
                                  (effect.type == CommandType::kBlock ? "blocked" : "unblocked") +
                                  " (picket-record)"};
}

}  // namespace picket::response
