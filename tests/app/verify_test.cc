// Alerts decided again from the store: the same after rules were edited, and what differs when an
// alert, an event or a kept text was tampered with.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "app/engine.h"
#include "app/rule_texts.h"
#include "app/source_formats.h"
#include "app/verifier.h"
#include "base/world.h"

namespace picket::app {
namespace {

constexpr const char* kRules = R"(title: Failed
id: 6f4a3a5e-0000-4000-8000-000000000001
name: failed
level: low
logsource: {product: linux}
detection:
  sel: {message|contains: ' failed '}
  condition: sel
---
title: Odd
id: 6f4a3a5e-0000-4000-8000-000000000002
level: low
logsource: {product: linux}
detection:
  sel: {message|contains: ' odd '}
  condition: sel
picket:
  suppress: {for: 1h, by: [host.hostname]}
---
title: Many failed
id: 6f4a3a5e-0000-4000-8000-000000000003
level: high
correlation:
  type: event_count
  rules: [failed]
  group-by: [host.hostname]
  timespan: 1h
  condition: {gte: 3}
  generate: true
)";
constexpr const char* kException = R"(title: Laboratory
id: 6f4a3a5e-0000-4000-8000-000000000004
logsource: {product: linux}
filter:
  rules: [failed]
  selection: {host.hostname: lab}
  condition: not selection
)";
constexpr const char* kYara = "rule needle { /* \xff */ strings: $a = \"needle\" condition: $a }";

class VerifyTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("picket-verify-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "rules");
    write("a.yml", kRules);
    write("b.yml", kException);
    write("c.yar", kYara);
    auto store = storage::Store::open(
        {.path = (folder_ / "store").string(), .sync = false, .reserve_bytes = 0});
    ASSERT_TRUE(store) << store.error().what;
    store_ = *std::move(store);
    ASSERT_TRUE(store_->source_id("auth"));
    ASSERT_TRUE(keep_source_format(*store_, "auth", {.format = "syslog"}));
    raise();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void write(const std::string& file, const std::string& text) {
    std::ofstream(folder_ / "rules" / file) << text;
  }
  Detection load() {
    auto detection = load_detection({PICKET_SOURCE_DIR "/content"},
                                    {.rules = {(folder_ / "rules").string()}, .keep_texts = true});
    EXPECT_TRUE(detection) << detection.error().what;
    return *std::move(detection);
  }

  void raise() {
    EngineOptions options;
    options.sources.push_back({"auth", "", {.format = "syslog"}});
    collector::DeliveryQueue queue(64);
    Wakeup wakeup;
    EngineListener listener;
    listener.alert = [](const Alert&) {};
    listener.incident = [](const Incident&) {};
    Engine engine(options, load(), *store_, queue, wakeup, clock_, listener);
    collector::Delivery delivery;
    delivery.batch = std::make_unique<Batch>();
    for (int i = 0; i < 30; ++i) {
      const std::string text = "<34>1 2026-01-01T00:00:" + std::to_string(10 + i) + "Z " +
                               (i % 2 == 0 ? "web" : "lab") + " app - - - login " +
                               (i % 3 == 0 ? "failed" : "odd") + " for ann";
      delivery.batch->add(text, SourceId{}, 0, clock_.now().count());
    }
    ASSERT_TRUE(queue.try_push(std::move(delivery)));
    engine.start();
    engine.stop();  // takes what is queued
    ASSERT_EQ(engine.statistics().events, 30U);
  }

  std::vector<Alert> alerts() {
    std::string cursor;
    auto found = store_->alerts({}, 1000, cursor);
    EXPECT_TRUE(found);
    return *std::move(found);
  }
  Alert alert(const std::string& rule) {
    for (Alert& one : alerts()) {
      if (one.rule.name == rule) return std::move(one);
    }
    ADD_FAILURE() << "no alert of " << rule;
    return {};
  }
  Verification verify(const Alert& alert) {
    const Detection live = load();
    Verifier verifier(*store_, {.catalog = [&] { return live.catalog; },
                                .taxonomy = live.taxonomy,
                                .live = [&] { return live.rules; }});
    return verifier.verify(alert);
  }
  static std::vector<std::string> codes(const std::vector<Remark>& remarks) {
    std::vector<std::string> found;
    for (const Remark& remark : remarks) found.push_back(remark.code);
    return found;
  }
  // The first difference, as "code: was -> is".
  std::string difference(const Alert& alert) {
    const Verification verification = verify(alert);
    EXPECT_EQ(verification.outcome(), Outcome::kDiffers);
    if (verification.differences.empty()) return {};
    const Remark& first = verification.differences.front();
    return first.code + ": " + first.was + " -> " + first.is;
  }

  std::filesystem::path folder_;
  RealClock clock_;
  std::unique_ptr<storage::Store> store_;
};

TEST_F(VerifyTest, EveryAlertIsTheSame) {
  const std::vector<Alert> all = alerts();
  ASSERT_EQ(all.size(), 8U);  // 5 of Failed, 2 of Odd, 1 of the correlation
  for (const Alert& one : all) {
    const Verification verification = verify(one);
    EXPECT_EQ(verification.outcome(), Outcome::kSame) << to_json(verification).dump(1);
    EXPECT_EQ(verification.events, one.events.size());
    EXPECT_TRUE(verification.notes.empty()) << to_json(verification).dump(1);
  }
  EXPECT_EQ(alert("Many failed").events.size(), 5U);
  EXPECT_EQ(alert("Odd").hit_count, 10U);
}

TEST_F(VerifyTest, EditsOfRulesAreNotes) {
  const std::vector<Alert> all = alerts();
  std::string edited = kRules;
  for (const char* word : {" failed ", " odd "}) edited.replace(edited.find(word), 2, " x");
  edited.replace(edited.find("gte: 3"), 6, "gte: 9");
  write("a.yml", edited);
  write("b.yml", "");
  for (const Alert& one : all) {
    const Verification verification = verify(one);
    EXPECT_EQ(verification.outcome(), Outcome::kSame) << to_json(verification).dump(1);
    EXPECT_EQ(codes(verification.notes), std::vector<std::string>{"live_differs"});
  }
  std::filesystem::remove(folder_ / "rules/a.yml");
  write("b.yml", kException);
  EXPECT_EQ(codes(verify(alert("Odd")).notes), std::vector<std::string>{"live_gone"});
}

TEST_F(VerifyTest, ATamperedDetectionDiffers) {
  const Alert honest = alert("Failed");
  Alert one = honest;
  one.matches.at(0).begin += 1;
  EXPECT_TRUE(difference(one).starts_with("match: sel:7 message = ")) << difference(one);
  one = honest;
  one.id[0] = one.id[0] == 'a' ? 'b' : 'a';
  EXPECT_EQ(difference(one), "alert_id: " + one.id + " -> " + honest.id);
  one = honest;
  one.rule.hash = std::string(64, '0');
  EXPECT_EQ(difference(one), "rule_hash: " + one.rule.hash + " -> " + honest.rule.hash);
  one = honest;
  ++one.trigger.seq;  // an event that did not raise it
  one.events = {one.trigger};
  EXPECT_TRUE(difference(one).starts_with("not_true: ")) << difference(one);
  one = honest;
  one.time_ns += 1'000'000'000;
  EXPECT_TRUE(difference(one).starts_with("time: "));
  one = honest;
  one.rule.id = "another";
  EXPECT_TRUE(difference(one).starts_with("rule_not_in_text: "));
}

// Another event of the same source: they are a second apart.
EventRef earlier(EventRef trigger, std::uint64_t seq) {
  trigger.time_ns -= static_cast<std::int64_t>(trigger.seq - seq) * 1'000'000'000;
  trigger.seq = seq;
  return trigger;
}

TEST_F(VerifyTest, ATamperedCorrelationDiffers) {
  const Alert honest = alert("Many failed");
  Alert one = honest;
  one.window.count = 4;
  EXPECT_EQ(difference(one), "count: 4 -> 3");
  one = honest;
  one.group.at(0).second = "lab";
  EXPECT_EQ(difference(one), "group: lab -> web");
  one = honest;
  ++one.hit_count;
  EXPECT_EQ(difference(one), "hit_count: 6 -> 5");
  one = honest;
  one.events.erase(one.events.begin());
  one.hit_count -= 1;
  EXPECT_EQ(difference(one), "count: 3 -> 2");
  one = honest;
  one.window.start_ns += 1'000'000'000;
  EXPECT_TRUE(difference(one).starts_with("window: "));
  one = honest;
  one.events.push_back(earlier(one.trigger, 1));  // of the laboratory: odd, not failed
  EXPECT_TRUE(difference(one).starts_with("not_true: ")) << difference(one);
  one = honest;
  one.events.push_back(earlier(one.trigger, 3));  // failed, but the exception took it away
  const Verification excluded = verify(one);
  ASSERT_FALSE(excluded.differences.empty());
  EXPECT_NE(excluded.differences[0].is.find("Laboratory"), std::string::npos)
      << excluded.differences[0].is;
}

TEST_F(VerifyTest, ATamperedSuppressedAlertDiffers) {
  const Alert honest = alert("Odd");
  Alert one = honest;
  --one.hit_count;
  EXPECT_TRUE(difference(one).starts_with("hit_count: 9 -> 10"));
  one = honest;
  const std::uint64_t other = honest.trigger.seq % 2 == 0 ? 1 : 2;
  one.events.back().seq = other;  // of the other host
  EXPECT_TRUE(difference(one).starts_with("group: ")) << difference(one);
}

TEST_F(VerifyTest, TamperedTextsDiffer) {
  const Alert one = alert("Failed");
  auto list = store_->document(kBasisSpace, one.basis);
  ASSERT_TRUE(list);
  ASSERT_EQ((*list)["files"].size(), 2U) << "the rule and its exception";
  const std::string file = (*list)["files"][0].get<std::string>();
  EXPECT_EQ(file, one.rule.hash);
  auto text = store_->document(kTextSpace, file);
  ASSERT_TRUE(text);
  Json forged = *text;
  forged["text"] = forged["text"].get<std::string>() + "# later\n";
  ASSERT_TRUE(store_->put_document(kTextSpace, file, forged));
  EXPECT_TRUE(difference(one).starts_with("text_changed: ")) << difference(one);
  ASSERT_TRUE(store_->put_document(kTextSpace, file, *text));
  EXPECT_EQ(verify(one).outcome(), Outcome::kSame);
  Json shorter = *list;
  shorter["files"].erase(1);
  ASSERT_TRUE(store_->put_document(kBasisSpace, one.basis, shorter));
  EXPECT_TRUE(difference(one).starts_with("text_changed: "));
}

TEST_F(VerifyTest, WhatIsGoneCannotBeDecided) {
  Alert one = alert("Failed");
  one.basis = std::string(32, '0');
  EXPECT_EQ(codes(verify(one).cannot), std::vector<std::string>{"text_gone"});
  one.basis.clear();
  EXPECT_EQ(codes(verify(one).cannot), std::vector<std::string>{"no_text"});
  one = alert("Failed");
  one.trigger.seq = 1000;
  one.events = {one.trigger};
  const Verification gone = verify(one);
  EXPECT_EQ(gone.outcome(), Outcome::kCannot);
  EXPECT_EQ(codes(gone.cannot), std::vector<std::string>{"event_gone"});
}

TEST_F(VerifyTest, TextsOfAnyBytesAreKeptOnce) {
  const Detection live = load();
  std::string id;
  for (std::uint32_t i = 0; i < live.rules->rule_count(); ++i) {
    if (live.rules->kind(i) == AlertKind::kYara) id = live.rules->identity(i).id;
  }
  KeptTexts texts(*store_);
  texts.use(live.texts);
  storage::Commit commit;
  const std::string basis = texts.keep(id, commit);
  ASSERT_FALSE(basis.empty());
  EXPECT_FALSE(kept_texts(*store_, basis));
  ASSERT_TRUE(store_->commit(commit));
  const auto kept = kept_texts(*store_, basis);
  ASSERT_TRUE(kept) << kept.error().what;
  EXPECT_EQ(kept->at(0).text, kYara);
  storage::Commit again;
  EXPECT_EQ(texts.keep(id, again), basis);
  EXPECT_TRUE(again.empty());
  KeptTexts restarted(*store_);
  restarted.use(live.texts);
  EXPECT_EQ(restarted.keep(id, again), basis);
  EXPECT_TRUE(again.empty());
}

}  // namespace
}  // namespace picket::app
