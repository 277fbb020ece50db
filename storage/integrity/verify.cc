#include "storage/integrity/verify.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/time.h"
#include "storage/encoding.h"
#include "storage/integrity/block_links.h"
#include "storage/integrity/chain_check.h"
#include "storage/integrity/head_file.h"
#include "storage/integrity/ordered_check.h"
#include "storage/integrity/packed_blocks.h"
#include "storage/integrity/value_check.h"
#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

// Names of sources by id, as far as they can be read: for findings only.
std::vector<std::string> source_names(const RocksStore& store) {
  std::vector<std::string> names;
  const auto sources = store.iterate(Family::kSources);
  for (sources->SeekToFirst(); sources->Valid(); sources->Next()) {
    const std::uint32_t id = Reader(view(sources->key())).big32();
    const Result<std::string_view> name = unwrap_value(view(sources->value()), "a source");
    if (id >= kSourcesMax || !name) continue;
    if (id >= names.size()) names.resize(id + 1);
    names[id] = *name;
  }
  return names;
}

void add_of_store(VerifyReport& report, Difference difference, std::string kind,
                  std::string detail) {
  report.findings.add({.difference = difference,
                       .kind = std::move(kind),
                       .key = "",
                       .rows = {},
                       .detail = std::move(detail)});
}

// What the store says of itself is no evidence, but follows from it: its format, and the number of
// the last commit.
void check_numbers(const RocksStore& store, bool is_packed, VerifyReport& report) {
  const std::string format = format_value(is_packed ? kFormat : kFormatRows);
  std::string commit;
  put_little(commit, report.commits, 8);
  const auto entries = store.iterate(Family::kMeta);
  int right = 0;
  for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
    const std::string_view key = view(entries->key());
    const bool is_known = key == "format" || key == "commit";
    if (is_known && view(entries->value()) == (key == "format" ? format : commit)) {
      ++right;
      continue;
    }
    report.findings.add(
        {.difference = is_known ? Difference::kEdited : Difference::kAdded,
         .kind = "meta",
         .key = std::string(key),
         .rows = {},
         .detail =
             key == "commit" ? "the chain ends at commit " + std::to_string(report.commits) : ""});
    if (is_known) ++right;
  }
  if (!entries->status().ok())
    add_of_store(report, Difference::kDamaged, "meta", entries->status().ToString());
  else if (right < (report.commits > 0 ? 2 : 1))
    add_of_store(report, Difference::kDeleted, "meta", "the format or the last commit is missing");
}

// Exported heads against the links that they name.
class HeadCheck {
 public:
  HeadCheck(const RocksStore& store, VerifyReport& report) : store_(store), report_(report) {}

  Result<void> run(const std::string& path, std::uint64_t bytes) {
    PICKET_TRY_VOID(
        read_heads(path, bytes, [&](std::uint64_t number, const Result<SignedHead>& head) {
          line(number, head);
          return true;
        }));
    if (report_.heads == 0)
      add_of_store(report_, Difference::kUnchained, "head",
                   path + ": there is no head of this store");
    return {};
  }

 private:
  void line(std::uint64_t number, const Result<SignedHead>& head) {
    const std::string where = "line " + std::to_string(number);
    if (!head) return add(Difference::kDamaged, where, {}, head.error().what);
    const Head& said = head->head;
    // Of another store. A store that has lost its chain is of no other.
    if (!report_.store.empty() && said.store != report_.store) return;
    ++report_.heads;
    if (said.link < last_link_)
      add(Difference::kRewritten, where, said,
          "an earlier link than the line before: the store was replaced by an older copy");
    last_link_ = said.link;
    if (said.link >= report_.links) {  // the root that signs it is the link behind
      add(Difference::kTruncated, where, said,
          "the store ends at link " + std::to_string(report_.links));
    } else if (!is_of_store(said)) {
      add(Difference::kRewritten, where, said, "the store has another link of that number");
    }
    // Ten thousand signatures a second: too slow for each of a year's lines, which are all compared
    // with the chain, whose roots are checked.
    if (++checked_ % kSignatureEvery == 1 || said.link > report_.links)
      check_signature(where, *head);
  }

  void check_signature(const std::string& where, const SignedHead& head) {
    if (!head.is_genuine())
      add(Difference::kForged, where, head.head, "the signature is not of this head");
    if (report_.key && head.key != *report_.key)
      add(Difference::kForged, where, head.head, "signed by another key");
  }

  bool is_of_store(const Head& said) const {
    const auto value = store_.get(Family::kChain, link_key(said.link));
    if (!value || !*value) return false;
    const Result<Link> link = read_link(said.link, **value);
    return link && link->hash == said.hash && link->commit == said.commit;
  }

  void add(Difference difference, const std::string& where, const Head& head, std::string detail) {
    report_.findings.add({.difference = difference,
                          .kind = "head",
                          .key = where,
                          .link = head.link,
                          .commit = head.commit,
                          .time_ns = head.time_ns,
                          .rows = {},
                          .detail = std::move(detail)});
  }

  static constexpr std::uint64_t kSignatureEvery = 64;
  const RocksStore& store_;
  VerifyReport& report_;
  std::uint64_t last_link_ = 0;
  std::uint64_t checked_ = 0;
};

// What repairs recorded. Whether that is what they wrote is looked at with all other documents.
std::vector<Json> repairs_of(const RocksStore& store) {
  const std::string prefix = std::string(kRepairSpace) + '\0';
  std::vector<Json> repairs;
  const auto documents = store.iterate(Family::kDocuments);
  for (documents->Seek(prefix); documents->Valid(); documents->Next()) {
    if (!documents->key().starts_with(prefix)) break;
    const Result<std::string_view> body = unwrap_value(view(documents->value()), "a repair");
    Result<Json> json = body ? parse_json(*body) : tl::unexpected(body.error());
    if (json && json->is_object()) repairs.push_back(*std::move(json));
  }
  return repairs;
}

class Verification {
 public:
  Verification(const RocksStore& store, const VerifyOptions& options, VerifyReport& report)
      : store_(store),
        options_(options),
        report_(report),
        sources_(source_names(store)),
        chain_(store, options, report),
        blocks_(store, Evidence::kBlock, sources_, packed_, report),
        hits_(store, Evidence::kHits, sources_, packed_, report),
        values_(store, sources_, report) {}

  void run() {
    if (options_.check_chain) {
      packed_.read(store_);
      chain_.run([&](std::uint64_t number, const Link& link) { write(number, link); });
    }
    const bool chained = options_.check_chain && report_.links > 0;
    if (chained) {
      blocks_.finish();
      hits_.finish();
      check_numbers(store_, !packed_.empty() || blocks_.has_column_blocks(), report_);
    } else {
      blocks_.read_all();
      hits_.read_all();
    }
    values_.run(chained, chain_.had_before());
    blocks_.check_index();
    report_.repairs = repairs_of(store_);
  }

 private:
  void write(std::uint64_t number, const Link& link) {
    const std::uint64_t before = chain_.had_before() ? chain_.commits_before() : 0;
    blocks_.set_commits_before(before);
    hits_.set_commits_before(before);
    const bool removes = removes_blocks(link);  // read before all others
    for (const ChainEntry& entry : link.entries) {
      if (!is_immutable(entry.evidence)) {
        values_.expect(number, link, entry);
      } else if (!entry.removed && !(removes && entry.evidence == Evidence::kBlock)) {
        (entry.evidence == Evidence::kBlock ? blocks_ : hits_).expect(number, link, entry);
      }
    }
  }

  const RocksStore& store_;
  const VerifyOptions& options_;
  VerifyReport& report_;
  std::vector<std::string> sources_;
  PackedBlocks packed_;
  ChainCheck chain_;
  OrderedCheck blocks_;
  OrderedCheck hits_;
  ValueCheck values_;
};

Result<VerifyReport> verify_once(const VerifyOptions& options) {
  StoreOptions how;
  how.path = options.path;
  how.read_only = true;
  how.env = options.env;
  // Heads that are exported from now on may be of links that the snapshot does not have.
  VerifyOptions as_of_now = options;
  std::error_code no_size;
  const std::uintmax_t size = std::filesystem::file_size(options.head_file, no_size);
  if (!no_size) as_of_now.head_bytes = std::min<std::uint64_t>(size, options.head_bytes);
  const Result<std::unique_ptr<RocksStore>> store = RocksStore::open_unread(std::move(how));
  if (store) return verify_store(**store, as_of_now);
  if (store.error().code == Errc::kNotFound) return tl::unexpected(store.error());
  VerifyReport report;
  add_of_store(report, Difference::kDamaged, "store", store.error().what);
  return report;
}

}  // namespace

Json to_json(const VerifyReport& report) {
  Json json = {{"clean", report.is_clean()},
               {"findings", report.findings.total()},
               {"store", to_hex(report.store)},
               {"links", report.links},
               {"roots", report.roots},
               {"unsigned_links", report.unsigned_links},
               {"commits", report.commits},
               {"heads", report.heads},
               {"rows", report.rows},
               {"raw_bytes", report.raw_bytes},
               {"before_chain", report.before_chain},
               {"repairs", report.repairs.size()}};
  if (report.links > 0) {
    json["first"] = format_time(report.begin_ns);
    json["last"] = format_time(report.end_ns);
  }
  if (report.key) {
    const auto* const key = reinterpret_cast<const char*>(report.key->data());
    json["key"] = to_hex({key, report.key->size()});
  }
  for (std::size_t i = 0; i < kEvidences; ++i)
    json["values"][std::string(evidence_name(static_cast<Evidence>(i + 1)))] = report.values[i];
  return json;
}

// A server that flushes may remove a log between our reading what files there are and opening them;
// then a part is missing in our snapshot, and not in the store. So what differs is looked at twice.
Result<VerifyReport> verify_store(const VerifyOptions& options) {
  Result<VerifyReport> report = verify_once(options);
  if (report && !report->is_clean()) report = verify_once(options);
  return report;
}

Result<VerifyReport> verify_store(const RocksStore& store, const VerifyOptions& options) {
  VerifyReport report;
  Verification(store, options, report).run();
  if (options.check_chain && report.links == 0 && report.has_values())
    add_of_store(report, Difference::kUnchained, "store",
                 "there is no chain: nothing can be proven");
  if (options.check_chain && !options.head_file.empty()) {
    PICKET_TRY_VOID(HeadCheck(store, report).run(options.head_file, options.head_bytes));
  }
  return report;
}

}  // namespace picket::storage
