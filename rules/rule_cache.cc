#include "rules/rule_cache.h"

#include "base/codec.h"
#include "base/hash.h"
#include "rules/cache_file.h"
#include "rules/hyperscan_bytes.h"
#include "rules/rule_codec.h"

namespace picket::rules {
namespace {

constexpr std::string_view kWhat = "picketR1";
constexpr const char* kPrefix = "rules-";
constexpr std::size_t kFilesMax = 1'000'000;
constexpr std::size_t kDatabasesMax = 1'000'000;
constexpr std::size_t kDatabaseBytesMax = 64 * 1024 * 1024;  // with those of earlier loads

std::size_t bytes_in(const StoredDatabases& databases) {
  std::size_t bytes = 0;
  for (const auto& [key, database] : databases) bytes += key.size() + database.size();
  return bytes;
}

}  // namespace

std::optional<CacheContents> decode_cache(std::string_view body) {
  Reader in(body);
  CacheContents contents;
  const std::size_t files = in.count();
  if (files > kFilesMax) return std::nullopt;
  for (std::size_t i = 0; i < files && in.ok(); ++i) {
    CacheContents::File& file = contents.files.emplace_back();
    file.path = in.text();
    file.hash = in.text();
    file.bytes = in.text();
  }
  const std::size_t databases = in.count();
  if (databases > kDatabasesMax) return std::nullopt;
  for (std::size_t i = 0; i < databases && in.ok(); ++i) {
    const std::string_view key = in.text();
    contents.databases.emplace(key, in.text());
  }
  if (!in.done()) return std::nullopt;
  return contents;
}

std::string encode_cache(const CacheContents& contents) {
  Writer out;
  out.number(contents.files.size());
  for (const CacheContents::File& file : contents.files) {
    out.text(file.path);
    out.text(file.hash);
    out.text(file.bytes);
  }
  out.number(contents.databases.size());
  for (const auto& [key, bytes] : contents.databases) {
    out.text(key);
    out.text(bytes);
  }
  return out.take();
}

std::unique_ptr<RuleCache> RuleCache::open(RuleCacheOptions options,
                                           const std::vector<std::string>& paths,
                                           const LoadOptions& load) {
  std::unique_ptr<RuleCache> cache(new RuleCache(std::move(options)));
  Writer name;
  for (const std::string& path : paths) name.text(path);
  Writer key;
  key.text(cache->options_.program);
  key.text(hyperscan_info());
  for (const auto& [placeholder, values] : load.placeholders) {
    key.text(placeholder);
    key.number(values.size());
    for (const std::string& value : values) key.text(value);
  }
  cache->path_ =
      cache->options_.folder + "/" + kPrefix + sha256_hex(name.take()).substr(0, 16) + ".cache";
  cache->key_ = key.take();
  const Result<void> read = cache->read();
  if (!read && read.error().code != Errc::kNotFound) cache->problem_ = read.error().what;
  return cache;
}

Result<void> RuleCache::read() {
  PICKET_TRY(text_, read_cache_file(path_));
  const Result<std::string_view> body = unseal(kWhat, key_, text_);
  if (!body) return fail(body.error().code, path_ + ": " + body.error().what);
  std::optional<CacheContents> contents = decode_cache(*body);
  if (!contents) return fail(Errc::kCorrupt, path_ + ": it is damaged");
  for (const CacheContents::File& file : contents->files)
    known_[file.path] = {file.hash, file.bytes};
  databases_ = std::make_shared<const StoredDatabases>(std::move(contents->databases));
  return {};
}

std::optional<RuleFile> RuleCache::find(const std::string& path, const std::string& hash) const {
  const auto found = known_.find(path);
  if (found == known_.end() || found->second.hash != hash) return std::nullopt;
  std::optional<RuleFile> file = decode_rule_file(found->second.bytes, path, hash);
  if (file) {
    seen_.with([&](Seen& seen) {
      ++seen.hits;
      seen.entries[path] = found->second;
    });
  }
  return file;
}

void RuleCache::keep(const std::string& path, const std::string& hash, const RuleFile& file) {
  std::string bytes = encode_rule_file(file);
  seen_.with([&](Seen& seen) {
    const std::string& own_hash = seen.made.emplace_back(hash);
    const std::string& own_bytes = seen.made.emplace_back(std::move(bytes));
    seen.entries[path] = {own_hash, own_bytes};
  });
}

std::size_t RuleCache::hits() const {
  return seen_.with([](const Seen& seen) { return seen.hits; });
}

std::size_t RuleCache::misses() const {
  return seen_.with([](const Seen& seen) { return seen.entries.size() - seen.hits; });
}

// Databases that this load did not need are kept too, while there is room: other events need them.
Result<void> RuleCache::save(const MatcherCache& matchers) const {
  return seen_.with([&](const Seen& seen) -> Result<void> {
    if (seen.entries.size() < options_.files_min) return {};
    const bool same_rules = seen.hits == known_.size() && seen.entries.size() == known_.size();
    if (same_rules && !matchers.grown()) return {};
    CacheContents contents;
    contents.databases = matchers.databases();
    if (bytes_in(contents.databases) + bytes_in(*databases_) <= kDatabaseBytesMax) {
      contents.databases.insert(databases_->begin(), databases_->end());
    }
    for (const auto& [path, entry] : seen.entries) {
      contents.files.push_back({path, entry.hash, entry.bytes});
    }
    const std::string bytes = seal(kWhat, key_, encode_cache(contents));
    if (bytes.size() > kCacheFileBytesMax) return {};
    PICKET_TRY_VOID(write_cache_file(path_, bytes));
    prune_cache(options_.folder, kPrefix);
    return {};
  });
}

}  // namespace picket::rules
