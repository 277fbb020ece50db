#include "response/systems.h"

#include <algorithm>

namespace picket::response {
namespace {

std::string folded(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string first_label(const std::string& host) {
  return host.substr(0, host.find('.'));
}

std::string first_bits(const IpAddress& address, unsigned bits) {
  std::string bytes(address.bytes().begin(), address.bytes().end());
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = bits <= i * 8 ? 0 : std::min(8U, bits - i * 8);
    bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) & (0xFF00U >> kept));
  }
  return bytes;
}

Contact read_owner(YamlReader& reader, const YamlNode& system) {
  Contact owner;
  const YamlNode* node = reader.may_map(system, "owner");
  if (node == nullptr) {
    reader.problem(system, "'owner' is missing: somebody must be told");
    return owner;
  }
  reader.check_keys(*node, {"name", "title", "agency", "email", "language"});
  owner.name = reader.need_text(*node, "name", 128);
  owner.title = reader.may_text(*node, "title", 128);
  owner.agency = reader.may_text(*node, "agency", 256);
  owner.email = reader.need_text(*node, "email", 254);
  owner.language = reader.need_text(*node, "language", 8);
  if (!owner.email.empty() && !is_mail_address(owner.email)) {
    reader.problem(*node->find("email"), "'" + owner.email + "' is not a mail address");
  }
  if (!owner.language.empty() && owner.language != "vi" && owner.language != "en") {
    reader.problem(*node->find("language"), "'language' must be vi or en");
  }
  return owner;
}

void read_assets(YamlReader& reader, const YamlNode& node, System& system) {
  const YamlNode* assets = reader.may_map(node, "assets");
  if (assets == nullptr) return;
  reader.check_keys(*assets, {"hosts", "networks"});
  for (const YamlNode* host : reader.may_list(*assets, "hosts", 100'000)) {
    if (host->scalar.empty() || host->scalar.size() > 253 ||
        host->scalar.find_first_of(" \t\r\n") != std::string::npos) {
      reader.problem(*host, "'" + host->scalar.substr(0, 64) + "' is not a host name");
    } else {
      system.hosts.push_back(host->scalar);
    }
  }
  for (const YamlNode* network : reader.may_list(*assets, "networks", 10'000)) {
    if (const std::optional<Cidr> cidr = Cidr::parse(network->scalar)) {
      system.networks.push_back(*cidr);
    } else {
      reader.problem(*network,
                     "'" + network->scalar.substr(0, 64) + "' is not a network (10.0.0.0/8)");
    }
  }
}

System read_system(YamlReader& reader, const YamlNode& node) {
  reader.check_keys(node, {"name", "title", "level", "owner", "assets"});
  System system;
  system.name = reader.need_text(node, "name", 64);
  if (const YamlNode* title = reader.may_map(node, "title")) {
    reader.check_keys(*title, {"en", "vi"});
    system.name_en = reader.need_text(*title, "en", 256);
    system.name_vi = reader.need_text(*title, "vi", 256);
  } else {
    reader.problem(node, "'title' with 'en' and 'vi' is missing");
  }
  if (node.find("level") == nullptr) reader.problem(node, "'level' (1 to 5) is missing");
  system.level = static_cast<int>(reader.may_integer(node, "level", 1, 5, 1));
  system.owner = read_owner(reader, node);
  read_assets(reader, node, system);
  return system;
}

}  // namespace

Systems::Systems(std::vector<System> systems) : systems_(std::move(systems)) {
  constexpr std::size_t kAmbiguous = SIZE_MAX;
  std::unordered_map<std::string, std::size_t> labels;
  for (std::size_t i = 0; i < systems_.size(); ++i) {
    names_.emplace(systems_[i].name, i);
    for (const std::string& host : systems_[i].hosts) {
      const std::string name = folded(host);
      hosts_.emplace(name, i);
      const auto [label, is_new] = labels.emplace(first_label(name), i);
      if (!is_new && label->second != i) label->second = kAmbiguous;
    }
  }
  for (const auto& [label, index] : labels) {
    if (index != kAmbiguous) hosts_.emplace(label, index);
  }
  for (std::size_t i = 0; i < systems_.size(); ++i) {
    for (const Cidr& network : systems_[i].networks) {
      const auto same = [&](const Networks& n) { return n.bits == network.bits(); };
      auto at = std::find_if(networks_.begin(), networks_.end(), same);
      if (at == networks_.end()) at = networks_.insert(at, Networks{network.bits(), {}});
      at->systems.emplace(first_bits(network.base(), network.bits()), i);
    }
  }
  std::sort(networks_.begin(), networks_.end(),
            [](const Networks& a, const Networks& b) { return a.bits > b.bits; });
}

const System* Systems::by_name(std::string_view name) const {
  const auto found = names_.find(std::string(name));
  return found == names_.end() ? nullptr : &systems_[found->second];
}

const System* Systems::of_host(std::string_view host) const {
  if (host.empty() || host.size() > 253) return nullptr;
  const std::string name = folded(host);
  auto found = hosts_.find(name);
  if (found == hosts_.end()) found = hosts_.find(first_label(name));
  return found == hosts_.end() ? nullptr : &systems_[found->second];
}

const System* Systems::of_address(const IpAddress& address) const {
  for (const Networks& networks : networks_) {
    const auto found = networks.systems.find(first_bits(address, networks.bits));
    if (found != networks.systems.end()) return &systems_[found->second];
  }
  return nullptr;
}

const System* Systems::of_address(std::string_view address) const {
  const std::optional<IpAddress> parsed = IpAddress::parse(address);
  return parsed ? of_address(*parsed) : nullptr;
}

Systems read_systems(const YamlNode& document, const std::string& path,
                     std::vector<Problem>& problems) {
  YamlReader reader(path, problems);
  std::vector<System> systems;
  if (document.is_null()) return Systems();
  if (!document.is_map()) {
    reader.problem(document, "a map with 'systems' is expected");
    return Systems();
  }
  reader.check_keys(document, {"systems"});
  const YamlNode* list = document.find("systems");
  if (list == nullptr || !list->is_list()) {
    reader.problem(document, "'systems' must be a list");
    return Systems();
  }
  for (const YamlNode& node : list->list) {
    if (!node.is_map()) {
      reader.problem(node, "a system must be a map");
      continue;
    }
    const std::size_t before = reader.problem_count();
    System system = read_system(reader, node);
    const bool repeated = std::any_of(systems.begin(), systems.end(),
                                      [&](const System& s) { return s.name == system.name; });
    if (repeated) reader.problem(node, "there is a system '" + system.name + "' already");
    if (reader.problem_count() == before) systems.push_back(std::move(system));
  }
  return Systems(std::move(systems));
}

Result<Systems> load_systems(const std::string& path, std::vector<Problem>& problems) {
  PICKET_TRY(const YamlNode document, load_yaml(path));
  return read_systems(document, path, problems);
}

bool is_mail_address(std::string_view text) {
  const std::size_t at = text.find('@');
  if (text.size() > 254 || at == 0 || at == std::string_view::npos || at > 64) return false;
  const std::string_view domain = text.substr(at + 1);
  if (domain.empty() || domain.front() == '.' || domain.back() == '.') return false;
  return std::all_of(text.begin(), text.end(), [&](const char& c) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '@') return static_cast<std::size_t>(&c - text.data()) == at;
    return byte > 0x20 && byte < 0x7f &&
           std::string_view("<>()[]\\,;:\"'`").find(c) == std::string_view::npos;
  });
}

}  // namespace picket::response
