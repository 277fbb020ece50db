// picket indicator: which feeds of indicators there are, and which of them hold a value.
#include "app/command.h"
#include "app/config.h"
#include "app/show.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/json.h"
#include "rules/indicators/loader.h"
#include "rules/indicators/value.h"

namespace picket::app {
namespace {

Result<rules::LoadedIndicators> load(const IndicatorCommand& command) {
  std::vector<rules::IndicatorFeed> feeds = feeds_of(command.paths);
  if (feeds.empty() || !command.config.empty()) {
    std::vector<std::string> errors;
    const Result<Config> config = effective_config(command.config, errors);
    for (const std::string& error : errors) complain(error, kUsageWrong);
    if (!config) return tl::unexpected(config.error());
    feeds.insert(feeds.end(), config->indicators.begin(), config->indicators.end());
  }
  if (feeds.empty()) {
    return fail(Errc::kNotFound,
                "there is no feed of indicators; --indicators names one, or `indicators` of the "
                "configuration");
  }
  return rules::load_indicators(feeds);
}

void print_holding(const std::string& value, const rules::LoadedIndicators& loaded,
                   const rules::IndicatorSet::Holding& holding, bool json) {
  const RuleIdentity& rule = loaded.set->identity(holding.rule);
  if (json) {
    print(dump_json({{"value", value},
                     {"rule", rule.id},
                     {"level", level_name(rule.level)},
                     {"path", rule.path},
                     {"line", holding.line},
                     {"indicator", to_json(holding.indicator)}}) +
          "\n");
    return;
  }
  print("  " + styled(visible(rule.id), Style::kBold) + "  " + styled_level(rule.level) + "  " +
        visible(rule.path) + ":" + std::to_string(holding.line) + "\n");
  print("      " + visible(holding.indicator.type) + " " + visible(holding.indicator.value) + "\n");
  print("      " + indicator_text(holding.indicator) + "\n");
}

}  // namespace

std::vector<rules::IndicatorFeed> feeds_of(const std::vector<std::string>& paths) {
  std::vector<rules::IndicatorFeed> feeds;
  for (const std::string& path : paths) feeds.push_back({.path = path});
  return feeds;
}

int run_indicator_check(const IndicatorCommand& command) {
  const Result<rules::LoadedIndicators> loaded = load(command);
  if (!loaded) return complain(loaded.error().what, kUsageWrong);
  bool any = false;
  bool wrong = false;
  for (const std::string& value : command.values) {
    rules::IndicatorKey key;
    if (const char* reason = rules::read_indicator(value, {}, key)) {
      complain(value + ": " + reason, kUsageWrong);
      wrong = true;
      continue;
    }
    const std::vector<rules::IndicatorSet::Holding> holdings = loaded->set->holding(value);
    any = any || !holdings.empty();
    if (!command.json) {
      print(visible(value) + ": " +
            (holdings.empty() ? say("indicator.none")
                              : say("indicator.found", {{"n", holdings.size()}})) +
            "\n");
    }
    for (const auto& holding : holdings) print_holding(value, *loaded, holding, command.json);
  }
  if (wrong) return kUsageWrong;
  return any ? kFindings : kDone;
}

int run_indicator_ls(const IndicatorCommand& command) {
  const Result<rules::LoadedIndicators> loaded = load(command);
  if (!loaded) return complain(loaded.error().what, kUsageWrong);
  std::vector<std::vector<std::string>> rows;
  for (const auto& feed : loaded->feeds) {
    if (command.json) {
      print(dump_json({{"name", feed.name},
                       {"format", feed.format},
                       {"indicators", feed.indicators},
                       {"refused", feed.refused},
                       {"revoked", feed.revoked},
                       {"path", feed.path}}) +
            "\n");
    }
    rows.push_back({feed.name, feed.format, std::to_string(feed.indicators),
                    std::to_string(feed.refused), std::to_string(feed.revoked), feed.path});
  }
  if (command.json) return kDone;
  print(table({say("column.feed"), say("column.format"), say("column.indicators"),
               say("column.refused"), say("column.revoked"), say("column.path")},
              rows));
  return kDone;
}

}  // namespace picket::app
