#include "app/kind_list.h"

#include <algorithm>
#include <map>

#include "base/codec.h"
#include "rules/cache_file.h"

namespace picket::app {
namespace {

using parsers::Catalog;
using parsers::Definition;

constexpr std::string_view kWhat = "picketK2";
constexpr std::size_t kChannelSizeMax = 256;

std::string path_in(const std::string& folder) {
  return folder + "/kinds.cache";
}

// What kinds there are that no channel of Windows belongs to.
std::vector<KindId> plain_kinds(const Catalog& catalog) {
  std::vector<KindId> kinds;
  for (const Definition& definition : catalog.definitions()) {
    kinds.push_back(definition.kind);
    if (definition.format == parsers::ContentFormat::kWindows) continue;
    for (const parsers::EventOverride& event : definition.events)
      kinds.push_back(Catalog::event_kind(definition, event));
  }
  return kinds;
}

// Kinds as an earlier process knew them, if the definitions of this one make the same of them.
class KindsAgain {
 public:
  explicit KindsAgain(const Catalog& catalog) : catalog_(catalog) {
    for (const KindId kind : plain_kinds(catalog))
      plain_.emplace(std::pair(kind_of(kind).dataset, kind_of(kind).variant), kind);
  }

  KindId find(std::string_view dataset, std::string_view variant, std::string_view channel,
              std::int64_t code) const {
    if (channel.empty()) {
      const auto found = plain_.find(std::pair(std::string(dataset), std::string(variant)));
      return found == plain_.end() ? kUnknownKind : found->second;
    }
    const Definition* definition = catalog_.for_channel(channel);
    if (definition == nullptr || definition->base.dataset != dataset) return kUnknownKind;
    return Catalog::windows_kind(*definition, channel, code);
  }

 private:
  const Catalog& catalog_;
  std::map<std::pair<std::string, std::string>, KindId> plain_;  // by dataset and variant
};

}  // namespace

std::vector<KindId> known_kinds(const Catalog& catalog, const rules::Taxonomy& taxonomy) {
  std::vector<KindId> kinds = plain_kinds(catalog);
  for (const Definition& definition : catalog.definitions()) {
    for (const std::string& channel : definition.channels) {
      if (channel == "*") continue;
      kinds.push_back(Catalog::windows_kind(definition, channel, -1));
      for (const parsers::EventOverride& event : definition.events) {
        kinds.push_back(Catalog::windows_kind(definition, channel, event.code));
      }
    }
  }
  for (const auto& [channel, code] : taxonomy.channel_codes()) {
    const Definition* definition = catalog.for_channel(channel);
    if (definition != nullptr) kinds.push_back(Catalog::windows_kind(*definition, channel, code));
  }
  std::sort(kinds.begin(), kinds.end());
  kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
  if (kinds.size() > kKindsMax) kinds.resize(kKindsMax);
  return kinds;
}

std::string encode_kinds(const std::vector<KindId>& kinds) {
  Writer out;
  out.number(std::min(kinds.size(), kKindsMax));
  for (std::size_t i = 0; i < kinds.size() && i < kKindsMax; ++i) {
    const EventKind& kind = kind_of(kinds[i]);
    out.text(kind.dataset);
    out.text(kind.variant);
    out.text(kind.channel);
    out.integer(kind.code);
  }
  return out.take();
}

Result<std::vector<KindId>> decode_kinds(std::string_view body, const Catalog& catalog) {
  Reader in(body);
  const KindsAgain again(catalog);
  std::vector<KindId> kinds;
  const std::size_t count = in.count();
  for (std::size_t i = 0; i < count && i < kKindsMax && in.ok(); ++i) {
    const std::string_view dataset = in.text();
    const std::string_view variant = in.text();
    const std::string_view channel = in.text();
    const std::int64_t code = in.integer();
    if (!in.ok() || channel.size() > kChannelSizeMax || code < -1) break;
    const KindId kind = again.find(dataset, variant, channel, code);
    if (kind != kUnknownKind) kinds.push_back(kind);
  }
  if (!in.done()) return fail(Errc::kCorrupt, "it is damaged");
  return kinds;
}

Result<std::vector<KindId>> read_kinds(const std::string& folder, const Catalog& catalog) {
  const std::string path = path_in(folder);
  const Result<std::string> bytes = rules::read_cache_file(path);
  if (!bytes && bytes.error().code == Errc::kNotFound) return std::vector<KindId>{};
  if (!bytes) return tl::unexpected(bytes.error());
  const Result<std::string_view> body = rules::unseal(kWhat, {}, *bytes);
  if (!body) return fail(body.error().code, path + ": " + body.error().what);
  Result<std::vector<KindId>> kinds = decode_kinds(*body, catalog);
  if (!kinds) return fail(kinds.error().code, path + ": " + kinds.error().what);
  return kinds;
}

Result<void> write_kinds(const std::string& folder, const std::vector<KindId>& kinds) {
  return rules::write_cache_file(path_in(folder), rules::seal(kWhat, {}, encode_kinds(kinds)));
}

}  // namespace picket::app
