// MarkerSet: which of many texts a record holds, in one pass: of a few texts by MarkerFilter, of
// many by Hyperscan.
//
// Immutable and shared; each thread has a MarkerScratch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parsers/marker_filter.h"

struct hs_database;
struct hs_scratch;

namespace picket::parsers {

class MarkerSet {
 public:
  // Ids are places in `texts`.
  explicit MarkerSet(std::vector<std::string> texts);
  ~MarkerSet();
  MarkerSet(const MarkerSet&) = delete;
  MarkerSet& operator=(const MarkerSet&) = delete;

  std::size_t size() const { return texts_.size(); }
  const std::string& text(std::size_t id) const { return texts_[id]; }

 private:
  friend class MarkerScratch;
  std::vector<std::string> texts_;
  MarkerFilter filter_;              // if it is useful,
  hs_database* database_ = nullptr;  // else this; nullptr: they are looked for one by one
};

// Owner: one thread.
class MarkerScratch {
 public:
  // `markers` must outlive it.
  explicit MarkerScratch(const MarkerSet& markers);
  ~MarkerScratch();
  MarkerScratch(const MarkerScratch&) = delete;
  MarkerScratch& operator=(const MarkerScratch&) = delete;

  // find() will be called soon.
  void prefetch() const {
    if (markers_->filter_.useful()) markers_->filter_.prefetch();
  }
  // Ids of those that `text` holds, each once, in no order. Until the next call.
  const std::vector<std::uint32_t>& find(std::string_view text);

 private:
  const MarkerSet* markers_;
  hs_scratch* scratch_ = nullptr;
  std::vector<std::uint32_t> found_;
};

}  // namespace picket::parsers
