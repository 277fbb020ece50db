#include "response/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
extern "C" {  // glibc 2.36 declares it without
#include <sys/pidfd.h>
}
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/check.h"

namespace picket::response {
namespace {

constexpr std::size_t kOutputMax = 512;

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { close(); }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// What the child starts with, set up by posix_spawn between fork and exec.
class SpawnSetup {
 public:
  explicit SpawnSetup(int output) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files_, output, 1);
    posix_spawn_file_actions_adddup2(&files_, output, 2);
    posix_spawn_file_actions_addclosefrom_np(&files_, 3);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }

  int spawn(pid_t& child, const std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    std::array<char*, 1> environment = {nullptr};
    return ::posix_spawn(&child, argv[0], &files_, &attributes_, argv.data(), environment.data());
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

// Reads what there is; false at the end of the stream.
bool drain(int fd, std::string& output) {
  std::array<char, 4096> bytes{};
  for (;;) {
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0;
    const std::size_t room = kOutputMax - std::min(kOutputMax, output.size());
    output.append(bytes.data(), std::min(room, static_cast<std::size_t>(got)));
  }
}

// Waits for the child, its output and the timer together; false when the time was up.
bool wait_for(int child_fd, int output_fd, int timer_fd, std::string& output) {
  std::array<pollfd, 3> entries = {pollfd{child_fd, POLLIN, 0}, pollfd{timer_fd, POLLIN, 0},
                                   pollfd{output_fd, POLLIN, 0}};
  for (;;) {
    if (::poll(entries.data(), entries.size(), -1) < 0) {
      PICKET_CHECK(errno == EINTR);
      continue;
    }
    if (entries[2].revents != 0 && !drain(output_fd, output)) entries[2].fd = -1;
    if (entries[0].revents != 0) {
      drain(output_fd, output);
      return true;
    }
    if (entries[1].revents != 0) return false;
  }
}

std::string shown(std::string output) {
  std::replace_if(
      output.begin(), output.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; },
      ' ');
  while (output.ends_with(' ')) output.pop_back();
  return output.empty() ? "" : ": " + output;
}

Outcome outcome_of(const std::string& program, int status, bool in_time, int timeout_ms,
                   const std::string& output) {
  if (!in_time) {
    return {OutcomeKind::kUnknown,
            program + " was stopped after " + std::to_string(timeout_ms) + " ms" + shown(output)};
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return {OutcomeKind::kDone, program + " succeeded" + shown(output)};
  }
  if (WIFEXITED(status)) {
    return {OutcomeKind::kFailed, program + " ended with exit code " +
                                      std::to_string(WEXITSTATUS(status)) + shown(output)};
  }
  return {OutcomeKind::kUnknown,
          program + " was ended by signal " + std::to_string(WTERMSIG(status)) + shown(output)};
}

}  // namespace

Result<std::vector<std::string>> fill_arguments(const std::vector<std::string>& arguments,
                                                const IpAddress& address) {
  if (arguments.empty() || (!arguments[0].starts_with('/') && arguments[0] != "picket-record")) {
    return fail(Errc::kInvalid, "the program of an action must be an absolute path");
  }
  std::vector<std::string> filled;
  for (const std::string& argument : arguments) {
    std::string text;
    std::string_view rest = argument;
    for (std::size_t open; (open = rest.find("{{")) != std::string_view::npos;) {
      const std::size_t close = rest.find("}}", open);
      const std::string_view name =
          rest.substr(open + 2, close == std::string_view::npos ? 0 : close - open - 2);
      if (name != "address" && name != "family") {
        return fail(Errc::kInvalid,
                    "'" + argument + "': only {{address}} and {{family}} can be filled in");
      }
      text += rest.substr(0, open);
      text += name == "address" ? address.text() : address.is_v4() ? "ip" : "ip6";
      rest.remove_prefix(close + 2);
    }
    filled.push_back(text + std::string(rest));
  }
  return filled;
}

Outcome run_program(const std::vector<std::string>& arguments, int timeout_ms) {
  PICKET_CHECK(!arguments.empty());
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {OutcomeKind::kFailed, std::strerror(errno)};
  const Fd output_fd(ends[0]);
  Fd child_end(ends[1]);
  ::fcntl(output_fd.get(), F_SETFL, O_NONBLOCK);
  const Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  const itimerspec due{{0, 0}, {timeout_ms / 1000, timeout_ms % 1000 * 1'000'000L}};
  if (timer.get() < 0 || ::timerfd_settime(timer.get(), 0, &due, nullptr) != 0) {
    return {OutcomeKind::kFailed, std::strerror(errno)};
  }
  pid_t child = 0;
  if (const int error = SpawnSetup(child_end.get()).spawn(child, arguments); error != 0) {
    return {OutcomeKind::kFailed, arguments[0] + " cannot be started: " + std::strerror(error)};
  }
  child_end.close();
  const Fd child_fd(::pidfd_open(child, 0));
  std::string output;
  const bool in_time =
      child_fd.get() >= 0 && wait_for(child_fd.get(), output_fd.get(), timer.get(), output);
  if (!in_time) ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return outcome_of(arguments[0], status, in_time, timeout_ms, output);
}

}  // namespace picket::response
