// What an archive holds comes back as it was, and an archive that is not as it was made is found.
#include <gtest/gtest.h>
#include <zstd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "base/base64.h"
#include "base/digest.h"
#include "base/utf8.h"
#include "base/world.h"
#include "storage/archive/archive_import.h"
#include "storage/archive/archive_line.h"
#include "storage/archive/archive_reader.h"
#include "storage/archive/archive_writer.h"
#include "storage/integrity/chain.h"
#include "storage/integrity/verify.h"
#include "tests/storage/scratch.h"

namespace picket::storage {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::int64_t kHour = 3'600'000'000'000;
const std::vector<std::string> kSources = {"web", "fw/../x", "th\xc6\xb0"};

std::string bytes_at(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put_bytes_at(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::string digest_of(std::string_view bytes) {
  Digester digester;
  digester.add(bytes);
  return to_hex(bytes_of(digester.finish()));
}

std::string squeezed(std::string_view plain) {
  std::string frame(ZSTD_compressBound(plain.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), plain.data(), plain.size(), 3));
  return frame;
}

using Row =
    std::tuple<std::string, std::int64_t, std::int64_t, ParseStatus, std::string, std::uint32_t>;
using Rows = std::map<std::pair<std::string, std::uint64_t>, Row>;

class ArchiveTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_.path());
    store_ = open("store");
    for (const std::string& name : kSources) ASSERT_OK(store_->source_id(name));
  }

  std::unique_ptr<Store> open(const std::string& name) {
    StoreOptions options;
    options.path = at(name);
    options.pack_rows = 60;
    options.reserve_bytes = 0;
    options.clock = &clock_;
    Result<std::unique_ptr<Store>> opened = Store::open(options);
    EXPECT_TRUE(opened) << opened.error().what;
    return opened ? *std::move(opened) : nullptr;
  }
  std::string at(const std::string& name) const { return folder_.path() + "/" + name; }

  void add(Batch& batch, std::uint32_t source, std::string_view raw) {
    batch.add(raw, SourceId{source}, next_[source]++, clock_.now().count());
    batch.begin_event().time_ns = clock_.now().count();
  }

  void commit(Batch& batch) {
    Commit commit;
    commit.add(batch, {});
    ASSERT_OK(store_->commit(commit));
    clock_.advance(1h);
  }

  void commit_few() {
    for (int i = 0; i < 3; ++i) {
      Batch batch;
      for (std::uint32_t source = 0; source < 3; ++source)
        add(batch, source, "row " + std::to_string(i));
      commit(batch);
    }
  }

  ArchiveOptions options(const std::string& name) {
    ArchiveOptions options;
    options.folder = at(name);
    options.sources = store_->source_names();
    options.chain = store_->chain();
    options.made_ns = clock_.now().count();
    return options;
  }

  ArchiveManifest archive(const std::string& name, std::size_t buffered_max = 64 * 1024 * 1024) {
    ArchiveOptions how = options(name);
    how.buffered_max = buffered_max;
    auto writer = ArchiveWriter::begin(std::move(how));
    EXPECT_TRUE(writer) << writer.error().what;
    EXPECT_TRUE(store_->scan({.newest_first = false}, [&](const StoredRow& row) {
      const auto added = (*writer)->add(row);
      EXPECT_TRUE(added) << added.error().what;
      return true;
    }));
    auto manifest = (*writer)->finish();
    EXPECT_TRUE(manifest) << manifest.error().what;
    return manifest ? *manifest : ArchiveManifest();
  }

  Json ledger_line() const {
    const auto lines = store_->ledger();
    EXPECT_TRUE(lines);
    return lines ? to_json(lines->at(0)) : Json();
  }

  static Rows rows_of(const Store& store) {
    Rows rows;
    const std::vector<std::string> names = store.source_names();
    EXPECT_TRUE(store.scan({.newest_first = false}, [&](const StoredRow& row) {
      const bool is_new = rows.emplace(std::pair(names[static_cast<std::size_t>(row.record.source)],
                                                 row.record.seq),
                                       Row(row.record.raw, row.record.received_ns, row.time_ns,
                                           row.status, row.record.heading, row.record.length))
                              .second;
      EXPECT_TRUE(is_new) << "twice: " << row.record.seq;
      return true;
    }));
    return rows;
  }

  // Empty: it is sound. Else what was found first.
  std::string finding(const std::string& name) {
    const Result<ArchiveReport> report = check_archive(at(name));
    if (!report) return report.error().what;
    if (report->is_sound()) return "";
    const ArchiveFinding& first = report->findings.front();
    return first.file + ":" + std::to_string(first.line) + ": " + first.what;
  }

  Result<ImportReport> import(Store& store, const std::string& name) {
    return import_archive(store, {.folder = at(name), .actor = "tester"}, clock_);
  }

  void remove_all() {
    const auto gone = store_->expire({.since = [](std::string_view) { return INT64_MAX; }});
    ASSERT_OK(gone);
    ASSERT_TRUE(rows_of(*store_).empty());
  }

  std::string findings_of_store(const std::string& name) {
    VerifyOptions how;
    how.path = at(name);
    const Result<VerifyReport> report = verify_store(how);
    if (!report) return report.error().what;
    return report->is_clean() ? "" : dump_json(to_json(report->findings.kept().front()));
  }

  // An archive of one file with these lines, sums and all.
  void forge(const std::string& name, std::string_view plain,
             const std::function<void(ArchiveManifest&)>& change = {}) {
    fs::create_directories(at(name));
    ArchiveManifest manifest;
    ArchiveFile file;
    file.name = "000001-web-2026-01-01.ndjson.zst";
    file.source = "web";
    const std::string bytes = squeezed(plain);
    file.bytes = bytes.size();
    file.plain_bytes = plain.size();
    file.records = static_cast<std::uint64_t>(std::count(plain.begin(), plain.end(), '\n'));
    file.sha256 = digest_of(bytes);
    file.plain_sha256 = digest_of(plain);
    manifest.files.push_back(file);
    put_bytes_at(at(name) + "/" + file.name, bytes);
    if (change) change(manifest);
    put_bytes_at(at(name) + "/manifest.json", manifest_text(manifest));
  }

  static std::string line(std::uint64_t seq, const std::string& source = "web") {
    ArchivedRecord record;
    record.source = source;
    record.seq = seq;
    record.raw = "row";
    record.length = 3;
    return archive_line(record, nullptr);
  }

  Scratch folder_;
  SimClock clock_{std::chrono::seconds(1'767'225'600)};
  std::unique_ptr<Store> store_;
  std::map<std::uint32_t, std::uint64_t> next_;
};

std::string random_raw(std::mt19937_64& random, int kind) {
  const std::size_t size = kind == 0 ? 1024 * 1024 : random() % 300;
  std::string raw;
  for (std::size_t i = 0; i < size; ++i) {
    if (kind <= 1)
      raw += static_cast<char>(random() % 256);  // any bytes
    else if (kind == 2)
      raw += static_cast<char>(random() % 4);  // NULs and their like
    else if (kind == 3)
      raw += random() % 9 == 0 ? "\xe1\xbb\x87" : "\"\\\n\r\t";  // what JSON escapes
    else
      raw += static_cast<char>(' ' + random() % 90);
  }
  return raw;
}

TEST_F(ArchiveTest, WhatGoesComesBackAsItWas) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 8; ++i) {
      Batch batch;
      for (std::uint64_t n = random() % 60; n > 0; --n) {
        const auto source = static_cast<std::uint32_t>(random() % 3);
        const std::string raw =
            random_raw(random, n == 1 && i == 0 ? 0 : static_cast<int>(1 + random() % 4));
        Record& record = batch.add(raw, SourceId{source}, next_[source]++,
                                   clock_.now().count() + static_cast<int>(random() % 1000));
        if (random() % 7 == 0) record.length += static_cast<std::uint32_t>(random() % 100);
        if (random() % 5 == 0)
          batch.set_heading(record, random_raw(random, static_cast<int>(1 + random() % 4)));
        Event& event = batch.begin_event();
        event.time_ns =
            random() % 4 == 0 ? static_cast<std::int64_t>(random()) : clock_.now().count();
        event.status = static_cast<ParseStatus>(random() % 3);
      }
      commit(batch);
    }
    while (*store_->pack()) {
    }
    const Rows before = rows_of(*store_);
    const Json ledger = ledger_line();
    const std::string name = "archive-" + std::to_string(seed);
    const ArchiveManifest manifest = archive(name, seed % 2 == 0 ? 1000 : 64 * 1024 * 1024);
    EXPECT_EQ(manifest.records(), before.size());
    EXPECT_EQ(finding(name), "");
    remove_all();
    const auto back = import(*store_, name);
    ASSERT_OK(back);
    EXPECT_EQ(back->imported, before.size());
    EXPECT_EQ(rows_of(*store_), before) << "seed " << seed;
    EXPECT_EQ(ledger_line(), ledger) << "what comes back was counted when it came";
    const auto again = import(*store_, name);
    ASSERT_OK(again);
    EXPECT_EQ(again->imported, 0U);
    EXPECT_EQ(again->known, before.size());
    EXPECT_EQ(rows_of(*store_), before);
    const std::string other_name = "other-" + std::to_string(seed);
    const std::unique_ptr<Store> other = open(other_name);
    ASSERT_OK(import(*other, name));
    EXPECT_EQ(rows_of(*other), before);
    std::uint64_t stored = 0;
    const auto lines = other->ledger();
    ASSERT_OK(lines);
    for (const Ledger& one : *lines) {
      stored += one.stored;
      EXPECT_EQ(one.residual(), 0);
    }
    EXPECT_EQ(stored, before.size()) << "another store counts them";
    EXPECT_EQ(findings_of_store("store"), "");
    EXPECT_EQ(findings_of_store(other_name), "");
    remove_all();
  }
}

TEST_F(ArchiveTest, NumbersGoOnBehindWhatCameBack) {
  commit_few();
  archive("a");
  const std::unique_ptr<Store> other = open("other");
  ASSERT_OK(import(*other, "a"));
  EXPECT_EQ(other->next_seq(*other->source_id("web")), 3U);
}

TEST_F(ArchiveTest, EachChangedByteIsFound) {
  commit_few();
  archive("a");
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(at("a"))) names.push_back(entry.path().string());
  ASSERT_EQ(names.size(), 4U);
  std::mt19937_64 random(7);
  for (const std::string& name : names) {
    const std::string sound = bytes_at(name);
    for (std::size_t i = 0; i < sound.size(); ++i) {
      std::string changed = sound;
      changed[i] = static_cast<char>(changed[i] ^ (1 << random() % 8));
      put_bytes_at(name, changed);
      ASSERT_NE(finding("a"), "") << name << " at " << i;
    }
    for (const std::size_t size : {std::size_t{0}, sound.size() / 2, sound.size() - 1}) {
      put_bytes_at(name, sound.substr(0, size));
      ASSERT_NE(finding("a"), "") << name << " cut to " << size;
    }
    put_bytes_at(name, sound + "\n");
    ASSERT_NE(finding("a"), "") << name << " with more";
    put_bytes_at(name, sound);
    fs::rename(name, at("aside"));
    ASSERT_NE(finding("a").find("is missing"), std::string::npos);
    fs::create_symlink(at("aside"), name);
    ASSERT_NE(finding("a").find("is a link"), std::string::npos);
    fs::remove(name);
    fs::rename(at("aside"), name);
    ASSERT_EQ(finding("a"), "");
  }
  put_bytes_at(at("a") + "/more", "");
  EXPECT_EQ(finding("a"), "more:0: is not in the manifest");
  const auto refused = import(*store_, "a");
  ASSERT_OK(refused);
  EXPECT_FALSE(refused->archive.is_sound());
  EXPECT_FALSE(store_->documents(kImportSpace)->size() > 0) << "nothing was written";
}

TEST_F(ArchiveTest, IsNeverWrittenOverAnother) {
  commit_few();
  archive("a");
  EXPECT_FALSE(ArchiveWriter::begin(options("a")));
  auto first = ArchiveWriter::begin(options("b"));
  ASSERT_OK(first);
  EXPECT_FALSE(ArchiveWriter::begin(options("b"))) << "it is being made";
  fs::create_directory(at("b"));  // comes meanwhile
  EXPECT_FALSE((*first)->finish());
  first->reset();
  EXPECT_FALSE(fs::exists(at("b.partial")));
  EXPECT_TRUE(fs::is_empty(at("b")));
  EXPECT_EQ(finding("a"), "");
}

TEST_F(ArchiveTest, ForgedArchivesAreRefusedWithFileAndLine) {
  forge("good", line(0) + line(1));
  EXPECT_EQ(finding("good"), "");
  forge("line", line(0) + "{\"record\":{}}\n");
  EXPECT_EQ(finding("line"), "000001-web-2026-01-01.ndjson.zst:2: 'source' is missing or wrong");
  forge("source", line(0) + line(1, "fw"));
  EXPECT_NE(finding("source").find(":2: the record is of another source"), std::string::npos);
  forge("torn", line(0) + "{");
  EXPECT_NE(finding("torn").find("ends in the middle"), std::string::npos);
  for (const char* const name :
       {"../good/manifest.json", "/etc/passwd", "..", "a/b.ndjson.zst", ".a.ndjson.zst", ""}) {
    forge("name", line(0), [&](ArchiveManifest& manifest) { manifest.files[0].name = name; });
    EXPECT_NE(finding("name").find("a name that is none of its files"), std::string::npos) << name;
  }
  forge("twice-named", line(0),
        [](ArchiveManifest& manifest) { manifest.files.push_back(manifest.files[0]); });
  EXPECT_NE(finding("twice-named").find("named twice"), std::string::npos);
  forge("bomb", std::string(64 * 1024 * 1024, ' '),
        [](ArchiveManifest& manifest) { manifest.files[0].plain_bytes = 1000; });
  EXPECT_NE(finding("bomb").find("holds more than the manifest says"), std::string::npos);
  forge("long", std::string(kArchiveLineMax + 1, ' '));
  EXPECT_NE(finding("long").find(":1: the line is longer"), std::string::npos);
  forge("huge", line(0),
        [](ArchiveManifest& manifest) { manifest.files[0].plain_bytes = UINT64_MAX; });
  EXPECT_NE(finding("huge").find("longer than a file"), std::string::npos);
  forge("twice", line(5) + line(6) + line(4) + line(5));
  const auto twice = import(*store_, "twice");
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().what.find("record 5 of source 'web' more than once"), std::string::npos);
  EXPECT_TRUE(rows_of(*store_).empty());
}

TEST_F(ArchiveTest, OtherRecordsUnderTheSameNumbersAreNotTouched) {
  commit_few();
  const Rows before = rows_of(*store_);
  forge("other", line(9) + line(2));
  const auto refused = import(*store_, "other");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kInvalid);
  EXPECT_NE(refused.error().what.find("another record 2 of source 'web'"), std::string::npos);
  EXPECT_EQ(rows_of(*store_), before);
}

// First the archive, then the write that removes; whatever happens between the two.
TEST_F(ArchiveTest, NothingGoesThatIsNotInTheArchive) {
  commit_few();
  const Rows before = rows_of(*store_);
  auto writer = ArchiveWriter::begin(options("a"));
  ASSERT_OK(writer);
  Removal removal;
  const std::int64_t since = clock_.now().count() - kHour;
  removal.since = [&](std::string_view) { return since; };
  removal.row = [&](const StoredRow& row) { return (*writer)->add(row); };
  removal.ready = []() -> Result<void> { return fail(Errc::kFull, "no room for the archive"); };
  const auto failed = store_->expire(removal);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().what, "no room for the archive");
  EXPECT_EQ(rows_of(*store_), before);
  removal.row = [](const StoredRow&) -> Result<void> { return fail(Errc::kIo, "no"); };
  removal.ready = [] { return Result<void>(); };
  EXPECT_FALSE(store_->expire(removal));
  EXPECT_EQ(rows_of(*store_), before);
  writer->reset();
  writer = ArchiveWriter::begin(options("a"));
  ASSERT_OK(writer);
  std::uint64_t in_archive = 0;
  removal.row = [&](const StoredRow& row) { return (*writer)->add(row); };
  removal.ready = [&]() -> Result<void> {
    PICKET_TRY(const ArchiveManifest manifest, (*writer)->finish());
    in_archive = manifest.records();
    EXPECT_EQ(rows_of(*store_), before) << "still there";
    return {};
  };
  const auto gone = store_->expire(removal);
  ASSERT_OK(gone);
  EXPECT_EQ(gone->rows, in_archive);
  EXPECT_EQ(rows_of(*store_).size() + in_archive, before.size());
  ASSERT_OK(import(*store_, "a"));
  EXPECT_EQ(rows_of(*store_), before);
  EXPECT_EQ(findings_of_store("store"), "");
}

// The process ends when the archive is there and the write that removes is not: the next sweep makes
// another archive of the same records, and both may be imported.
TEST_F(ArchiveTest, ACrashBetweenArchiveAndRemovalLosesNothing) {
  commit_few();
  const Rows before = rows_of(*store_);
  for (const char* const name : {"first", "second"}) {
    auto writer = ArchiveWriter::begin(options(name));
    ASSERT_OK(writer);
    Removal removal;
    removal.since = [](std::string_view) { return INT64_MAX; };
    removal.row = [&](const StoredRow& row) { return (*writer)->add(row); };
    removal.ready = [&]() -> Result<void> {
      PICKET_TRY_VOID((*writer)->finish());
      if (std::string_view(name) == "first") return fail(Errc::kIo, "the end");
      return {};
    };
    const auto gone = store_->expire(removal);
    if (std::string_view(name) == "second") {
      ASSERT_OK(gone);
      break;
    }
    ASSERT_FALSE(gone);
    store_.reset();
    store_ = open("store");
    ASSERT_EQ(rows_of(*store_), before);
    ASSERT_EQ(finding("first"), "");
  }
  EXPECT_TRUE(rows_of(*store_).empty());
  ASSERT_OK(import(*store_, "first"));
  const auto second = import(*store_, "second");
  ASSERT_OK(second);
  EXPECT_EQ(second->known, before.size());
  EXPECT_EQ(rows_of(*store_), before);
}

// Their commits are not in the order of their numbers any more.
TEST_F(ArchiveTest, RetentionSeesBehindWhatCameBack) {
  Batch first;
  add(first, 0, "one");
  commit(first);
  archive("a");
  remove_all();
  Batch shared;
  add(shared, 0, "two");
  add(shared, 1, "three");
  commit(shared);
  const std::int64_t now = clock_.now().count();
  clock_.advance(1h);
  ASSERT_OK(import(*store_, "a"));
  const auto gone = store_->expire(
      {.since = [&](std::string_view name) { return name == "web" ? now - 2 * kHour : now; }});
  ASSERT_OK(gone);
  EXPECT_EQ(gone->blocks, 0U) << "web is kept for longer";
  EXPECT_EQ(rows_of(*store_).size(), 3U);
}

TEST_F(ArchiveTest, CountsWithoutRemoving) {
  commit_few();
  Removal removal;
  removal.since = [](std::string_view name) { return name == "web" ? INT64_MAX : INT64_MIN; };
  removal.count_only = true;
  auto counted = store_->expire(removal);
  ASSERT_OK(counted);
  EXPECT_EQ(counted->blocks, 0U);
  EXPECT_EQ(counted->mixed, 3U);
  removal.since = [](std::string_view) { return INT64_MAX; };
  removal.to_ns = clock_.now().count() - 2 * kHour;
  counted = store_->expire(removal);
  ASSERT_OK(counted);
  EXPECT_EQ(counted->rows, 3U);
  removal.holds = [] {
    return std::vector<Hold>{{.covers = [](std::string_view) { return true; }}};
  };
  counted = store_->expire(removal);
  ASSERT_OK(counted);
  EXPECT_EQ(counted->rows, 0U);
  EXPECT_EQ(counted->held_rows, 3U);
  EXPECT_EQ(rows_of(*store_).size(), 9U);
}

TEST_F(ArchiveTest, SaysWhatItWasTakenOf) {
  commit_few();
  StoreOptions options;
  options.path = at("store");
  options.read_only = true;
  const auto reader = Store::open(options);
  ASSERT_OK(reader);
  EXPECT_EQ((*reader)->chain().hash, store_->chain().hash);
  EXPECT_EQ((*reader)->chain().links, store_->chain().links);
  const ArchiveManifest manifest = archive("a");
  EXPECT_EQ(manifest.store, to_hex(store_->chain().store));
  EXPECT_EQ(manifest.link_hash.size(), 64U);
  EXPECT_EQ(check_archive(at("a"))->manifest.sha256, manifest.sha256);
}

TEST(Base64, TakesWhatItWritesAndNothingElse) {
  std::mt19937_64 random(3);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(random() % 256);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
  EXPECT_EQ(to_base64("light wor"), "bGlnaHQgd29y");
  EXPECT_EQ(to_base64("light wo"), "bGlnaHQgd28=");
  for (const char* const wrong :
       {"bGlnaHQgd28", "bGlnaHQgd29=", "bGln HQgd28=", "====", "b===", "=AAA", "AA=A"})
    EXPECT_FALSE(from_base64(wrong)) << wrong;
}

TEST(Utf8, IsStrict) {
  for (const char* const good :
       {"", "a", "\xc3\xa9", "\xe1\xbb\x87", "\xf0\x9f\x98\x80", "\xef\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good));
  for (const char* const bad : {"\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80",
                                "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe1\xbb"})
    EXPECT_FALSE(is_utf8(bad));
}

}  // namespace
}  // namespace picket::storage
