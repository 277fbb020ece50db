#include "app/evtx_file.h"

#include <fcntl.h>
#include <libevtx.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/asan.h"

namespace picket::app {
namespace {

constexpr std::string_view kMagic("ElfFile\0", 8);
constexpr std::size_t kDocumentMax = 16 * 1024 * 1024;

// How the child ends; anything else is a signal or a limit.
enum Ending : int { kWhole = 0, kNotOpened = 10, kPartsUnreadable = 11 };

void limit(int what, std::uint64_t most) {
  const rlimit both{most, most};
  (void)::setrlimit(static_cast<__rlimit_resource_t>(what), &both);
}

// Nothing that the child may turn into can write a file, start a program or outlive the parent.
void confine() {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_CPU, kEvtxSecondsMax);
#if !defined(PICKET_ASAN) && !defined(__SANITIZE_THREAD__)  // which map terabytes
  limit(RLIMIT_AS, kEvtxMemoryMax);
#endif
}

bool write_all(int fd, const std::uint8_t* data, std::size_t size) {
  while (size > 0) {
    const ssize_t done = ::write(fd, data, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    data += done;
    size -= static_cast<std::size_t>(done);
  }
  return true;
}

// The document of one record, with its zero byte; empty when it cannot be made.
void read_document(libevtx_file_t* file, int index, std::vector<std::uint8_t>& document) {
  document.clear();
  libevtx_record_t* record = nullptr;
  if (libevtx_file_get_record_by_index(file, index, &record, nullptr) != 1) return;
  std::size_t size = 0;
  if (libevtx_record_get_utf8_xml_string_size(record, &size, nullptr) == 1 && size > 1 && size <= kDocumentMax) {
    document.resize(size);
    if (libevtx_record_get_utf8_xml_string(record, document.data(), size, nullptr) == 1) {
      document.resize(::strnlen(reinterpret_cast<const char*>(document.data()), size));
      if (!document.empty()) document.push_back(0);
    } else {
      document.clear();
    }
  }
  libevtx_record_free(&record, nullptr);
}

bool is_hex(std::uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Windows writes the numbers of its types HexInt32 and HexInt64 as 0x3e7, and that is what rules ask
// for. The library writes all of their 8 or 16 digits: the zeros before the first of them go.
void shorten_numbers(std::vector<std::uint8_t>& document) {
  constexpr std::string_view kBegin = ">0x0";
  constexpr std::string_view kEnd = "</Data>";
  auto out = document.begin();
  for (auto at = document.begin(); at != document.end();) {
    const auto found = std::search(at, document.end(), kBegin.begin(), kBegin.end());
    auto digits = found == document.end() ? found : found + 3;
    out = at == out ? digits : std::copy(at, digits, out);
    at = digits;
    const auto last = std::find_if_not(digits, document.end(), is_hex);
    const auto count = last - digits;
    if ((count != 8 && count != 16) || document.end() - last < static_cast<std::ptrdiff_t>(kEnd.size()) ||
        !std::equal(kEnd.begin(), kEnd.end(), last))
      continue;
    while (at + 1 != last && *at == '0') ++at;
  }
  document.erase(out, document.end());
}

// The whole life of the child.
int write_documents(const char* path, int out) {
  libevtx_file_t* file = nullptr;
  if (libevtx_file_initialize(&file, nullptr) != 1) return kNotOpened;
  if (libevtx_file_open(file, path, LIBEVTX_OPEN_READ, nullptr) != 1) return kNotOpened;
  int count = 0;
  if (libevtx_file_get_number_of_records(file, &count, nullptr) != 1) return kNotOpened;
  bool whole = libevtx_file_is_corrupted(file, nullptr) == 0 && static_cast<std::size_t>(count) <= kEvtxRecordsMax;
  count = static_cast<int>(std::min(static_cast<std::size_t>(std::max(count, 0)), kEvtxRecordsMax));
  std::vector<std::uint8_t> document;
  for (int i = 0; i < count; ++i) {
    read_document(file, i, document);
    shorten_numbers(document);
    whole = whole && !document.empty();
    if (!document.empty() && !write_all(out, document.data(), document.size())) return kWhole;  // nobody reads on
  }
  return whole ? kWhole : kPartsUnreadable;
}

}  // namespace

bool is_evtx(int fd) {
  std::array<char, kMagic.size()> begin{};
  const ssize_t got = ::pread(fd, begin.data(), begin.size(), 0);
  return got == static_cast<ssize_t>(begin.size()) && std::string_view(begin.data(), begin.size()) == kMagic;
}

Result<EvtxChild> start_evtx(const std::string& path) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(Errc::kIo, path + ": " + std::generic_category().message(errno));
  const pid_t pid = ::fork();
  if (pid < 0) {
    const int error = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    return fail(Errc::kIo, path + ": " + std::generic_category().message(error));
  }
  if (pid == 0) {
    (void)std::signal(SIGPIPE, SIG_IGN);
    (void)::close(ends[0]);
    confine();
    ::_exit(write_documents(path.c_str(), ends[1]));
  }
  ::close(ends[1]);
  return EvtxChild{.fd = ends[0], .pid = pid};
}

Result<void> end_evtx(EvtxChild& child, const std::string& path) {
  const EvtxChild ending = std::exchange(child, EvtxChild{});
  if (ending.fd >= 0) ::close(ending.fd);
  if (ending.pid <= 0) return {};
  int status = 0;
  while (::waitpid(ending.pid, &status, 0) < 0) {
    if (errno != EINTR) return fail(Errc::kIo, path + ": " + std::generic_category().message(errno));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kWhole) return {};
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotOpened)
    return fail(Errc::kCorrupt, path + ": is no event log that can be read");
  if (WIFEXITED(status) && WEXITSTATUS(status) == kPartsUnreadable)
    return fail(Errc::kCorrupt, path + ": is damaged; some of its records could not be read");
  return fail(Errc::kCorrupt, path + ": is damaged; its reader broke off, records behind may be missing");
}

}  // namespace picket::app
