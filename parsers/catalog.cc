#include "parsers/catalog.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

#include "base/file.h"
#include "base/yaml.h"
#include "parsers/definition_file.h"
#include "parsers/recognition_index.h"

namespace picket::parsers {
namespace {

template <class Index>
const Definition* look_up(const std::vector<Definition>& all, const Index& index,
                          std::string_view key) {
  auto found = index.find(key);
  if (found == index.end()) found = index.find("*");
  return found == index.end() ? nullptr : &all[found->second];
}

// Kinds are for ever, definitions are not: one that was changed makes kinds of its own.
std::string variant_of(const Definition& definition) {
  std::string text = definition.name;
  const auto add = [&text](std::string_view part) { (text += '\x1f') += part; };
  for (const std::string& part :
       {definition.base.product, definition.base.service, definition.base.category})
    add(part);
  add(layer_name(definition.base.layer));
  for (const auto& [field, value] : definition.base.constants) {
    add(field_name(field));
    add(value);
  }
  for (const auto& [ecs, original] : definition.base.aliases) {
    add(field_name(ecs));
    add(field_name(original));
  }
  return definition.name + '@' + hash128_hex(text);
}

// Replaces what the general part says about the same names.
template <class Pairs>
void put_over(Pairs& general, const Pairs& special) {
  std::erase_if(general, [&](const auto& pair) {
    return std::any_of(special.begin(), special.end(),
                       [&](const auto& other) { return other.first == pair.first; });
  });
  general.insert(general.end(), special.begin(), special.end());
}

}  // namespace

Catalog::Catalog() = default;
Catalog::~Catalog() = default;

Result<std::shared_ptr<const Catalog>> Catalog::load(const std::vector<std::string>& folders,
                                                     std::vector<std::string>& errors,
                                                     const std::vector<std::string>& geoip) {
  std::shared_ptr<Catalog> catalog(new Catalog);
  GeoLibrary geo(geoip);
  std::vector<Definition>& all = catalog->definitions_;
  for (const std::string& folder : folders) {
    const std::size_t earlier = all.size();
    PICKET_TRY(const std::vector<std::string> paths, list_files(folder, {".yaml", ".yml"}));
    for (const std::string& path : paths) {
      Result<Definition> definition = load_definition(path, geo);
      if (!definition) {
        errors.push_back(definition.error().what);
        continue;
      }
      const auto other = std::find_if(all.begin(), all.end(), [&](const Definition& known) {
        return known.name == definition->name;
      });
      if (other == all.end()) {
        all.push_back(*std::move(definition));
      } else if (static_cast<std::size_t>(other - all.begin()) < earlier) {
        *other = *std::move(definition);
      } else {
        errors.push_back(path + ":1: a definition " + definition->name + " is in " + other->path +
                         " already");
      }
    }
  }
  catalog->geoip_problems_ = geo.problems();
  catalog->index();
  return std::shared_ptr<const Catalog>(std::move(catalog));
}

std::shared_ptr<const Catalog> Catalog::make(std::vector<Definition> definitions) {
  std::shared_ptr<Catalog> catalog(new Catalog);
  catalog->definitions_ = std::move(definitions);
  catalog->index();
  return catalog;
}

void Catalog::index() {
  std::sort(definitions_.begin(), definitions_.end(),
            [](const Definition& a, const Definition& b) { return a.name < b.name; });
  for (std::size_t i = 0; i < definitions_.size(); ++i) {
    Definition& definition = definitions_[i];
    definition.index = i;
    definition.aliases = Work::Aliases(definition.base.aliases);
    if (definition.format != ContentFormat::kWindows)
      definition.base.variant = variant_of(definition);
    definition.kind = intern_kind(definition.base);
    for (const std::string& channel : definition.channels) by_channel_.emplace(channel, i);
    for (const std::string& provider : definition.providers) by_provider_.emplace(provider, i);
    for (const RecogniseRule& rule : definition.rules) {
      const bool more = !rule.prefixes.empty() || !rule.any.empty() || !rule.all.empty();
      for (const std::string& program : rule.programs) {
        if (program != "*" || !more) by_program_.emplace(program, i);
      }
    }
  }
}

const RecognitionIndex& Catalog::recognition() const {
  return recognition_.get([this] { return std::make_unique<const RecognitionIndex>(definitions_); });
}

const Definition* Catalog::find(std::string_view name) const {
  for (const Definition& definition : definitions_) {
    if (definition.name == name) return &definition;
  }
  return nullptr;
}

const Definition* Catalog::for_channel(std::string_view channel) const {
  return look_up(definitions_, by_channel_, channel);
}

const Definition* Catalog::for_provider(std::string_view provider) const {
  const auto found = by_provider_.find(provider);
  return found == by_provider_.end() ? nullptr : &definitions_[found->second];
}

const Definition* Catalog::for_program(std::string_view program) const {
  return look_up(definitions_, by_program_, program);
}

const Definition* Catalog::for_format(ContentFormat format) const {
  const auto asks_for_keys = [](const Definition& definition) {
    return definition.steps != nullptr || !definition.events.empty() ||
           std::any_of(definition.rules.begin(), definition.rules.end(),
                       [](const RecogniseRule& rule) { return !rule.json.empty(); });
  };
  for (const Definition& definition : definitions_) {
    if (definition.format != format) continue;
    if (format == ContentFormat::kJson && asks_for_keys(definition)) continue;
    return &definition;
  }
  return nullptr;
}

KindId Catalog::windows_kind(const Definition& definition, std::string_view channel,
                             std::int64_t code) {
  EventKind kind = definition.base;
  kind.channel = channel;
  for (const std::string& spelled : definition.channels) {
    if (ascii_equal(spelled, channel))
      kind.channel = spelled;  // one kind, however senders write it
  }
  kind.code = code;
  for (const EventOverride& special : definition.events) {
    if (special.code != code) continue;
    put_over(kind.constants, special.constants);
    put_over(kind.aliases, special.aliases);
  }
  return intern_kind(std::move(kind));
}

KindId Catalog::event_kind(const Definition& definition, const EventOverride& event) {
  EventKind kind = definition.base;
  kind.variant += '/' + event.key;
  std::string text;
  for (const auto& [field, value] : event.constants)
    ((text += field_name(field)) += '=') += value + '\x1f';
  for (const auto& [ecs, original] : event.aliases)
    ((text += field_name(ecs)) += '<') += std::string(field_name(original)) + '\x1f';
  kind.variant += '@' + hash128_hex(text);
  put_over(kind.constants, event.constants);
  put_over(kind.aliases, event.aliases);
  return intern_kind(std::move(kind));
}

}  // namespace picket::parsers
