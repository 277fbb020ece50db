// libyara's compiler is of no use after its first error, so each file is compiled alone first;
// those that pass are compiled together, each in a namespace of its own, into the rules that are
// scanned.
#include "rules/yara.h"

#include <yara.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"

namespace picket::rules {
namespace {

constexpr std::size_t kFileBytesMax = 4 * 1024 * 1024;
constexpr std::uint32_t kNotReported = 0xFFFFFFFF;

// Once in a process, before anything else; libyara keeps tables until the process ends.
void start_library() {
  static const int started = yr_initialize();
  PICKET_CHECK(started == ERROR_SUCCESS);
}

struct Problems {
  const std::string* path = nullptr;
  std::vector<Finding>* refused = nullptr;
  std::vector<Finding>* warnings = nullptr;
};

void take_problem(int level, const char* file, int line, const YR_RULE* rule, const char* message,
                  void* user) {
  static_cast<void>(file);
  static_cast<void>(rule);
  auto& problems = *static_cast<Problems*>(user);
  const bool is_error = level == YARA_ERROR_LEVEL_ERROR;
  std::vector<Finding>* target = is_error ? problems.refused : problems.warnings;
  if (target == nullptr) return;
  target->push_back(
      {*problems.path, std::max(line, 1), {}, is_error ? "bad-yara" : "yara-warning", message});
}

class Compiler {
 public:
  Compiler() {
    start_library();
    PICKET_CHECK(yr_compiler_create(&compiler_) == ERROR_SUCCESS);
    yr_compiler_set_include_callback(compiler_, nullptr, nullptr, nullptr);
  }
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;
  ~Compiler() { yr_compiler_destroy(compiler_); }

  bool add(const YaraSource& source, Problems problems) {
    problems.path = &source.path;
    yr_compiler_set_callback(compiler_, take_problem, &problems);
    const bool good =
        yr_compiler_add_string(compiler_, source.text.c_str(), source.path.c_str()) == 0;
    yr_compiler_set_callback(compiler_, nullptr, nullptr);
    return good;
  }

  YR_RULES* finish() {
    YR_RULES* rules = nullptr;
    PICKET_CHECK(yr_compiler_get_rules(compiler_, &rules) == ERROR_SUCCESS);
    return rules;
  }

 private:
  YR_COMPILER* compiler_ = nullptr;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// "T1059.001, attack.execution" -> two tags; a technique's bare number gets its namespace.
void add_tags(const std::string& list, bool is_attack, std::vector<std::string>& tags) {
  std::size_t at = 0;
  while (at < list.size()) {
    const std::size_t end = std::min(list.find_first_of(", \t;", at), list.size());
    std::string tag = lower(list.substr(at, end - at));
    at = end + 1;
    if (tag.empty()) continue;
    const bool is_technique =
        tag.size() > 4 && tag[0] == 't' && std::isdigit(static_cast<unsigned char>(tag[1])) != 0;
    if (!tag.starts_with("attack.") && (is_attack || is_technique)) tag.insert(0, "attack.");
    if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(std::move(tag));
  }
}

// A YARA tag cannot hold dots.
std::string sigma_tag(std::string tag) {
  if (tag.starts_with("attack_")) std::replace(tag.begin(), tag.end(), '_', '.');
  return tag;
}

std::string stem_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return name.substr(0, name.rfind('.'));
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// libyara keeps no line of a rule: that of "rule <identifier>" is looked up in the text.
int line_of(const std::string& text, const std::string& identifier) {
  for (std::size_t at = text.find(identifier); at != std::string::npos;
       at = text.find(identifier, at + 1)) {
    const std::size_t end = at + identifier.size();
    if (end < text.size() && is_word(text[end])) continue;
    const std::size_t before = text.find_last_not_of(" \t\r\n", at == 0 ? 0 : at - 1);
    if (at == 0 || before == std::string::npos || before < 3 || before + 1 == at) continue;
    if (text.compare(before - 3, 4, "rule") != 0) continue;
    const auto begin = text.begin();
    return 1 + static_cast<int>(std::count(begin, begin + static_cast<std::ptrdiff_t>(at), '\n'));
  }
  return 1;
}

YaraRule describe(const YR_RULE& rule, const YaraSource& source, const std::string& hash) {
  YaraRule result;
  result.identifier = rule.identifier;
  result.identity.name = rule.identifier;
  result.identity.id = stem_of(source.path) + "." + rule.identifier;
  result.identity.hash = hash;
  result.identity.path = source.path;
  result.line = line_of(source.text, result.identifier);
  const YR_META* meta = nullptr;
  yr_rule_metas_foreach((&rule), meta) {
    if (meta->type != META_TYPE_STRING) continue;
    const std::string key = lower(meta->identifier);
    const std::string value = meta->string;
    if (key == "id" && !value.empty()) result.identity.id = value;
    if (key == "title" && !value.empty()) result.identity.name = value;
    if (key == "level") result.identity.level = level_of(lower(value));
    if (key == "description") result.description = value;
    if (key == "tag" || key == "tags") add_tags(value, false, result.tags);
    if (key == "attack" || key == "mitre_attack") add_tags(value, true, result.tags);
  }
  const char* tag = nullptr;
  yr_rule_tags_foreach((&rule), tag) add_tags(sigma_tag(tag), false, result.tags);
  return result;
}

}  // namespace

struct YaraRules::Impl {
  YR_RULES* compiled = nullptr;
  std::vector<std::uint32_t> index_of;  // by place in libyara's table; kNotReported: private
  std::vector<YaraRule> rules;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (compiled != nullptr) yr_rules_destroy(compiled);
  }
};

YaraRules::YaraRules(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)), rules_(std::move(impl_->rules)) {}
YaraRules::~YaraRules() = default;

namespace {

// Names every rule, in the order of the files; a repeated id switches the later rule off.
void describe_all(const std::vector<const YaraSource*>& sources, YaraRules::Impl& impl,
                  std::vector<Finding>& refused) {
  std::unordered_set<std::string> ids;
  std::size_t source = 0;
  std::string hash;
  impl.index_of.assign(impl.compiled->num_rules, kNotReported);
  for (std::uint32_t i = 0; i < impl.compiled->num_rules; ++i) {
    YR_RULE& rule = impl.compiled->rules_table[i];
    while (sources[source]->path != rule.ns->name) {
      hash.clear();
      ++source;
      PICKET_CHECK(source < sources.size());
    }
    if (hash.empty()) hash = sha256_hex(sources[source]->text);
    if (RULE_IS_PRIVATE(&rule)) continue;
    YaraRule described = describe(rule, *sources[source], hash);
    if (!ids.insert(described.identity.id).second) {
      refused.push_back({described.identity.path, described.line, described.identity.id,
                         "repeated-id", "another YARA rule already has this id"});
      yr_rule_disable(&rule);
      continue;
    }
    impl.index_of[i] = static_cast<std::uint32_t>(impl.rules.size());
    impl.rules.push_back(std::move(described));
  }
}

}  // namespace

LoadedYara compile_yara(const std::vector<YaraSource>& sources) {
  LoadedYara loaded;
  std::vector<const YaraSource*> good;
  std::unordered_set<std::string> paths;
  for (const YaraSource& source : sources) {
    if (!paths.insert(source.path).second) continue;  // the same file twice
    if (source.text.find('\0') != std::string::npos) {
      loaded.refused.push_back({source.path, 1, {}, "bad-yara", "the file has a zero byte"});
      continue;
    }
    Compiler alone;
    if (alone.add(source, {nullptr, &loaded.refused, &loaded.warnings})) good.push_back(&source);
  }
  auto impl = std::make_unique<YaraRules::Impl>();
  Compiler together;
  for (const YaraSource* source : good) PICKET_CHECK(together.add(*source, {}));
  impl->compiled = together.finish();
  describe_all(good, *impl, loaded.refused);
  loaded.rules = std::make_shared<const YaraRules>(std::move(impl));
  return loaded;
}

LoadedYara load_yara(const std::vector<std::string>& files) {
  std::vector<YaraSource> sources;
  std::vector<Finding> unreadable;
  for (const std::string& file : files) {
    Result<std::string> text = read_file(file, kFileBytesMax);
    if (text) {
      sources.push_back({file, std::move(*text)});
    } else {
      unreadable.push_back({file, 1, {}, "unreadable", text.error().what});
    }
  }
  LoadedYara loaded = compile_yara(sources);
  loaded.refused.insert(loaded.refused.begin(), unreadable.begin(), unreadable.end());
  return loaded;
}

struct YaraScanner::Impl {
  std::shared_ptr<const YaraRules> rules;
  YaraScanLimits limits;
  YR_SCANNER* scanner = nullptr;
  YaraScan scan;  // being filled by the callback

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (scanner != nullptr) yr_scanner_destroy(scanner);
  }

  static int on_message(YR_SCAN_CONTEXT* context, int message, void* data, void* user) {
    auto& impl = *static_cast<Impl*>(user);
    if (message == CALLBACK_MSG_TOO_MANY_MATCHES) impl.scan.truncated = true;
    if (message == CALLBACK_MSG_RULE_MATCHING) impl.take(*context, *static_cast<YR_RULE*>(data));
    return CALLBACK_CONTINUE;
  }

  void take(YR_SCAN_CONTEXT& context, YR_RULE& rule) {
    const YaraRules::Impl& all = rules->impl();
    const std::uint32_t index =
        all.index_of[static_cast<std::size_t>(&rule - all.compiled->rules_table)];
    if (index == kNotReported) return;
    YaraMatch match;
    match.rule = index;
    const YR_STRING* string = nullptr;
    yr_rule_strings_foreach((&rule), string) {
      // libyara packs its matches without regard to alignment: they are copied before they are
      // read.
      const void* next = context.matches[string->idx].head;
      std::size_t count = 0;
      while (next != nullptr && count++ < YaraMatch::kStringsMax) {
        YR_MATCH found;
        std::memcpy(&found, next, sizeof found);
        next = found.next;
        if (found.is_private) continue;
        match.strings.push_back({string->identifier, static_cast<std::size_t>(found.offset),
                                 static_cast<std::size_t>(found.match_length)});
      }
    }
    std::stable_sort(match.strings.begin(), match.strings.end(),
                     [](const auto& a, const auto& b) { return a.offset < b.offset; });
    if (match.strings.size() > YaraMatch::kStringsMax) {
      match.strings.resize(YaraMatch::kStringsMax);
    }
    scan.matches.push_back(std::move(match));
  }
};

YaraScanner::YaraScanner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
YaraScanner::YaraScanner(YaraScanner&&) noexcept = default;
YaraScanner& YaraScanner::operator=(YaraScanner&&) noexcept = default;
YaraScanner::~YaraScanner() = default;

Result<YaraScanner> YaraScanner::make(std::shared_ptr<const YaraRules> rules,
                                      YaraScanLimits limits) {
  auto impl = std::make_unique<Impl>();
  impl->rules = std::move(rules);
  impl->limits = limits;
  if (yr_scanner_create(impl->rules->impl().compiled, &impl->scanner) != ERROR_SUCCESS) {
    return fail(Errc::kLimit, "yara: no scanner could be made");
  }
  // The bytes are ours, so no fault of a mapped file has to be caught by signal handlers.
  yr_scanner_set_flags(impl->scanner, SCAN_FLAGS_REPORT_RULES_MATCHING | SCAN_FLAGS_NO_TRYCATCH);
  yr_scanner_set_callback(impl->scanner, Impl::on_message, impl.get());
  impl->scanner->timeout = std::uint64_t{limits.timeout_ms} * 1'000'000;  // ns; the setter takes s
  return YaraScanner(std::move(impl));
}

YaraScan YaraScanner::scan(std::string_view bytes) {
  impl_->scan = {};
  if (bytes.size() > impl_->limits.bytes_max) {
    impl_->scan.status = YaraStatus::kTooLarge;
    return std::move(impl_->scan);
  }
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const int code = yr_scanner_scan_mem(impl_->scanner, data, bytes.size());
  if (code == ERROR_SCAN_TIMEOUT) {
    impl_->scan.status = YaraStatus::kTimedOut;
  } else if (code != ERROR_SUCCESS) {
    impl_->scan.status = YaraStatus::kFailed;
  }
  std::sort(impl_->scan.matches.begin(), impl_->scan.matches.end(),
            [](const YaraMatch& a, const YaraMatch& b) { return a.rule < b.rule; });
  return std::move(impl_->scan);
}

}  // namespace picket::rules
