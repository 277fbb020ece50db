// What the chain promises: whatever somebody does to the history of a store, past the store, is
// found.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "storage/copy_store.h"
#include "storage/encoding.h"
#include "storage/integrity/chain.h"
#include "storage/integrity/head_file.h"
#include "storage/integrity/verify.h"
#include "tests/storage/history.h"

namespace picket::storage {
namespace {

int rounds(int fallback) {
  const char* const set = std::getenv("PICKET_INTEGRITY_ROUNDS");
  return set != nullptr ? std::max(1, static_cast<int>(std::strtol(set, nullptr, 10))) : fallback;
}

std::string show(const VerifyReport& report) {
  std::string text = dump_json(to_json(report)) + "\n";
  for (const Finding& finding : report.findings.kept()) text += dump_json(to_json(finding)) + "\n";
  return text;
}

std::map<std::string, std::string>& of(Contents& contents, Family family) {
  return contents[static_cast<std::size_t>(family)];
}

template <class Map>
auto nth(Map& map, std::uint64_t n) {
  return std::next(map.begin(), static_cast<std::ptrdiff_t>(n % map.size()));
}

// One who has the database in his hands, but not the key.
class Forger {
 public:
  explicit Forger(std::uint64_t seed, const History& history)
      : random_(seed), past_(history.past) {}

  // Changes `contents`, and says how.
  std::string change(Contents& contents) {
    switch (random_() % 8) {
      case 0:
      case 1:
        return edit(contents);
      case 2:
        return erase(contents);
      case 3:
        return swap(contents);
      case 4:
        return swap_commits(contents);
      case 5:
        return cut_off(contents);
      case 6:
        return insert(contents);
      default:
        return forge_chain(contents);
    }
  }

 private:
  // A family of the history with at least that many entries.
  Family family(Contents& contents, std::size_t entries) {
    for (;;) {
      const auto one = static_cast<Family>(random_() % kFamilies);
      if (is_history(one) && of(contents, one).size() >= entries) return one;
    }
  }

  std::string edit(Contents& contents) {
    const Family where = family(contents, 1);
    const auto entry = nth(of(contents, where), random_());
    std::string& value = entry->second;
    if (value.empty() || random_() % 8 == 0) {
      value += static_cast<char>(random_());
    } else if (random_() % 8 == 0) {
      value.pop_back();
    } else {
      value[random_() % value.size()] ^= static_cast<char>(1U << (random_() % 8));
    }
    return "edit " + name(where);
  }

  std::string erase(Contents& contents) {
    const Family where = family(contents, 1);
    of(contents, where).erase(nth(of(contents, where), random_()));
    return "delete " + name(where);
  }

  std::string swap(Contents& contents) {
    const Family where = family(contents, 2);
    std::swap(nth(of(contents, where), random_())->second,
              nth(of(contents, where), random_())->second);
    return "swap " + name(where);
  }

  // All that two commits wrote once changes places, in the chain too.
  std::string swap_commits(Contents& contents) {
    for (const Family where : {Family::kEvents, Family::kHits, Family::kChain}) {
      auto& values = of(contents, where);
      if (values.size() < 3) continue;
      const auto at = random_() % (values.size() - 1);
      std::swap(nth(values, at)->second, nth(values, at + 1)->second);
    }
    return "reorder";
  }

  // The store as it was before its last commits, whole and with the roots of that time.
  std::string cut_off(Contents& contents) {
    contents = past_[random_() % (past_.size() - 1)];
    return "truncate";
  }

  std::string insert(Contents& contents) {
    const Family where = family(contents, 1);
    const auto entry = nth(of(contents, where), random_());
    std::string key = entry->first;
    key[random_() % key.size()] ^= static_cast<char>(1U << (random_() % 8));
    if (!of(contents, where).emplace(key, entry->second).second) return insert(contents);
    return "insert " + name(where);
  }

  // An edit, and a chain that is made to fit it again; roots as they are, or left out.
  std::string forge_chain(Contents& contents) {
    auto& links = of(contents, Family::kChain);
    const bool drop_roots = random_() % 2 == 0;
    std::uint64_t victim = random_() % links.size();
    Digester digester;
    Digest hash{};
    std::uint64_t number = 0;
    std::map<std::string, std::string> forged;
    bool changed = false;
    for (const auto& [key, value] : links) {
      const Result<Link> link = read_link(Reader(key).big64(), value);
      EXPECT_TRUE(link);
      if (victim > 0) --victim;
      if (link->kind == LinkKind::kRoot && drop_roots && victim == 0) {
        changed = true;
        continue;
      }
      std::string body(link->body);
      if (!changed && victim == 0 && link->kind == LinkKind::kWrite && body.size() > 40) {
        body.back() ^= 1;  // the digest of the last entry
        changed = true;
      }
      hash = link_hash(digester, hash, ++number, body);
      forged.emplace(link_key(number), body.append(bytes_of(hash)));
    }
    links = std::move(forged);
    return "forge";
  }

  static std::string name(Family family) { return kFamilyNames[static_cast<std::size_t>(family)]; }

  std::mt19937_64 random_;
  const std::vector<Contents>& past_;
};

struct Tally {
  int made = 0;
  int found = 0;
  std::map<std::string, int> missed;  // by what was done
};

// Does `n` things to the history, one after the other, each on the store as it was.
void forge(History& history, int n, bool check_chain, bool with_head, Tally& tally) {
  StoreOptions options = history.options();
  options.key_file.clear();
  options.head_file.clear();
  const auto store = RocksStore::open_unread(options);
  ASSERT_OK(store);
  const Contents original = contents_of(**store);
  Forger forger(20261123, history);
  VerifyOptions how;
  how.check_chain = check_chain;
  how.key = *public_key_from_pem(*read_file(history.options().key_file + ".pub"));
  if (with_head) how.head_file = history.options().head_file;
  while (tally.made < n) {
    Contents changed = original;
    const std::string what = forger.change(changed);
    if (changed == original) continue;
    replace(**store, original, changed);
    const auto report = verify_store(**store, how);
    replace(**store, changed, original);
    ASSERT_OK(report);
    ++tally.made;
    if (report->is_clean()) {
      ++tally.missed[what];
    } else {
      ++tally.found;
    }
  }
  const auto after = verify_store(**store, how);
  ASSERT_OK(after);
  EXPECT_TRUE(after->is_clean() || !check_chain) << show(*after);
}

// All that a reader sees of a store, or the error that he meets.
std::string read_back(History& history) {
  StoreOptions options = history.options();
  options.read_only = true;
  const Result<std::unique_ptr<Store>> store = Store::open(options);
  return store ? show(**store) : "error: " + store.error().what;
}

Result<VerifyReport> verify(History& history) {
  VerifyOptions options;
  options.path = "/store";
  options.env = history.env();
  options.head_file = history.options().head_file;
  return verify_store(options);
}

TEST(Integrity, AnUntouchedStoreIsClean) {
  History history(1);
  history.make(60, false);
  VerifyOptions options;
  options.path = "/store";
  options.env = history.env();
  options.head_file = history.options().head_file;
  options.key = *public_key_from_pem(*read_file(history.options().key_file + ".pub"));
  const auto report = verify_store(options);
  ASSERT_OK(report);
  EXPECT_TRUE(report->is_clean()) << show(*report);
  EXPECT_EQ(report->commits, 60U);
  EXPECT_EQ(report->rows, history.model.rows.size());
  EXPECT_EQ(report->unsigned_links, 0U);  // it was closed
  EXPECT_GT(report->roots, 10U);
  EXPECT_EQ(report->heads, report->roots);
  EXPECT_EQ(report->before_chain, 0U);
  for (std::size_t i = 0; i < kEvidences; ++i) EXPECT_GT(report->values[i], 0U) << i;
}

TEST(Integrity, EveryManipulationIsFound) {
  History history(2);
  history.make(40, true);
  Tally tally;
  forge(history, rounds(1000), true, true, tally);
  EXPECT_EQ(tally.found, tally.made);
  for (const auto& [what, n] : tally.missed) ADD_FAILURE() << n << " not found: " << what;
}

// The negative controls: the same test must miss some without the chain, and tails that were cut
// off without the exported heads, or it proves nothing.
TEST(Integrity, WithoutTheChainTheTestMissesMany) {
  History history(2);
  history.make(40, true);
  Tally tally;
  forge(history, std::min(rounds(200), 200), false, false, tally);
  EXPECT_LT(tally.found, tally.made * 9 / 10);
}

TEST(Integrity, WithoutHeadsOnlyTailsAreMissed) {
  History history(2);
  history.make(40, true);
  Tally tally;
  forge(history, std::min(rounds(200), 200), true, false, tally);
  EXPECT_GT(tally.missed["truncate"], 0);
  tally.missed.erase("truncate");
  for (const auto& [what, n] : tally.missed) ADD_FAILURE() << n << " not found: " << what;
}

// A store of an older version goes on, and what is older than its chain is told from what was
// added.
TEST(Integrity, AnOldStoreGetsAChain) {
  History history(6);
  history.packs = false;  // that came later than chains
  history.make(10, false);
  {
    StoreOptions options = history.options();
    options.key_file.clear();
    const auto store = RocksStore::open_unread(options);
    ASSERT_OK(store);
    const Contents contents = contents_of(**store);
    Contents old = contents;
    of(old, Family::kChain).clear();
    replace(**store, contents, old);
    const auto report = verify_store(**store, {});
    ASSERT_OK(report);
    ASSERT_EQ(report->findings.total(), 1U);
    EXPECT_EQ(report->findings.kept().front().difference, Difference::kUnchained);
  }
  std::filesystem::remove(history.options().head_file);
  {
    const auto store = Store::open(history.options());
    ASSERT_OK(store);
    CommitMaker maker(8);
    ASSERT_OK((*store)->commit(maker.make(history.model)));
    EXPECT_EQ((*store)->chain().links, 3U);  // its beginning, the commit, a root
  }
  const auto report = verify(history);
  ASSERT_OK(report);
  EXPECT_TRUE(report->is_clean()) << show(*report);
  EXPECT_GT(report->before_chain, 10U);
  const auto store = RocksStore::open_unread(history.options());
  ASSERT_OK(store);
  const Contents contents = contents_of(**store);
  Contents changed = contents;
  const auto last = *std::prev(of(changed, Family::kEvents).end());
  of(changed, Family::kEvents).erase(last.first);
  replace(**store, contents, changed);
  EXPECT_FALSE(verify_store(**store, {})->is_clean());
}

TEST(Integrity, AStoreOfBeforeTheEntityIndexGetsIt) {
  History history(9);
  history.make(10, false);
  const auto found = [](const Store& store) {
    std::string cursor;
    const auto alerts =
        store.alerts({.rule_id = "", .incident_id = "", .entity = Entity{"host", "h"}}, 100, cursor);
    return alerts ? alerts->size() : 0;
  };
  {
    StoreOptions options = history.options();
    options.key_file.clear();
    const auto store = RocksStore::open_unread(options);
    ASSERT_OK(store);
    const Contents contents = contents_of(**store);
    Contents old = contents;
    ASSERT_GT(of(old, Family::kEntityIndex).size(), 2U);
    of(old, Family::kEntityIndex).clear();
    replace(**store, contents, old);
    EXPECT_GT(found(**store), 0U);  // looked for among all
  }
  const auto store = Store::open(history.options());
  ASSERT_OK(store);
  EXPECT_EQ(found(**store), history.model.alerts.size());
  const auto report = verify(history);
  ASSERT_OK(report);
  EXPECT_TRUE(report->is_clean()) << show(*report);
}

TEST(Integrity, TheStoreTellsThatItsEndIsMissing) {
  History history(7);
  history.make(12, true);
  {
    StoreOptions options = history.options();
    options.key_file.clear();
    const auto store = RocksStore::open_unread(options);
    ASSERT_OK(store);
    replace(**store, contents_of(**store), history.past[5]);
  }
  const auto store = Store::open(history.options());
  ASSERT_OK(store);
  EXPECT_GT((*store)->chain().head_ahead, (*store)->chain().links);
}

// The end of a burst is signed when nothing else comes in.
TEST(Integrity, TheEndIsSignedByTheClock) {
  History history(10);
  const auto store = Store::open(history.options());
  ASSERT_OK(store);
  for (const std::string& name : kModelSources) ASSERT_OK((*store)->source_id(name));
  EXPECT_LT((*store)->chain().root_link, (*store)->chain().links);
  ASSERT_OK((*store)->seal_chain());
  EXPECT_LT((*store)->chain().root_link, (*store)->chain().links);
  history.clock.advance(std::chrono::seconds(10));
  ASSERT_OK((*store)->seal_chain());
  const std::uint64_t links = (*store)->chain().links;
  EXPECT_EQ((*store)->chain().root_link, links);
  EXPECT_EQ((*store)->chain().heads, 2U);
  history.clock.advance(std::chrono::seconds(100));
  ASSERT_OK((*store)->seal_chain());
  EXPECT_EQ((*store)->chain().links, links);
}

// Beside a store that is being written to, flushed and signed all the while.
TEST(Integrity, VerifyRunsBesideAWriter) {
  const Scratch folder;
  std::filesystem::create_directories(folder.path());
  StoreOptions options;
  options.path = folder.path() + "/store";
  options.memtable_bytes = 64 * 1024;
  options.key_file = folder.path() + "/key";
  options.head_file = folder.path() + "/heads";
  SimClock clock;
  options.clock = &clock;
  const auto store = Store::open(options);
  ASSERT_OK(store);
  for (const std::string& name : kModelSources) ASSERT_OK((*store)->source_id(name));
  std::atomic<bool> done = false;
  std::thread writer([&] {
    CommitMaker maker(11);
    StoreModel model;
    for (int i = std::min(rounds(400), 400); i > 0; --i) {
      clock.advance(std::chrono::seconds(4));
      EXPECT_TRUE((*store)->commit(maker.make(model)));
    }
    done = true;
  });
  VerifyOptions how;
  how.path = options.path;
  how.head_file = options.head_file;
  std::uint64_t rows = 0;
  for (bool last = false; !last;) {
    last = done;
    const Result<VerifyReport> report = verify_store(how);
    if (!report) ADD_FAILURE() << report.error().what;
    if (!report) break;
    EXPECT_TRUE(report->is_clean()) << show(*report);
    EXPECT_GE(report->rows, rows);
    rows = report->rows;
  }
  writer.join();
  EXPECT_GT(rows, 0U);
}

// Heads that cannot be exported are counted, and stop nothing.
TEST(Integrity, AHeadFileThatCannotBeWrittenIsTold) {
  History history(8);
  StoreOptions options = history.options();
  options.head_file = history.outside.path() + "/no/such/folder/heads";
  const auto store = Store::open(options);
  ASSERT_OK(store);
  ASSERT_OK((*store)->source_id("web"));
  EXPECT_EQ((*store)->chain().heads_failed, 1U);
  EXPECT_NE((*store)->chain().head_error, "");
}

// The old id leads to the incident, and is no entry that somebody added.
TEST(Integrity, AnIncidentMayGetAnotherId) {
  for (const bool told : {true, false}) {
    History history(10);
    const StoreOptions options = history.options();
    {
      const auto store = Store::open(options);
      ASSERT_OK(store);
      Incident incident;
      incident.id = "first";
      incident.number = 1;
      Commit commit;
      commit.put(incident);
      ASSERT_OK((*store)->commit(commit));
      commit.clear();
      incident.id = "second";
      if (told) {
        IncidentChange& change = incident.history.emplace_back();
        change.number = 1;
        change.verb = "rename";
        change.before = {{"id", "first"}};
      }
      commit.put(incident);
      ASSERT_OK((*store)->commit(commit));
      EXPECT_EQ((*store)->incident("first")->id, "second");
    }
    VerifyOptions how;
    how.path = options.path;
    how.env = options.env;
    const auto report = verify_store(how);
    ASSERT_OK(report);
    EXPECT_EQ(report->is_clean(), told) << show(*report);
  }
}

TEST(Integrity, ACopyIsTheSameStore) {
  History history(9);
  history.make(30, false);
  CopyOptions options;
  options.from = "/store";
  options.to = "/copy";
  options.env = history.env();
  ASSERT_OK(copy_store(options));
  EXPECT_FALSE(copy_store(options));  // there is one already
  StoreOptions how;
  how.path = "/copy";
  how.env = history.env();
  how.read_only = true;
  const auto copy = RocksStore::open_unread(how);
  how.path = "/store";
  const auto store = RocksStore::open_unread(how);
  ASSERT_OK(copy);
  ASSERT_OK(store);
  EXPECT_EQ(contents_of(**copy), contents_of(**store));
}

// One flipped bit in the files of a store, anywhere.
class Flipper {
 public:
  Flipper(History& history, std::uint64_t seed) : history_(history), random_(seed) {
    for (const auto& [path, size] : history.fs().files()) {
      if (size > 0) files_.emplace_back(path, size);
      bytes_ += size;
    }
  }

  // Large files are hit oftener, small ones (which say what the large ones are) often enough.
  std::string flip() {
    std::uint64_t at = random_() % bytes_;
    auto file = files_.begin();
    for (; at >= file->second; ++file) at -= file->second;
    if (random_() % 4 == 0)
      file = std::next(files_.begin(), static_cast<std::ptrdiff_t>(random_() % files_.size()));
    path_ = file->first;
    bit_ = random_() % (file->second * 8);
    history_.fs().flip_bit(path_, bit_);
    return path_ + " bit " + std::to_string(bit_);
  }
  void flip_back() { history_.fs().flip_bit(path_, bit_); }

 private:
  History& history_;
  std::mt19937_64 random_;
  std::vector<std::pair<std::string, std::size_t>> files_;
  std::uint64_t bytes_ = 0;
  std::string path_;
  std::size_t bit_ = 0;
};

// Reading everything back after a bit was flipped gives errors, or exactly what was written; or, as
// a flipped bit in the log looks like its torn end, an earlier state, and then verify() says so.
TEST(Integrity, AFlippedBitIsNeverAWrongAnswer) {
  History history(3);
  history.make(120, false);
  const std::string written = read_back(history);
  ASSERT_EQ(written.find("error:"), std::string::npos);
  Flipper flipper(history, 4);
  int harmless = 0;
  int errors = 0;
  int by_verify = 0;
  for (int i = rounds(1000); i > 0; --i) {
    const std::string where = flipper.flip();
    const std::string left = read_back(history);
    if (left == written) {
      ++harmless;
    } else if (left.find("error:") != std::string::npos) {
      ++errors;
    } else {
      const Result<VerifyReport> report = verify(history);
      ASSERT_TRUE(!report || !report->is_clean()) << where << "\n" << left;
      ++by_verify;
    }
    flipper.flip_back();
  }
  ASSERT_EQ(read_back(history), written);
  std::printf("harmless %d, errors %d, found by verify %d\n", harmless, errors, by_verify);
  EXPECT_GT(errors + by_verify, 0);
  if (rounds(1000) < 200) return;  // few flips may all hit the log, or all miss it
  EXPECT_GT(errors, 0);
  EXPECT_GT(by_verify, 0);
}

// verify() reads every byte that counts: what it calls clean is what was written.
TEST(Integrity, VerifyFindsFlippedBits) {
  History history(3);
  history.make(120, false);
  const std::string written = read_back(history);
  Flipper flipper(history, 5);
  int found = 0;
  for (int i = std::min(rounds(300), 300); i > 0; --i) {
    const std::string where = flipper.flip();
    const Result<VerifyReport> report = verify(history);
    if (!report || !report->is_clean()) {
      ++found;
    } else {
      EXPECT_EQ(read_back(history), written) << where;
    }
    flipper.flip_back();
  }
  EXPECT_GT(found, 0);
}

}  // namespace
}  // namespace picket::storage
