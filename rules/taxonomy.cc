#include "rules/taxonomy.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/file.h"
#include "base/yaml.h"

namespace picket::rules {
namespace {

using FieldNames = std::vector<std::pair<std::string, std::string>>;

std::string at(const std::string& path, const YamlNode& node) {
  return path + ":" + std::to_string(node.line) + ": ";
}

Result<LogSource> read_when(const YamlNode& entry, const std::string& path) {
  const YamlNode* when = entry.find("when");
  if (when == nullptr || !when->is_map() || when->map.empty()) {
    return fail(Errc::kInvalid, at(path, entry) + "an entry needs `when`, with product, category or service");
  }
  LogSource source;
  for (const auto& [key, value] : when->map) {
    if (!value.is_scalar()) return fail(Errc::kInvalid, at(path, key) + "a name is expected here");
    if (key.scalar == "product") {
      source.product = value.scalar;
    } else if (key.scalar == "category") {
      source.category = value.scalar;
    } else if (key.scalar == "service") {
      source.service = value.scalar;
    } else {
      return fail(Errc::kInvalid, at(path, key) + "unknown key '" + key.scalar +
                                      "' in `when`; product, category and service are known");
    }
  }
  return source;
}

Result<FieldNames> read_fields(const YamlNode& node, const std::string& path) {
  FieldNames fields;
  const YamlNode* map = node.find("fields");
  if (map == nullptr) return fields;
  if (!map->is_map()) return fail(Errc::kInvalid, at(path, *map) + "`fields` maps Sigma names to ECS names");
  for (const auto& [key, value] : map->map) {
    if (!value.is_scalar()) return fail(Errc::kInvalid, at(path, key) + "an ECS name is expected here");
    fields.emplace_back(key.scalar, value.scalar);
  }
  std::sort(fields.begin(), fields.end());
  return fields;
}

bool equal_or_empty(const std::string& wanted, const std::string& have) {
  return wanted.empty() || wanted == have;
}

}  // namespace

bool Taxonomy::EventTest::admits(const EventKind& kind) const {
  return equal_or_empty(product, kind.product) && equal_or_empty(service, kind.service) &&
         equal_or_empty(category, kind.category) && equal_or_empty(dataset, kind.dataset) &&
         (channel.empty() || ascii_equal(channel, kind.channel)) &&
         (provider.empty() || ascii_equal(provider, kind.provider)) &&
         (codes.empty() || std::find(codes.begin(), codes.end(), kind.code) != codes.end());
}

bool Taxonomy::Entry::applies_to(const LogSource& source) const {
  if (file_wide) {
    return products.empty() || source.product.empty() ||
           std::find(products.begin(), products.end(), source.product) != products.end();
  }
  return equal_or_empty(when.product, source.product) && equal_or_empty(when.category, source.category) &&
         equal_or_empty(when.service, source.service);
}

std::shared_ptr<const Taxonomy> Taxonomy::none() {
  auto made = std::make_shared<Taxonomy>();
  made->literal_ = true;
  return made;
}

Result<std::shared_ptr<const Taxonomy>> Taxonomy::load(const std::string& folder,
                                                       std::vector<std::string>& errors) {
  PICKET_TRY(const std::vector<std::string> files, list_files(folder, {".yaml", ".yml"}));
  auto made = std::make_shared<Taxonomy>();
  for (const std::string& path : files) {
    const Result<void> read = made->read_file(path);
    if (!read) errors.push_back(read.error().what);
  }
  made->index_fields();
  std::sort(made->ecs_names_.begin(), made->ecs_names_.end());
  made->ecs_names_.erase(std::unique(made->ecs_names_.begin(), made->ecs_names_.end()),
                         made->ecs_names_.end());
  return std::shared_ptr<const Taxonomy>(std::move(made));
}

// The names live in entries_, which does not change any more.
void Taxonomy::index_fields() {
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    for (const auto& [sigma, ecs] : entries_[i].fields) {
      std::vector<std::uint32_t>& entries = by_field_[sigma];
      if (entries.empty() || entries.back() != i) entries.push_back(i);
    }
  }
}

Result<void> Taxonomy::read_file(const std::string& path) {
  PICKET_TRY(const YamlNode root, load_yaml(path));
  const YamlNode* log_sources = root.find("logsources");
  if (log_sources == nullptr || !log_sources->is_list()) {
    return fail(Errc::kInvalid, at(path, root) + "a taxonomy needs a list `logsources`");
  }
  std::vector<Entry> entries;
  Entry wide;
  wide.file_wide = true;
  for (const YamlNode& node : log_sources->list) {
    Entry entry;
    PICKET_TRY(entry.when, read_when(node, path));
    PICKET_TRY(entry.fields, read_fields(node, path));
    if (const YamlNode* events = node.find("events")) {
      for (const YamlNode& test_node : events->list) {
        EventTest test;
        for (const auto& [key, value] : test_node.map) {
          if (key.scalar == "code") {
            const auto read_code = [&](const YamlNode& code) {
              const auto number = code.integer();
              if (number) test.codes.push_back(*number);
              return number.has_value();
            };
            bool good = value.is_list() || read_code(value);
            for (const YamlNode& code : value.list) good = good && read_code(code);
            if (!good) return fail(Errc::kInvalid, at(path, key) + "`code` is a list of whole numbers");
            continue;
          }
          std::string* slot = key.scalar == "product"    ? &test.product
                              : key.scalar == "service"  ? &test.service
                              : key.scalar == "category" ? &test.category
                              : key.scalar == "dataset"  ? &test.dataset
                              : key.scalar == "channel"  ? &test.channel
                              : key.scalar == "provider" ? &test.provider
                                                         : nullptr;
          if (slot == nullptr || !value.is_scalar()) {
            return fail(Errc::kInvalid, at(path, key) + "'" + key.scalar + "' is no attribute of an event kind");
          }
          *slot = value.scalar;
        }
        entry.events.push_back(std::move(test));
      }
    }
    if (!entry.when.product.empty()) wide.products.push_back(entry.when.product);
    entries.push_back(std::move(entry));
  }
  PICKET_TRY(wide.fields, read_fields(root, path));
  if (!wide.fields.empty()) entries.push_back(std::move(wide));
  for (Entry& entry : entries) {
    for (const auto& [sigma, ecs] : entry.fields) ecs_names_.push_back(ecs);
    entries_.push_back(std::move(entry));
  }
  return {};
}

bool Taxonomy::admits(const LogSource& source, const EventKind& kind) const {
  return lets_in(admission(source), kind);
}

Taxonomy::Admission Taxonomy::admission(const LogSource& source) const {
  Admission made{.source = source,
                 .entries = {},
                 .product = source.product.empty(),
                 .category = source.category.empty(),
                 .service = source.service.empty()};
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.file_wide || entry.events.empty() || !entry.applies_to(source)) continue;
    made.entries.push_back(i);
    made.product = made.product || !entry.when.product.empty();
    made.category = made.category || !entry.when.category.empty();
    made.service = made.service || !entry.when.service.empty();
  }
  return made;
}

bool Taxonomy::lets_in(const Admission& admission, const EventKind& kind) const {
  if (literal_) return true;
  const LogSource& source = admission.source;
  return (admission.product || source.product == kind.product) &&
         (admission.category || source.category == kind.category) &&
         (admission.service || source.service == kind.service) &&
         std::all_of(admission.entries.begin(), admission.entries.end(), [&](std::uint32_t i) {
           const std::vector<EventTest>& tests = entries_[i].events;
           return std::any_of(tests.begin(), tests.end(), [&](const EventTest& test) { return test.admits(kind); });
         });
}

bool Taxonomy::knows(const LogSource& source) const {
  if (literal_ || (source.category.empty() && source.service.empty())) return true;
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return !entry.file_wide && entry.applies_to(source);
  });
}

std::vector<std::pair<std::string, std::int64_t>> Taxonomy::channel_codes() const {
  std::vector<std::pair<std::string, std::int64_t>> all;
  for (const Entry& entry : entries_) {
    for (const EventTest& test : entry.events) {
      if (test.channel.empty()) continue;
      for (const std::int64_t code : test.codes) all.emplace_back(test.channel, code);
    }
  }
  return all;
}

std::optional<std::string_view> Taxonomy::ecs_name(const LogSource& source, std::string_view field) const {
  if (literal_) return std::nullopt;
  // A file-wide mapping gives way to one of an entry.
  std::optional<std::string_view> wide;
  const auto mapping = by_field_.find(field);
  if (mapping == by_field_.end()) return std::nullopt;
  for (const std::uint32_t i : mapping->second) {
    const Entry& entry = entries_[i];
    if (!entry.applies_to(source)) continue;
    const auto found = std::lower_bound(entry.fields.begin(), entry.fields.end(), field,
                                        [](const auto& pair, std::string_view name) { return pair.first < name; });
    if (found == entry.fields.end() || found->first != field) continue;
    if (!entry.file_wide) return found->second;
    if (!wide) wide = found->second;
  }
  return wide;
}

std::vector<std::string_view> Taxonomy::sigma_names(const LogSource& source) const {
  std::vector<std::string_view> names;
  for (const Entry& entry : entries_) {
    if (!entry.applies_to(source)) continue;
    for (const auto& [sigma, ecs] : entry.fields) names.push_back(sigma);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace picket::rules
