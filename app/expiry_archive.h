// ExpiryArchive: what retention removes goes into archives first (docs/formats/archive.md), one for each write that
// removes. For Store::expire(): add() gets the rows, ready() answers when their archive is whole and on the disk, and
// its name and sum are in the store as a document that the chain binds. If that cannot be done nothing may be removed.
//
// One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/world.h"
#include "event/event.h"
#include "storage/archive/archive_writer.h"
#include "storage/store.h"

namespace picket::app {

inline constexpr const char* kArchiveSpace = "archives";

class ExpiryArchive {
 public:
  // `folder` has the archives and must be there: it is not made, for it may be a disk that is not mounted. `parse` makes
  // one event of each record. Store and clock must outlive it.
  ExpiryArchive(storage::Store& store, std::string folder, std::function<void(Batch&)> parse, Clock& clock);

  Result<void> add(const storage::StoredRow& row);
  Result<void> ready();
  // After a removal, whatever came of it: rows that were added and are not in an archive are forgotten.
  void end();

  const std::string& problem() const { return problem_; }  // why the last archive was not written; empty: it was
  std::uint64_t archives() const { return archives_; }     // written since the start
  std::uint64_t records() const { return records_; }       // in them

 private:
  Result<void> begin();
  std::string free_name() const;
  void remove_leftovers() const;
  Result<void> note(const Result<void>& done);

  storage::Store& store_;
  std::string folder_;
  std::function<void(Batch&)> parse_;
  Clock& clock_;
  std::string path_;  // of the one that is being written
  std::unique_ptr<storage::ArchiveWriter> writer_;
  std::string problem_;
  std::uint64_t archives_ = 0;
  std::uint64_t records_ = 0;
};

}  // namespace picket::app
