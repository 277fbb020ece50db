#include "app/delivery_journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/file.h"
#include "base/hash.h"

namespace picket::app {
namespace {

constexpr std::size_t kFileMax = 256 * 1024 * 1024;
constexpr std::size_t kRunMax = 64;
constexpr std::uint64_t kNotedMax = 32 * DeliveryJournal::kRecordsMax;

bool read_number(std::string_view& text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool is_run(std::string_view run) {
  return !run.empty() && run.size() <= kRunMax &&
         run.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<DeliveryJournal> DeliveryJournal::create(const std::string& path, std::string run) {
  DeliveryJournal journal;
  journal.path_ = path;
  journal.run_ = std::move(run);
  journal.file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (journal.file_ < 0) return fail(Errc::kInvalid, path + ": " + std::strerror(errno));
  PICKET_TRY_VOID(journal.append("run " + journal.run_));
  return journal;
}

Result<DeliveryJournal> DeliveryJournal::read(const std::string& path) {
  PICKET_TRY(const std::string text, read_file(path, kFileMax));
  return parse(path, text);
}

Result<DeliveryJournal> DeliveryJournal::parse(const std::string& path, std::string_view text) {
  DeliveryJournal journal;
  journal.path_ = path;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;  // torn
    ++number;
    if (!journal.apply(text.substr(at, end - at)))
      return fail(Errc::kInvalid, path + ":" + std::to_string(number) + ": not a line of a delivery journal");
    at = end + 1;
  }
  if (journal.run_.empty()) return fail(Errc::kInvalid, path + ": not a delivery journal");
  return journal;
}

DeliveryJournal::~DeliveryJournal() {
  if (file_ >= 0) ::close(file_);
}

DeliveryJournal::DeliveryJournal(DeliveryJournal&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      run_(std::move(other.run_)),
      tries_(std::move(other.tries_)),
      acked_(std::move(other.acked_)),
      noted_(other.noted_) {}

bool DeliveryJournal::apply(std::string_view line) {
  if (run_.empty()) {
    if (!line.starts_with("run ") || !is_run(line.substr(4))) return false;
    run_ = line.substr(4);
    return true;
  }
  const std::string_view what = line.substr(0, 4);
  if (what != "try " && what != "ack ") return false;
  line.remove_prefix(4);
  std::uint64_t first = 0;
  std::uint64_t behind = 0;
  if (!read_number(line, first) || !line.starts_with(' ')) return false;
  line.remove_prefix(1);
  return read_number(line, behind) && line.empty() && note(what.substr(0, 3), first, behind);
}

bool DeliveryJournal::note(std::string_view what, std::uint64_t first, std::uint64_t behind) {
  if (first >= behind || behind > kRecordsMax) return false;
  if (what == "ack" && behind > size()) return false;
  noted_ += behind - first;
  if (noted_ > kNotedMax) return false;
  if (behind > size()) {
    tries_.resize(behind);
    acked_.resize(behind);
  }
  for (std::uint64_t i = first; i < behind; ++i) {
    if (what == "ack") acked_[i] = true;
    if (what == "try" && tries_[i] < 255) ++tries_[i];
  }
  return true;
}

Result<void> DeliveryJournal::append(const std::string& line) {
  const std::string whole = line + "\n";
  const ssize_t written = ::write(file_, whole.data(), whole.size());
  const bool done = written == static_cast<ssize_t>(whole.size()) && ::fdatasync(file_) == 0;
  if (!done) return fail(Errc::kIo, path_ + ": " + std::strerror(errno));
  return {};
}

Result<void> DeliveryJournal::note_try(std::uint64_t first, std::uint64_t behind) {
  if (!note("try", first, behind)) return fail(Errc::kInvalid, "more records than a run may have");
  return append("try " + std::to_string(first) + " " + std::to_string(behind));
}

Result<void> DeliveryJournal::note_ack(std::uint64_t first, std::uint64_t behind) {
  note("ack", first, behind);
  return append("ack " + std::to_string(first) + " " + std::to_string(behind));
}

std::string DeliveryJournal::record(std::uint64_t number) const {
  const std::string own = run_ + " " + std::to_string(number);
  const std::string digits = hash128_hex(own);
  std::string text = R"({"message":"picket-delivery )" + own;
  for (std::uint64_t i = 0; i <= number % 5; ++i) text += " " + digits;
  return text + "\"}";
}

bool DeliveryJournal::is_ours(std::string_view raw, std::uint64_t& number) const {
  const std::string before = marker() + " ";
  const std::size_t at = raw.find(before);
  if (at == std::string_view::npos) return false;
  std::string_view rest = raw.substr(at + before.size());
  return read_number(rest, number);
}

}  // namespace picket::app
