// DeliveryJournal: numbered records of one run, which of them were sent, and which of those were acknowledged.
//
// A text file of lines: "run ID", then "try FIRST BEHIND" before records FIRST..BEHIND-1 are sent and "ack FIRST BEHIND"
// once the receiver has them. Each line is on the disk (fdatasync) when its call returns, so the journal is true
// after a power cut of the sender too; a torn last line does not count. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace picket::app {

class DeliveryJournal {
 public:
  static constexpr std::uint64_t kRecordsMax = 10'000'000;

  // A new run; kInvalid when the file is there already.
  static Result<DeliveryJournal> create(const std::string& path, std::string run);
  // Of an earlier run. kInvalid names the line that is wrong.
  static Result<DeliveryJournal> read(const std::string& path);
  // The text of one; `path` is for errors.
  static Result<DeliveryJournal> parse(const std::string& path, std::string_view text);
  ~DeliveryJournal();
  DeliveryJournal(DeliveryJournal&& other) noexcept;
  DeliveryJournal& operator=(DeliveryJournal&&) = delete;

  Result<void> note_try(std::uint64_t first, std::uint64_t behind);
  Result<void> note_ack(std::uint64_t first, std::uint64_t behind);

  const std::string& run() const { return run_; }
  std::uint64_t size() const { return tries_.size(); }  // behind the last that was sent
  unsigned tries(std::uint64_t number) const { return number < size() ? tries_[number] : 0; }
  bool is_acked(std::uint64_t number) const { return number < size() && acked_[number]; }

  // The record itself, one line of JSON: the same for the same run and number.
  std::string record(std::uint64_t number) const;
  // Its number, if a stored record says that it is of this run.
  bool is_ours(std::string_view raw, std::uint64_t& number) const;
  // What all of them contain and nothing else does.
  std::string marker() const { return "picket-delivery " + run_; }

 private:
  DeliveryJournal() = default;
  Result<void> append(const std::string& line);
  bool apply(std::string_view line);
  bool note(std::string_view what, std::uint64_t first, std::uint64_t behind);

  std::string path_;
  int file_ = -1;
  std::string run_;
  std::vector<std::uint8_t> tries_;  // by number, at most 255
  std::vector<bool> acked_;
  std::uint64_t noted_ = 0;  // records in all lines, bounded
};

}  // namespace picket::app
