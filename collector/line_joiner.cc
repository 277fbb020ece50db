#include "collector/line_joiner.h"

#include <algorithm>
#include <array>
#include <utility>

namespace picket::collector {
namespace {

using By = MultilineConfig::By;

bool is_indented(std::string_view line) {
  return !line.empty() && (line[0] == ' ' || line[0] == '\t');
}

bool goes_on_with_stack(std::string_view line) {
  constexpr std::array<std::string_view, 6> kStarts = {
      "Caused by:", "Suppressed:", "...", "}", "During handling of", "The above exception"};
  return is_indented(line) ||
         std::any_of(kStarts.begin(), kStarts.end(),
                     [line](std::string_view start) { return line.starts_with(start); });
}

struct AuditLine {
  std::string_view type;
  std::string_view serial;  // "1364481363.243:24287"; empty: this is none
};

// "type=SYSCALL msg=audit(1364481363.243:24287): ...", perhaps behind "node=name ".
AuditLine read_audit_line(std::string_view line) {
  constexpr std::string_view kMark = " msg=audit(";
  constexpr std::size_t kHeadMax = 256;
  constexpr std::size_t kSerialMax = 48;
  const std::string_view head = line.substr(0, kHeadMax);
  const std::size_t mark = head.find(kMark);
  const std::size_t type = head.find("type=");
  if (mark == std::string_view::npos || type == std::string_view::npos || type > mark) return {};
  const std::size_t begin = mark + kMark.size();
  const std::size_t close = line.substr(begin, kSerialMax).find(')');
  if (close == std::string_view::npos) return {};
  return {line.substr(type + 5, mark - type - 5), line.substr(begin, close)};
}

// Does the kernel write several records of such an event (audit.h, 1300 to 1399 and what comes with
// a SYSCALL)? The records of programs stand alone.
bool has_companions(std::string_view type) {
  constexpr std::array<std::string_view, 38> kTypes = {"ANOM_PROMISCUOUS",
                                                       "AVC",
                                                       "BPF",
                                                       "BPRM_FCAPS",
                                                       "CAPSET",
                                                       "CONFIG_CHANGE",
                                                       "CWD",
                                                       "EXECVE",
                                                       "FANOTIFY",
                                                       "FD_PAIR",
                                                       "FEATURE_CHANGE",
                                                       "INTEGRITY_POLICY_RULE",
                                                       "IPC",
                                                       "IPC_SET_PERM",
                                                       "KERN_MODULE",
                                                       "LOGIN",
                                                       "MMAP",
                                                       "MQ_GETSETATTR",
                                                       "MQ_NOTIFY",
                                                       "MQ_OPEN",
                                                       "MQ_SENDRECV",
                                                       "NETFILTER_CFG",
                                                       "NETFILTER_PKT",
                                                       "OBJ_PID",
                                                       "OPENAT2",
                                                       "PATH",
                                                       "PROCTITLE",
                                                       "REPLACE",
                                                       "SECCOMP",
                                                       "SELINUX_ERR",
                                                       "SOCKADDR",
                                                       "SOCKETCALL",
                                                       "SYSCALL",
                                                       "TIME_ADJNTPVAL",
                                                       "TIME_INJOFFSET",
                                                       "TTY",
                                                       "URINGOP",
                                                       "USER_TTY"};
  return std::binary_search(kTypes.begin(), kTypes.end(), type);
}

}  // namespace

std::optional<By> multiline_by(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, By>, 6> kNames = {{{"indent", By::kIndent},
                                                                      {"stack", By::kStack},
                                                                      {"begins", By::kBegins},
                                                                      {"continues", By::kContinues},
                                                                      {"ends", By::kEnds},
                                                                      {"auditd", By::kAuditd}}};
  for (const auto& [known, by] : kNames) {
    if (known == name) return by;
  }
  return std::nullopt;
}

Result<LineJoiner> LineJoiner::make(MultilineConfig config, std::size_t bytes_max) {
  std::optional<LinePattern> pattern;
  if (config.by == By::kBegins || config.by == By::kContinues || config.by == By::kEnds) {
    PICKET_TRY(pattern, LinePattern::compile(config.pattern));
  }
  return LineJoiner(std::move(config), bytes_max, std::move(pattern));
}

void LineJoiner::add(const Frame& line, std::uint64_t begin) {
  if (config_.by == By::kAuditd) return add_audit(line, begin);
  if (!growing_.empty() && !continues(growing_.front(), line.bytes)) give(0);
  if (growing_.empty()) {
    begin_record(line, begin);
  } else {
    append(growing_.front(), line);
  }
  const bool ends = config_.by == By::kEnds && pattern_->matches(line.bytes);
  if (ends || is_full(growing_.front())) give(0);
}

bool LineJoiner::continues(const Growing& before, std::string_view line) const {
  switch (config_.by) {
    case By::kIndent:
      return is_indented(line);
    case By::kStack:
      // "Traceback", indented lines, then one line that names the error.
      return goes_on_with_stack(line) || (before.python && before.lines > 1) ||
             line.starts_with("Traceback (most recent call last)");
    case By::kBegins:
      return !pattern_->matches(line);
    case By::kContinues:
      return pattern_->matches(line);
    case By::kEnds:
      return true;  // the line that ends it gave it away
    case By::kNone:
    case By::kAuditd:
      break;
  }
  return false;
}

void LineJoiner::add_audit(const Frame& line, std::uint64_t begin) {
  const AuditLine audit = read_audit_line(line.bytes);
  audit_ends_ = audit_ends_ || audit.type == "EOE";
  const auto found = std::find_if(growing_.begin(), growing_.end(), [&audit](const Growing& one) {
    return !audit.serial.empty() && one.serial == audit.serial;
  });
  auto index = static_cast<std::size_t>(found - growing_.begin());
  if (found != growing_.end()) {
    append(*found, line);
  } else {
    if (growing_.size() == kGrowingMax) give(0);
    begin_record(line, begin);
    growing_.back().serial = audit.serial;
    index = growing_.size() - 1;
  }
  const bool alone =
      audit.serial.empty() || (growing_[index].lines == 1 && !has_companions(audit.type));
  const bool last = audit.type == "EOE" || (audit.type == "PROCTITLE" && !audit_ends_);
  if (alone || last || is_full(growing_[index])) give(index);
}

void LineJoiner::begin_record(const Frame& line, std::uint64_t begin) {
  Growing& record = growing_.emplace_back();
  record.bytes = line.bytes.substr(0, bytes_max_);
  record.length = line.length;
  record.begin = begin;
  record.lines = 1;
  record.python = line.bytes.starts_with("Traceback (most recent call last)");
}

void LineJoiner::append(Growing& record, const Frame& line) {
  constexpr std::uint32_t kBlankLinesMax = 16;
  const std::uint32_t blank = std::min(line.blank_lines, kBlankLinesMax);
  record.bytes.append(blank + 1, '\n');
  record.bytes += line.bytes;
  record.length += line.length + blank + 1;
  if (record.bytes.size() > bytes_max_) record.bytes.resize(bytes_max_);
  ++record.lines;
  record.quiet = {};
  ++joined_;
  const bool first = line.bytes.starts_with("Traceback (most recent call last)");
  // Behind the line that names the error the traceback is over.
  record.python = first || (record.python && goes_on_with_stack(line.bytes));
}

bool LineJoiner::is_full(const Growing& record) const {
  return record.lines >= config_.lines_max || record.bytes.size() >= bytes_max_;
}

void LineJoiner::give(std::size_t index) {
  const auto at = growing_.begin() + static_cast<std::ptrdiff_t>(index);
  whole_.push_back(std::move(*at));
  growing_.erase(at);
}

bool LineJoiner::next(Frame& record) {
  if (whole_.empty()) return false;
  given_ = std::move(whole_.front());
  whole_.pop_front();
  record = {given_.bytes, given_.length};
  return true;
}

void LineJoiner::tick(std::chrono::milliseconds passed) {
  for (std::size_t i = 0; i < growing_.size();) {
    growing_[i].quiet += passed;
    if (growing_[i].quiet >= config_.timeout) {
      give(i);
    } else {
      ++i;
    }
  }
}

void LineJoiner::finish() {
  while (!growing_.empty()) give(0);
}

std::optional<std::uint64_t> LineJoiner::first_held() const {
  std::optional<std::uint64_t> first;
  for (const auto* records : {&growing_, &whole_}) {
    for (const Growing& record : *records)
      first = std::min(first.value_or(record.begin), record.begin);
  }
  return first;
}

}  // namespace picket::collector
