// The hash chain over the store's history: one link for each write, roots that are signed, heads
// that leave the machine. docs/formats/store.md has the bytes, docs/decisions/0008-integrity.md the
// reasons.
//
// A LinkBuilder makes the bytes of one link; read_link() reads one back, from a disk that may be
// damaged or forged. Views of a Link die with the bytes it was read from. Any thread, no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/ed25519.h"
#include "base/json.h"
#include "base/result.h"

namespace picket::storage {

inline constexpr std::size_t kStoreIdBytes = 16;
// A root follows the write that makes one of these true, counted from the root before.
inline constexpr std::int64_t kRootEveryNs = 10'000'000'000;
inline constexpr std::uint64_t kRootEveryLinks = 4096;

enum class LinkKind : std::uint8_t { kBegin = 1, kWrite = 2, kRoot = 3 };

// What a link binds. The numbers are on disk.
enum class Evidence : std::uint8_t {
  kBlock = 1,
  kHits = 2,
  kAlert = 3,
  kIncident = 4,
  kDocument = 5,
  kLedger = 6,
  kSource = 7,
  kOffset = 8,
};
inline constexpr std::size_t kEvidences = 8;
std::string_view evidence_name(Evidence evidence);  // "block", "alert", ...
// Written once and never changed; the others are put again, and the last link that names one
// counts.
inline bool is_immutable(Evidence evidence) {
  return evidence == Evidence::kBlock || evidence == Evidence::kHits;
}
// Lines of the ledger and read positions change with each commit, so theirs are shorter.
inline std::size_t digest_bytes(Evidence evidence) {
  return evidence == Evidence::kLedger || evidence == Evidence::kOffset ? 16 : 32;
}
Digest evidence_digest(Digester& digester, Evidence evidence, std::string_view key,
                       std::string_view value);

struct ChainEntry {
  Evidence evidence = Evidence::kBlock;
  bool removed = false;
  std::string_view key;
  std::string_view digest;  // empty when removed
};

// The state of a store in a few bytes: what is signed, and what is exported.
struct Head {
  std::string store;  // its id, kStoreIdBytes
  std::uint64_t link = 0;
  std::uint64_t commit = 0;
  std::int64_t time_ns = 0;
  Digest hash{};  // of that link, and so of all before it
};
std::string signed_text(const Head& head);  // what the signature is of

struct SignedHead {
  Head head;
  PublicKey key{};
  Signature signature{};
  bool is_genuine() const { return is_signed_by(key, signed_text(head), signature); }
};
Json to_json(const SignedHead& head);
Result<SignedHead> signed_head_from_json(const Json& json);

struct Link {
  LinkKind kind = LinkKind::kWrite;
  std::int64_t time_ns = 0;
  std::uint64_t commit = 0;  // the last one when the link was made
  std::string_view store;    // of kBegin: the id of the store
  bool had_before = false;   // of kBegin: there was evidence before the chain
  std::vector<ChainEntry> entries;
  PublicKey key{};  // of kRoot, which signs the link before it
  Signature signature{};
  bool closed = false;    // of kRoot: the store was closed behind it
  std::string_view body;  // what the hash is of
  Digest hash{};          // as stored
};
Result<Link> read_link(std::uint64_t number, std::string_view value);
Digest link_hash(Digester& digester, const Digest& before, std::uint64_t number,
                 std::string_view body);

class LinkBuilder {
 public:
  LinkBuilder(LinkKind kind, std::int64_t time_ns, std::uint64_t commit);
  void put(Digester& digester, Evidence evidence, std::string_view key, std::string_view value);
  void remove(Evidence evidence, std::string_view key);
  void begin(std::string_view store, bool had_before);
  void root(const PublicKey& key, const Signature& signature, bool closed);
  bool empty() const { return !has_entries_; }
  // The value, and into `hash` the hash of the link; `hash` comes in as that of the link before.
  std::string seal(Digester& digester, std::uint64_t number, Digest& hash) &&;

 private:
  std::string body_;
  bool has_entries_ = false;
};

std::string link_key(std::uint64_t number);

// Where a chain ends; the rule of when a root is due is the same for who writes and who checks.
struct ChainEnd {
  std::string store;  // empty: there is no chain
  std::uint64_t link = 0;
  std::uint64_t commit = 0;
  std::int64_t time_ns = 0;
  Digest hash{};
  std::uint64_t root_link = 0;  // 0: none yet
  std::int64_t root_ns = 0;

  bool root_due() const {
    return root_link == 0 || link - root_link >= kRootEveryLinks || time_ns < root_ns ||
           time_ns - root_ns >= kRootEveryNs;
  }
  Head head() const { return {store, link, commit, time_ns, hash}; }
};

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);

}  // namespace picket::storage
