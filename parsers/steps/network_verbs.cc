// url, address, transport, direction, hash: helpers that know ECS names.
#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "event/ecs.h"
#include "parsers/cursor.h"
#include "parsers/put.h"
#include "parsers/steps/network.h"
#include "parsers/steps/step_reader.h"

namespace picket::parsers {
namespace {

// "stem.name"
Result<FieldId> named(const StepReader& reader, const YamlNode& node, const std::string& stem,
                      std::string_view name) {
  YamlNode whole = node;
  whole.kind = YamlNode::Kind::kScalar;
  whole.scalar = stem + "." + std::string(name);
  return reader.field(whole);
}

class UrlVerb : public Verb {
 public:
  FieldId from{};
  FieldId original{}, scheme{}, domain{}, port{}, path{}, query{}, fragment{}, extension{},
      username{};

  Outcome run(Work& work) const override {
    std::string_view rest = work.text(from);
    if (rest.empty()) return Outcome::kDone;
    if (work.find(original) == nullptr) work.put(original, rest);
    const std::size_t mark = rest.substr(0, 32).find("://");
    if (mark != std::string_view::npos) {
      work.put(scheme, rest.substr(0, mark));
      rest.remove_prefix(mark + 3);
      authority(rest.substr(0, rest.find_first_of("/?#")), work);
      rest.remove_prefix(std::min(rest.find_first_of("/?#"), rest.size()));
    } else if (!rest.starts_with('/')) {  // "host:443", "host/path"
      const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
      if (host.find_first_of(".:") != std::string_view::npos) {
        authority(host, work);
        rest.remove_prefix(host.size());
      }
    }
    if (const std::size_t hash = rest.find('#'); hash != std::string_view::npos) {
      work.put(fragment, rest.substr(hash + 1));
      rest = rest.substr(0, hash);
    }
    if (const std::size_t question = rest.find('?'); question != std::string_view::npos) {
      work.put(query, rest.substr(question + 1));
      rest = rest.substr(0, question);
    }
    work.put(path, rest);
    const std::size_t dot = rest.substr(rest.rfind('/') + 1).rfind('.');
    if (dot != std::string_view::npos) {
      const std::string_view end = rest.substr(rest.rfind('/') + 1).substr(dot + 1);
      if (dot > 0 && end.size() <= 16) work.put(extension, end);
    }
    return Outcome::kDone;
  }

 private:
  void authority(std::string_view text, Work& work) const {
    if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
      work.put(username, text.substr(0, std::min(text.find(':'), at)));
      text.remove_prefix(at + 1);
    }
    const HostPort parts = split_address(text);
    work.put(domain, parts.host);
    work.put(port, parts.port, ValueKind::kNumber);
  }
};

class AddressVerb : public Verb {
 public:
  struct Item {
    FieldId from{}, address{}, ip{}, domain{}, port{};
  };
  std::vector<Item> items;

  Outcome run(Work& work) const override {
    for (const Item& item : items) {
      const std::string_view text = work.text(item.from);
      if (text.empty()) continue;
      const HostPort parts = split_address(text);
      work.put(item.address, parts.host);
      work.put(is_ip(parts.host) ? item.ip : item.domain, parts.host);
      work.put(item.port, parts.port, ValueKind::kNumber);
    }
    return Outcome::kDone;
  }
};

class TransportVerb : public Verb {
 public:
  FieldId from{};
  FieldId number{};

  Outcome run(Work& work) const override {
    const std::string_view text = work.text(from);
    if (text.empty()) return Outcome::kDone;
    if (const Protocol* known = protocol_of(text)) {
      work.put(ecs::kNetworkTransport, known->name);
      work.put(number, known->number);
      return Outcome::kDone;
    }
    if (is_number(text)) {
      work.put(number, text);
      return Outcome::kDone;
    }
    char* const lower = work.make(text.size());
    if (lower == nullptr) return Outcome::kDone;
    std::transform(text.begin(), text.end(), lower, [](char c) { return ascii_lower(c); });
    work.put(ecs::kNetworkTransport, {lower, text.size()});
    return Outcome::kDone;
  }
};

class DirectionVerb : public Verb {
 public:
  DirectionVerb(FieldId source, FieldId destination, NetworkSet internal)
      : source_(source), destination_(destination), internal_(std::move(internal)) {}

  Outcome run(Work& work) const override {
    const std::optional<bool> from = internal_.has(work.text(source_));
    const std::optional<bool> to = from ? internal_.has(work.text(destination_)) : from;
    if (!to) return Outcome::kDone;
    work.put(ecs::kNetworkDirection,
             *from ? (*to ? "internal" : "outbound") : (*to ? "inbound" : "external"));
    return Outcome::kDone;
  }

 private:
  FieldId source_;
  FieldId destination_;
  NetworkSet internal_;
};

// By its length in hexadecimal digits.
constexpr std::array<std::pair<std::size_t, std::string_view>, 6> kHashes = {
    {{32, "md5"}, {40, "sha1"}, {56, "sha224"}, {64, "sha256"}, {96, "sha384"}, {128, "sha512"}}};

class HashVerb : public Verb {
 public:
  struct Item {
    FieldId from{};
    std::array<FieldId, kHashes.size()> to{};
    FieldId imphash{};
  };
  std::vector<Item> items;

  Outcome run(Work& work) const override {
    for (const Item& item : items) {
      std::string_view rest = work.text(item.from);
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find_first_of(",; "), rest.size());
        one(item, rest.substr(0, end), work);
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
    return Outcome::kDone;
  }

 private:
  static bool is_capital(char c) { return c >= 'A' && c <= 'F'; }
  static void one(const Item& item, std::string_view text, Work& work) {
    const std::size_t equals = text.find_first_of("=:");
    const std::string_view kind =
        equals == std::string_view::npos ? std::string_view() : text.substr(0, equals);
    std::string_view hash = text.substr(equals == std::string_view::npos ? 0 : equals + 1);
    for (const char c : hash) {
      if (!is_digit(c) && (ascii_lower(c) < 'a' || ascii_lower(c) > 'f')) return;
    }
    if (std::find_if(hash.begin(), hash.end(), is_capital) != hash.end()) {
      std::string small(hash);  // ECS writes small letters
      std::transform(small.begin(), small.end(), small.begin(), ascii_lower);
      hash = work.copy(small);
    }
    if (ascii_equal(kind, "imphash")) {
      work.put(item.imphash, hash);
      return;
    }
    for (std::size_t i = 0; i < kHashes.size(); ++i) {
      if (kHashes[i].first == hash.size()) work.put(item.to[i], hash);
    }
  }
};

}  // namespace

MadeVerb make_url(StepReader& reader, const VerbSource& source) {
  auto made = std::make_unique<UrlVerb>();
  PICKET_TRY(made->from, reader.field(source.argument));
  const std::string stem = source.step.text("to", "url");
  const std::array<std::pair<std::string_view, FieldId*>, 9> parts = {
      {{"original", &made->original},
       {"scheme", &made->scheme},
       {"domain", &made->domain},
       {"port", &made->port},
       {"path", &made->path},
       {"query", &made->query},
       {"fragment", &made->fragment},
       {"extension", &made->extension},
       {"username", &made->username}}};
  for (const auto& [name, id] : parts) {
    PICKET_TRY(*id, named(reader, source.step, stem, name));
  }
  return made;
}

MadeVerb make_address(StepReader& reader, const VerbSource& source) {
  auto made = std::make_unique<AddressVerb>();
  PICKET_TRY_VOID(
      reader.entries(source.argument, "address is a map of fields and stems, such as source",
                     [&](const YamlNode& key, const YamlNode& stem) -> Result<void> {
                       AddressVerb::Item item;
                       PICKET_TRY(item.from, reader.field(key));
                       PICKET_TRY(item.address, named(reader, stem, stem.scalar, "address"));
                       PICKET_TRY(item.ip, named(reader, stem, stem.scalar, "ip"));
                       PICKET_TRY(item.domain, named(reader, stem, stem.scalar, "domain"));
                       PICKET_TRY(item.port, named(reader, stem, stem.scalar, "port"));
                       made->items.push_back(item);
                       return {};
                     }));
  return made;
}

MadeVerb make_transport(StepReader& reader, const VerbSource& source) {
  auto made = std::make_unique<TransportVerb>();
  PICKET_TRY(made->from, reader.field(source.argument));
  reader.note_written(ecs::kNetworkTransport);
  PICKET_TRY(made->number, named(reader, source.step, "network", "iana_number"));
  return made;
}

MadeVerb make_direction(StepReader& reader, const VerbSource& source) {
  PICKET_TRY(const std::vector<FieldId> both, reader.fields(source.argument));
  if (both.size() != 2) return reader.error(source.argument, "direction is [source, destination]");
  reader.note_written(ecs::kNetworkDirection);
  std::vector<std::string> internal = source.step.texts("internal");
  if (internal.empty())
    internal = {"10.0.0.0/8",    "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16",
                "100.64.0.0/10", "fc00::/7",      "fe80::/10",      "::1"};
  NetworkSet networks;
  for (const std::string& text : internal) {
    const auto network = network_of(text);
    if (!network) return reader.error(source.step, "'" + text + "' is no network");
    networks.add(*network);
  }
  return std::make_unique<DirectionVerb>(both[0], both[1], std::move(networks));
}

MadeVerb make_hash(StepReader& reader, const VerbSource& source) {
  auto made = std::make_unique<HashVerb>();
  PICKET_TRY_VOID(reader.entries(
      source.argument, "hash is a map of fields and stems, such as file",
      [&](const YamlNode& key, const YamlNode& stem) -> Result<void> {
        HashVerb::Item item;
        PICKET_TRY(item.from, reader.field(key));
        for (std::size_t i = 0; i < kHashes.size(); ++i) {
          PICKET_TRY(item.to[i], named(reader, stem, stem.scalar + ".hash", kHashes[i].second));
        }
        PICKET_TRY(item.imphash, named(reader, stem, stem.scalar + ".pe", "imphash"));
        made->items.push_back(item);
        return {};
      }));
  return made;
}

}  // namespace picket::parsers
