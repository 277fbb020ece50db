// The world of the response tests: a journal in memory, hands that count, an incident, a library.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "response/effect.h"
#include "response/journal.h"
#include "response/runner.h"

namespace picket::response {

class MemoryJournal final : public Journal {
 public:
  Result<void> put(std::string_view key, const Json& document) override {
    if (before_put) before_put();
    if (full) return fail(Errc::kFull, "disk full");
    {
      const std::lock_guard lock(mutex_);
      documents_[std::string(key)] = dump_json(document);
      ++puts;
    }
    if (after_put) after_put();
    return {};
  }
  Result<Json> get(std::string_view key) const override {
    const std::lock_guard lock(mutex_);
    const auto found = documents_.find(key);
    if (found == documents_.end()) return fail(Errc::kNotFound, "no document " + std::string(key));
    return parse_json(found->second);
  }
  Result<std::vector<std::pair<std::string, Json>>> all() const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, Json>> result;
    for (const auto& [key, text] : documents_) result.emplace_back(key, *parse_json(text));
    return result;
  }
  void clear() {
    documents_.clear();
    puts = 0;
  }
  void set_text(const std::string& key, const std::string& text) { documents_[key] = text; }

  bool full = false;
  int puts = 0;
  std::function<void()> before_put;
  std::function<void()> after_put;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> documents_;
};

inline Incident make_incident() {
  Incident incident;
  incident.id = "inc-1";
  incident.number = 12;
  incident.level = Level::kHigh;
  incident.risk = 86;
  incident.first_ns = 1'767'258'881'000'000'000;  // 2026-01-01T09:14:41Z
  incident.last_ns = 1'767'260'000'000'000'000;
  incident.created_ns = incident.last_ns;
  incident.system = "portal";
  incident.layers = {Layer::kNetwork, Layer::kServer};
  incident.entities = {
      {"host", "portal-web-01"}, {"ip", "10.20.1.5"}, {"ip", "203.0.113.7"}, {"user", "root"}};
  TimelineEntry entry;
  entry.time_ns = incident.first_ns;
  entry.alert_id = "a1";
  entry.rule_name = "SSH guessing that succeeded";
  entry.level = Level::kHigh;
  incident.timeline = {entry};
  incident.alert_count = 1;
  return incident;
}

inline std::string content(const std::string& path) {
  return std::string(PICKET_SOURCE_DIR) + "/content/" + path;
}

inline Library make_library() {
  std::vector<Problem> problems;
  Library library;
  library.playbooks = load_playbooks(content("playbooks"), problems).value();
  library.systems = load_systems(content("systems.yaml"), problems).value();
  library.messages = load_messages(content("messages"), problems).value();
  for (const Problem& problem : problems) ADD_FAILURE() << problem.text();
  library.options.notify.webhooks = {{"soc", "https://hooks.example.org/picket", ""}};
  library.options.notify.mail.from = "soc@tinh.example";
  library.options.duty = {"Lê Văn Trực", "Ông", "", "truc@tinh.example", "vi"};
  library.options.link_base = "https://picket.tinh.example";
  library.options.soc_phone = "0243 000 000";
  library.options.soc_email = "soc@tinh.example";
  return library;
}

// "email=done email.2=done webhook=... block-address=waiting_approval": steps of a run in one line.
inline std::string show(const Json& run) {
  std::string text = run.value("state", "?") + ":";
  for (const Json& step : run["steps"]) {
    text += " " + step.value("type", "?") + "=" + step.value("state", "?");
  }
  return text;
}

}  // namespace picket::response
