#include "parsers/formats/windows_xml.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "parsers/formats/xml.h"

namespace picket::parsers {
namespace {

constexpr std::array<std::string_view, 32> kParams = {
    "param1",  "param2",  "param3",  "param4",  "param5",  "param6",  "param7",  "param8",
    "param9",  "param10", "param11", "param12", "param13", "param14", "param15", "param16",
    "param17", "param18", "param19", "param20", "param21", "param22", "param23", "param24",
    "param25", "param26", "param27", "param28", "param29", "param30", "param31", "param32"};

enum class Part : std::uint8_t { kOther, kSystem, kEventData, kUserData, kRendering };

Part part_of(std::string_view name) {
  if (name == "System") return Part::kSystem;
  if (name == "EventData") return Part::kEventData;
  if (name == "UserData") return Part::kUserData;
  return name == "RenderingInfo" ? Part::kRendering : Part::kOther;
}

std::string_view joined(std::string_view left, char between, std::string_view right, Arena& arena) {
  char* const made = arena.allocate(left.size() + 1 + right.size());
  std::memcpy(made, left.data(), left.size());
  made[left.size()] = between;
  std::memcpy(made + left.size() + 1, right.data(), right.size());
  return {made, left.size() + 1 + right.size()};
}

std::string_view without_blanks(std::string_view name, Arena& arena) {
  if (name.find(' ') == std::string_view::npos) return name;
  char* const begin = arena.allocate(name.size());
  char* const end = std::remove_copy(name.begin(), name.end(), begin, ' ');
  return {begin, static_cast<std::size_t>(end - begin)};
}

class Reading {
 public:
  Reading(std::string_view text, Arena& arena, std::vector<Pair>& out)
      : walk_(text), arena_(arena), out_(out), first_(out.size()) {}

  bool run() {
    using Step = XmlWalk::Step;
    for (;;) {
      const Step step = walk_.next();
      too_deep_ = walk_.too_deep();
      if (step == Step::kEnd || step == Step::kBroken) return has_id_;
      if (out_.size() >= first_ + kPairsMax) return has_id_;
      if (step == Step::kOpen) open();
      if (step == Step::kAttribute) attribute();
      if (step == Step::kText) text();
      if (step == Step::kClose && !close()) return has_id_;
    }
  }
  std::size_t system_count() const { return system_count_; }
  bool too_deep() const { return too_deep_; }

 private:
  // Below what is read: "Event" may be the outermost element or stand in "Events".
  std::size_t level() const { return walk_.depth() - event_depth_; }

  void open() {
    if (event_depth_ == 0) {
      if (walk_.name() == "Event") event_depth_ = walk_.depth();
      return;
    }
    if (level() == 1) part_ = part_of(walk_.name());
    if (level() == 2) {
      element_ = walk_.name();
      data_name_ = {};
      empty_ = true;
    }
    if (level() == 3) leaf_ = walk_.name();
    if (level() == 4) inner_ = walk_.name();
  }

  void attribute() {
    if (event_depth_ == 0 || level() != 2) return;
    if (part_ == Part::kSystem) add(joined(element_, '_', walk_.name(), arena_));
    if (part_ == Part::kEventData && walk_.name() == "Name")
      data_name_ = without_blanks(unescaped_xml(walk_.value(), arena_), arena_);
  }

  void text() {
    if (event_depth_ == 0 || level() < 2) return;
    empty_ = false;
    switch (part_) {
      case Part::kSystem:
        if (level() == 2) add(element_);
        has_id_ = has_id_ || element_ == "EventID";
        return;
      case Part::kEventData:
        return data();
      case Part::kUserData:
        if (level() == 3) add(leaf_);
        if (level() == 4) add(joined(leaf_, '.', inner_, arena_));
        return;
      case Part::kRendering:
        if (level() == 2 && element_ == "Message") return add(element_);
        return add(joined("RenderingInfo", '.', level() == 2 ? element_ : leaf_, arena_));
      case Part::kOther:
        return;
    }
  }

  void data() {
    if (level() != 2) return;
    if (!data_name_.empty()) return add(data_name_);
    add(element_);
    if (element_ == "Data" && params_ < kParams.size()) add(kParams[params_]);
  }

  // False behind the event.
  bool close() {
    if (event_depth_ == 0) return true;
    if (walk_.depth() + 1 == event_depth_) return false;
    if (walk_.depth() == event_depth_ + 1 && part_ == Part::kEventData) {
      if (data_name_.empty()) ++params_;
      if (empty_ && !data_name_.empty()) out_.push_back({data_name_, {}});
    }
    if (walk_.depth() == event_depth_ && part_ == Part::kSystem)
      system_count_ = out_.size() - first_;
    return true;
  }

  void add(std::string_view name) {
    if (name.empty()) return;
    out_.push_back({name, walk_.literal() ? walk_.value() : unescaped_xml(walk_.value(), arena_)});
  }

  XmlWalk walk_;
  Arena& arena_;
  std::vector<Pair>& out_;
  std::size_t first_;
  std::size_t event_depth_ = 0;  // 0: not yet in the Event
  std::size_t system_count_ = 0;
  bool too_deep_ = false;
  std::size_t params_ = 0;
  Part part_ = Part::kOther;
  std::string_view element_;    // level 2: an element of System, a Data
  std::string_view leaf_;       // level 3
  std::string_view inner_;      // level 4
  std::string_view data_name_;  // what Data says its name is
  bool empty_ = true;           // no text in the element
  bool has_id_ = false;
};

}  // namespace

bool looks_like_windows_xml(std::string_view text) {
  constexpr std::size_t kSearched = 256;
  const std::size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first == std::string_view::npos || text[first] != '<') return false;
  if (first + 1 < text.size() && text[first + 1] >= '0' && text[first + 1] <= '9')
    return false;  // syslog
  const std::size_t event = text.substr(first, kSearched).find("<Event");
  return event != std::string_view::npos;
}

bool read_windows_xml(std::string_view text, Arena& arena, std::vector<Pair>& out,
                      std::size_t& system_count, bool* too_deep) {
  const std::size_t before = out.size();
  Reading reading(text, arena, out);
  const bool found = reading.run() && out.size() > before;
  if (!found) out.resize(before);
  if (too_deep != nullptr) *too_deep = reading.too_deep();
  system_count = found ? std::min(reading.system_count(), out.size() - before) : 0;
  if (found && system_count == 0) system_count = out.size() - before;  // cut off within System
  return found;
}

}  // namespace picket::parsers
