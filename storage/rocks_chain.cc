// The chain in the commit path: every write that holds evidence gets its link in the same
// WriteBatch.
//
// What belongs into a link is read from the finished batch, so nothing that is written can be
// forgotten. The lock of the chain is held over the whole write: links are numbered in the order in
// which they reach the disk.
#include <openssl/rand.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "base/world.h"
#include "storage/encoding.h"
#include "storage/integrity/head_file.h"
#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

constexpr std::size_t kKeyFileMax = 16 * 1024;

std::optional<Evidence> evidence_of(Family family) {
  switch (family) {
    case Family::kEvents:
      return Evidence::kBlock;
    case Family::kHits:
      return Evidence::kHits;
    case Family::kAlerts:
      return Evidence::kAlert;
    case Family::kIncidents:
      return Evidence::kIncident;
    case Family::kDocuments:
      return Evidence::kDocument;
    case Family::kLedger:
      return Evidence::kLedger;
    case Family::kSources:
      return Evidence::kSource;
    case Family::kOffsets:
      return Evidence::kOffset;
    default:
      return std::nullopt;  // indexes follow from these; state is derived; the rest is not evidence
  }
}

// Puts into a link what a batch does to evidence.
class BatchReader final : public rocksdb::WriteBatch::Handler {
 public:
  using Kinds = std::array<std::optional<Evidence>, 64>;  // by id of the column family
  BatchReader(const Kinds& kinds, Digester& digester, LinkBuilder& link)
      : kinds_(kinds), digester_(digester), link_(link) {}

  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    if (const auto kind = kind_of(family)) link_.put(digester_, *kind, view(key), view(value));
    return {};
  }
  rocksdb::Status DeleteCF(std::uint32_t family, const rocksdb::Slice& key) override {
    if (const auto kind = kind_of(family)) link_.remove(*kind, view(key));
    return {};
  }

 private:
  std::optional<Evidence> kind_of(std::uint32_t family) const {
    return family < kinds_.size() ? kinds_[family] : std::nullopt;
  }
  const Kinds& kinds_;
  Digester& digester_;
  LinkBuilder& link_;
};

std::string make_store_id() {
  std::array<unsigned char, kStoreIdBytes> id{};
  PICKET_CHECK(RAND_bytes(id.data(), static_cast<int>(id.size())) == 1);
  return {id.begin(), id.end()};
}

std::int64_t now_ns(const StoreOptions& options) {
  RealClock real;
  return (options.clock != nullptr ? *options.clock : static_cast<Clock&>(real)).now().count();
}

}  // namespace

Result<void> RocksStore::load_chain() {
  if (options_.read_only) {
    // Whoever only reads can do without it.
    chain_.with([&](Chain& chain) {
      if (family(Family::kChain) != nullptr && !load_end(chain.end)) chain.end = {};
    });
    return {};
  }
  // The lock of the tables is taken before that of the chain, never behind it: a write of a table has both.
  const std::uint64_t last = tables_.with([](const Tables& tables) { return tables.last_commit; });
  return chain_.with([&](Chain& chain) -> Result<void> {
    PICKET_TRY_VOID(load_end(chain.end));
    if (chain.end.store.empty()) chain.end.commit = last;
    PICKET_TRY_VOID(load_key(chain));
    if (options_.head_file.empty() || chain.end.store.empty()) return {};
    // A head file that cannot be read is not worth stopping for; export_head() will say so.
    const auto head = last_head(options_.head_file, chain.end.store);
    if (head && *head && (*head)->head.link > chain.end.link)
      chain.status.head_ahead = (*head)->head.link;
    return {};
  });
}

// The last link, and the last root before it, which is never far.
Result<void> RocksStore::load_end(ChainEnd& end) const {
  const auto links = iterate(Family::kChain);
  for (links->SeekToLast(); links->Valid(); links->Prev()) {
    const std::uint64_t number = Reader(view(links->key())).big64();
    PICKET_TRY(const Link link, read_link(number, view(links->value())));
    if (end.link == 0) {
      end.link = number;
      end.commit = link.commit;
      end.time_ns = link.time_ns;
      end.hash = link.hash;
    }
    if (link.kind == LinkKind::kRoot) {
      end.root_link = number;
      end.root_ns = link.time_ns;
      break;
    }
    if (end.link - number >= kRootEveryLinks) break;  // a store without a key has none
  }
  if (links->status().ok() && end.link > 0) {
    links->SeekToFirst();
    if (links->Valid()) {
      PICKET_TRY(const Link first, read_link(1, view(links->value())));
      end.store = first.store;
    }
  }
  if (!links->status().ok()) return rocks_error(links->status(), "chain");
  if (end.link > 0 && end.store.size() != kStoreIdBytes)
    return fail(Errc::kCorrupt, "store: the beginning of the chain is missing");
  return {};
}

Result<void> RocksStore::load_key(Chain& chain) const {
  if (options_.key_file.empty()) return {};
  const Result<std::string> pem = read_file(options_.key_file, kKeyFileMax);
  if (pem) {
    Result<SigningKey> key = SigningKey::from_pem(*pem);
    if (!key) return fail(key.error().code, options_.key_file + ": " + key.error().what);
    chain.key = *std::move(key);
  } else if (pem.error().code == Errc::kNotFound) {
    chain.key = SigningKey::make();
    PICKET_TRY_VOID(write_file(options_.key_file, chain.key->pem(), 0600));
  } else {
    return tl::unexpected(pem.error());
  }
  const std::string half = options_.key_file + ".pub";
  const std::string text = public_key_pem(chain.key->public_key());
  const Result<std::string> there = read_file(half, kKeyFileMax);
  return there && *there == text ? Result<void>() : write_file(half, text, 0644);
}

bool RocksStore::had_evidence() const {
  for (std::size_t i = 0; i < kFamilies; ++i) {
    if (!evidence_of(static_cast<Family>(i))) continue;
    const auto entries = iterate(static_cast<Family>(i));
    entries->SeekToFirst();
    if (entries->Valid()) return true;
  }
  return false;
}

void RocksStore::put_link(Chain& chain, rocksdb::WriteBatch& batch, LinkBuilder link,
                          ChainEnd& end) const {
  const std::string value = std::move(link).seal(chain.digester, ++end.link, end.hash);
  batch.Put(family(Family::kChain), link_key(end.link), value);
}

void RocksStore::put_root(Chain& chain, rocksdb::WriteBatch& batch, bool closed,
                          ChainEnd& end) const {
  SignedHead& head = chain.signed_head;
  head.head = end.head();
  head.key = chain.key->public_key();
  head.signature = chain.key->sign(signed_text(head.head));
  LinkBuilder root(LinkKind::kRoot, end.time_ns, end.commit);
  root.root(head.key, head.signature, closed);
  put_link(chain, batch, std::move(root), end);
  end.root_link = end.link;
  end.root_ns = end.time_ns;
}

ChainEnd RocksStore::extend(Chain& chain, rocksdb::WriteBatch& batch, std::uint64_t commit) const {
  ChainEnd end = chain.end;
  BatchReader::Kinds kinds;
  for (std::size_t i = 0; i < kFamilies; ++i) {
    const std::uint32_t id = families_[i]->GetID();
    PICKET_CHECK(id < kinds.size());
    kinds[id] = evidence_of(static_cast<Family>(i));
  }
  end.time_ns = now_ns(options_);
  const std::uint64_t commit_before = end.commit;
  if (commit != 0) end.commit = commit;
  LinkBuilder link(LinkKind::kWrite, end.time_ns, end.commit);
  BatchReader reader(kinds, chain.digester, link);
  PICKET_CHECK(batch.Iterate(&reader).ok());
  if (link.empty() && commit == 0) return chain.end;
  if (end.store.empty()) {
    end.store = make_store_id();
    LinkBuilder begin(LinkKind::kBegin, end.time_ns, commit_before);
    begin.begin(end.store, had_evidence());
    put_link(chain, batch, std::move(begin), end);
  }
  put_link(chain, batch, std::move(link), end);
  if (chain.key && end.root_due()) put_root(chain, batch, false, end);
  return end;
}

// The write is done, so what goes wrong here must not undo it: it is told, and the next root tries
// again.
void RocksStore::export_head(Chain& chain) const {
  if (options_.head_file.empty()) return;
  const Result<void> done = append_head(options_.head_file, chain.signed_head);
  ++(done ? chain.status.heads : chain.status.heads_failed);
  chain.status.head_error = done ? "" : done.error().what;
}

// A root alone, for links that have none behind them yet.
Result<void> RocksStore::put_last_root(Chain& chain, bool closed) {
  if (!chain.key || chain.end.store.empty() || chain.end.root_link == chain.end.link) return {};
  // Not worth a try: the links stay unsigned until the next write.
  if (health_.with([](const Health& health) { return health.failed || health.stopped; })) return {};
  rocksdb::WriteBatch batch;
  ChainEnd end = chain.end;
  put_root(chain, batch, closed, end);
  PICKET_TRY_VOID(write_batch(batch));
  chain.end = std::move(end);
  export_head(chain);
  return {};
}

Result<void> RocksStore::seal_chain() {
  if (options_.read_only) return {};
  return chain_.with([&](Chain& chain) -> Result<void> {
    ChainEnd now = chain.end;
    now.time_ns = now_ns(options_);
    if (!now.root_due()) return {};
    return put_last_root(chain, false);
  });
}

void RocksStore::close_chain() {
  if (options_.read_only) return;
  // What goes wrong here leaves links unsigned, and the next start goes on with them.
  chain_.with([&](Chain& chain) { (void)put_last_root(chain, true); });
}

ChainStatus RocksStore::chain() const {
  return chain_.with([](const Chain& chain) {
    ChainStatus status = chain.status;
    status.store = chain.end.store;
    if (chain.end.link > 0) status.hash = bytes_of(chain.end.hash);
    status.links = chain.end.link;
    status.root_link = chain.end.root_link;
    status.root_ns = chain.end.root_ns;
    return status;
  });
}

}  // namespace picket::storage
