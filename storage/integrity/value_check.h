// ValueCheck: what is put again and again (alerts, incidents, documents, the ledger, sources, read
// positions) must be what the last link that names it recorded, and nothing else may be there. Its
// indexes must be as it says. Private to storage/; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/integrity/chain.h"
#include "storage/integrity/verify.h"
#include "storage/rocks_store.h"

namespace picket::storage {

// As stored, with its version byte. Of the kinds that ValueCheck looks at.
bool value_can_be_read(Evidence evidence, std::string_view value);

class ValueCheck {
 public:
  ValueCheck(const RocksStore& store, const std::vector<std::string>& sources, VerifyReport& report)
      : store_(store), sources_(sources), report_(report) {}

  void expect(std::uint64_t number, const Link& link, const ChainEntry& entry);
  // Compares all that is stored. Without the chain, and of what may be older than it
  // (`had_before`), values are only read.
  void run(bool check_chain, bool had_before);

 private:
  struct Last {  // link that names a key
    std::string digest;
    std::uint64_t link = 0;
    std::uint64_t commit = 0;
    std::int64_t time_ns = 0;
    bool removed = false;
  };
  void family(Evidence evidence, bool check_chain, bool had_before);
  void value(Evidence evidence, std::string_view key, std::string_view value, bool check_chain,
             bool had_before);
  bool content(Evidence evidence, std::string_view key, std::string_view value);
  void alert_index();
  bool entities_lead_here(const Alert& alert, std::string_view by_time) const;
  void entity_index();
  bool leads_to_its_alert(std::string_view key) const;
  void incident_index();
  void add(Difference difference, Evidence evidence, std::string_view key, const Last& last,
           std::string detail);
  std::string key_text(Evidence evidence, std::string_view key) const;

  const RocksStore& store_;
  const std::vector<std::string>& sources_;
  VerifyReport& report_;
  Digester digester_;
  std::unordered_map<std::string, Last> last_;  // by kind (one byte) and key
  std::uint64_t alerts_ = 0;
  std::uint64_t incidents_ = 0;
};

}  // namespace picket::storage
