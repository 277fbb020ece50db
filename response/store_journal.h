// The journal in the store: documents of the space "runs", each put synced by itself. The store
// must outlive it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "response/journal.h"
#include "storage/store.h"

namespace picket::response {

class StoreJournal final : public Journal {
 public:
  explicit StoreJournal(storage::Store& store) : store_(store) {}

  Result<void> put(std::string_view key, const Json& document) override {
    return store_.put_document(kSpace, key, document);
  }
  Result<Json> get(std::string_view key) const override { return store_.document(kSpace, key); }
  Result<std::vector<std::pair<std::string, Json>>> all() const override {
    return store_.documents(kSpace);
  }

 private:
  static constexpr std::string_view kSpace = "runs";
  storage::Store& store_;
};

}  // namespace picket::response
