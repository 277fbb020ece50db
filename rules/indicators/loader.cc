#include "rules/indicators/loader.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

#include "base/file.h"
#include "base/hash.h"
#include "rules/indicators/csv.h"
#include "rules/indicators/list.h"
#include "rules/indicators/stix.h"

namespace picket::rules {
namespace {

constexpr std::size_t kPieceBytes = 1024 * 1024;
constexpr std::size_t kNameMax = 128;

std::string format_of(const std::string& path) {
  if (path.ends_with(".csv")) return "csv";
  if (path.ends_with(".json") || path.ends_with(".stix")) return "stix";
  if (path.ends_with(".txt") || path.ends_with(".list")) return "list";
  return {};
}

// Calls with_reader(reader) with the reader of that format.
template <class F>
auto read_as(std::string_view format, IndicatorSink& sink, F with_reader) {
  if (format == "csv") {
    CsvReader reader(sink);
    return with_reader(reader);
  }
  if (format == "stix") {
    StixReader reader(sink);
    return with_reader(reader);
  }
  ListReader reader(sink);
  return with_reader(reader);
}

// A folder's files are a feed each.
Result<std::vector<IndicatorFeed>> expand(const IndicatorFeed& feed) {
  std::error_code error;
  std::vector<std::string> files = {feed.path};
  const bool folder = std::filesystem::is_directory(feed.path, error);
  if (folder) {
    PICKET_TRY(files, list_files(feed.path, {".csv", ".txt", ".list", ".json", ".stix"}));
  }
  std::vector<IndicatorFeed> feeds;
  for (const std::string& file : files) {
    IndicatorFeed& one = feeds.emplace_back(feed);
    one.path = file;
    const std::string stem = std::filesystem::path(file).stem().string();
    if (one.name.empty())
      one.name = stem;
    else if (folder)
      one.name += "." + stem;
    if (one.name.size() > kNameMax) one.name.resize(kNameMax);
    if (one.format.empty() || one.format == "auto") one.format = format_of(file);
    if (one.format.empty()) {
      return fail(
          Errc::kInvalid,
          file +
              ": its ending does not tell whether it is a list, CSV or STIX; say it with `format`");
    }
  }
  return feeds;
}

Result<void> read_file_into(const IndicatorFeed& feed, IndicatorSetBuilder& builder) {
  builder.begin_feed(feed, feed.format);
  Sha256 hash;
  PICKET_TRY_VOID(read_as(feed.format, builder, [&](auto& reader) -> Result<void> {
    PICKET_TRY_VOID(read_pieces(feed.path, kPieceBytes, kFeedBytesMax, [&](std::string_view piece) {
      hash.add(piece);
      reader.read(piece);
    }));
    reader.finish();
    return {};
  }));
  builder.end_feed(hash.hex());
  return {};
}

}  // namespace

std::size_t LoadedIndicators::refused() const {
  std::size_t count = 0;
  for (const auto& feed : feeds) count += feed.refused;
  return count;
}

std::vector<Finding> LoadedIndicators::findings() const {
  std::vector<Finding> all;
  for (const auto& feed : feeds) {
    all.insert(all.end(), feed.findings.begin(), feed.findings.end());
    if (feed.refused <= feed.findings.size()) continue;
    const std::size_t more = feed.refused - feed.findings.size();
    all.push_back({feed.path, feed.findings.back().line, feed.name, "more-refused",
                   std::to_string(more) + " more indicators of this feed are refused"});
  }
  return all;
}

Result<LoadedIndicators> load_indicators(const std::vector<IndicatorFeed>& feeds) {
  LoadedIndicators loaded;
  if (feeds.empty()) return loaded;
  IndicatorSetBuilder builder;
  std::set<std::string> names;
  for (const IndicatorFeed& feed : feeds) {
    PICKET_TRY(const std::vector<IndicatorFeed> files, expand(feed));
    for (const IndicatorFeed& file : files) {
      if (!names.insert(file.name).second) {
        return fail(Errc::kInvalid,
                    file.path + ": two feeds of indicators are named '" + file.name + "'");
      }
      if (names.size() > IndicatorSetBuilder::kFeedsMax)
        return fail(Errc::kLimit, "there are too many feeds of indicators");
      PICKET_TRY_VOID(read_file_into(file, builder));
    }
  }
  loaded.feeds = builder.take_reports();
  loaded.set = builder.finish();
  return loaded;
}

void read_feed(std::string_view text, std::string_view format, IndicatorSink& sink,
               std::size_t piece_bytes) {
  read_as(format, sink, [&](auto& reader) {
    while (!text.empty()) {
      reader.read(text.substr(0, piece_bytes));
      text.remove_prefix(std::min(piece_bytes, text.size()));
    }
    reader.finish();
  });
}

}  // namespace picket::rules
