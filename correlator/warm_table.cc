#include "correlator/warm_table.h"

#include <optional>
#include <utility>

#include "base/codec.h"

namespace picket::correlator {
namespace {

constexpr std::string_view kPrefix = "c/m/";
constexpr std::uint8_t kVersion = 1;

struct Mark {
  ColdRule rule;
  bool warm = false;
};

// nullopt when it is damaged: the rule is cold then.
std::optional<Mark> read_mark(std::string_view id, std::string_view value) {
  Reader reader(value);
  if (reader.byte() != kVersion) return std::nullopt;
  Mark mark;
  mark.rule.id = id;
  mark.rule.basis = reader.text();
  mark.rule.commit = reader.number();
  mark.rule.watermark_ns = reader.integer();
  mark.warm = reader.byte() != 0;
  if (!reader.done()) return std::nullopt;
  return mark;
}

}  // namespace

std::vector<ColdRule> WarmTable::use(const std::map<std::string, std::string>& bases,
                                     std::uint64_t commit, std::int64_t watermark_ns) {
  std::map<std::string, std::optional<Mark>> marks;
  state_.for_each(kPrefix, [&](std::string_view key, std::string_view value) {
    const std::string_view id = key.substr(kPrefix.size());
    marks.emplace(id, read_mark(id, value));
    return true;
  });
  for (const auto& [id, mark] : marks) {
    if (!bases.contains(id)) state_.erase(std::string(kPrefix) + id);
  }
  std::vector<ColdRule> cold;
  for (const auto& [id, basis] : bases) {
    const auto found = marks.find(id);
    const bool known =
        found != marks.end() && found->second && found->second->rule.basis == basis;
    if (known && found->second->warm) continue;
    const ColdRule rule =
        known ? found->second->rule : ColdRule{id, basis, commit, watermark_ns};
    const bool warm = rule.commit == 0;
    if (!known || warm) put(rule, warm);
    if (!warm) cold.push_back(rule);
  }
  return cold;
}

void WarmTable::set_warm(const ColdRule& rule) {
  put(rule, true);
}

void WarmTable::put(const ColdRule& rule, bool warm) {
  Writer writer;
  writer.byte(kVersion);
  writer.text(rule.basis);
  writer.number(rule.commit);
  writer.integer(rule.watermark_ns);
  writer.byte(warm ? 1 : 0);
  state_.put(std::string(kPrefix) + rule.id, writer.take());
}

}  // namespace picket::correlator
