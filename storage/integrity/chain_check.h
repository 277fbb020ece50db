// ChainCheck: walks the links in order, checks hashes, roots and where roots are due, and hands the
// links of writes on. Private to storage/; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "storage/integrity/chain.h"
#include "storage/integrity/verify.h"
#include "storage/rocks_store.h"

namespace picket::storage {

class ChainCheck {
 public:
  ChainCheck(const RocksStore& store, const VerifyOptions& options, VerifyReport& report)
      : store_(store), options_(options), report_(report) {}

  // The link lives during the call.
  void run(const std::function<void(std::uint64_t number, const Link&)>& write);

  bool had_before() const { return had_before_; }
  std::uint64_t commits_before() const { return commits_before_; }

 private:
  void link(std::uint64_t number, std::string_view value);
  void begin(std::uint64_t number, const Link& link);
  void root(std::uint64_t number, const Link& link);
  void root_due(std::uint64_t number, const Link& link);
  void add(Difference difference, std::uint64_t number, const Link& link, std::string detail);

  const RocksStore& store_;
  const VerifyOptions& options_;
  VerifyReport& report_;
  std::function<void(std::uint64_t, const Link&)> write_;
  Digester digester_;
  ChainEnd end_;
  bool unknown_before_ = false;  // the link before could not be read
  bool had_before_ = false;
  std::uint64_t commits_before_ = 0;
};

}  // namespace picket::storage
