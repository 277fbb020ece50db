// RuleCache: what loading rules has found out before, in one file for each list of rule paths.
//
// It keeps what every rule file says, under the file's path and the SHA-256 of its text, and
// Hyperscan databases under what they were made of; so an entry is right whatever else has changed,
// and a change of one file costs that file. The cache as a whole belongs to one build of the
// program and to one version and platform of Hyperscan. Whatever is wrong with it, rules load as if
// it was not there.
//
// One load at a time: open(), load_rules() with it, save(). find() and keep() may be called by any
// thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "rules/matcher_cache.h"
#include "rules/sigma_file.h"

namespace picket::rules {

struct RuleCacheOptions {
  std::string folder;           // empty: no cache
  std::string program;          // names the build: what another one made is not read
  std::size_t files_min = 100;  // so many rule files are worth a cache
};

class RuleCache {
 public:
  // The cache of these paths; an empty one if there is none yet, or none that can be used.
  static std::unique_ptr<RuleCache> open(RuleCacheOptions options,
                                         const std::vector<std::string>& paths,
                                         const LoadOptions& load);
  RuleCache(const RuleCache&) = delete;
  RuleCache& operator=(const RuleCache&) = delete;

  // What the file of this path and hash says, if that is known.
  std::optional<RuleFile> find(const std::string& path, const std::string& hash) const;
  // Remembers it for save().
  void keep(const std::string& path, const std::string& hash, const RuleFile& file);
  std::shared_ptr<const StoredDatabases> databases() const { return databases_; }

  // Files that find() knew, and that it did not.
  std::size_t hits() const;
  std::size_t misses() const;
  // Why a file that was there is not used; empty if all is well.
  const std::string& problem() const { return problem_; }

  // Writes what find() and keep() saw, and the databases made by `matchers`, if anything is new.
  Result<void> save(const MatcherCache& matchers) const;

 private:
  struct Entry {
    std::string_view hash;
    std::string_view bytes;
  };
  // By path; views into text_, or into `made`.
  struct Seen {
    std::map<std::string, Entry> entries;
    std::deque<std::string> made;
    std::size_t hits = 0;
  };

  explicit RuleCache(RuleCacheOptions options) : options_(std::move(options)) {}
  Result<void> read();

  RuleCacheOptions options_;
  std::string path_;
  std::string key_;
  std::string problem_;
  std::string text_;
  std::map<std::string_view, Entry> known_;  // by path; views into text_
  std::shared_ptr<const StoredDatabases> databases_ = std::make_shared<const StoredDatabases>();
  mutable Guarded<Seen> seen_;
};

// The body of a cache file, apart from the class for the fuzzer: nullopt if it is damaged.
struct CacheContents {
  struct File {
    std::string_view path, hash, bytes;
  };
  std::vector<File> files;  // views into the body
  StoredDatabases databases;
};
std::optional<CacheContents> decode_cache(std::string_view body);
std::string encode_cache(const CacheContents& contents);

}  // namespace picket::rules
