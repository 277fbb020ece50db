#include "parsers/markers.h"

#include <hs/hs.h>

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace picket::parsers {
namespace {

int note(unsigned id, unsigned long long, unsigned long long, unsigned, void* found) {
  static_cast<std::vector<std::uint32_t>*>(found)->push_back(id);
  return 0;
}

}  // namespace

MarkerSet::MarkerSet(std::vector<std::string> texts) : texts_(std::move(texts)), filter_(texts_) {
  if (texts_.empty() || filter_.useful()) return;
  std::vector<const char*> starts;
  std::vector<unsigned> flags(texts_.size(), 0);
  std::vector<unsigned> ids;
  std::vector<std::size_t> sizes;
  for (const std::string& text : texts_) {
    ids.push_back(static_cast<unsigned>(starts.size()));
    starts.push_back(text.data());
    sizes.push_back(text.size());
  }
  hs_compile_error_t* error = nullptr;
  if (hs_compile_lit_multi(starts.data(), flags.data(), ids.data(), sizes.data(),
                           static_cast<unsigned>(texts_.size()), HS_MODE_BLOCK, nullptr, &database_,
                           &error) != HS_SUCCESS) {
    hs_free_compile_error(error);
    database_ = nullptr;
  }
}

MarkerSet::~MarkerSet() {
  hs_free_database(database_);
}

MarkerScratch::MarkerScratch(const MarkerSet& markers) : markers_(&markers) {
  if (markers.database_ != nullptr)
    PICKET_CHECK(hs_alloc_scratch(markers.database_, &scratch_) == HS_SUCCESS);
}

MarkerScratch::~MarkerScratch() {
  hs_free_scratch(scratch_);
}

const std::vector<std::uint32_t>& MarkerScratch::find(std::string_view text) {
  found_.clear();
  if (markers_->filter_.useful()) {
    markers_->filter_.find(text, found_);
    return found_;
  }
  if (scratch_ != nullptr && text.size() <= std::numeric_limits<unsigned>::max()) {
    (void)hs_scan(markers_->database_, text.data(), static_cast<unsigned>(text.size()), 0, scratch_,
                  note, &found_);
    return found_;
  }
  for (std::uint32_t id = 0; id < markers_->size(); ++id) {
    if (text.find(markers_->text(id)) != std::string_view::npos) found_.push_back(id);
  }
  return found_;
}

}  // namespace picket::parsers
