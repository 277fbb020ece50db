// The register of information systems: what each is called, who answers for it, and which hosts and
// networks belong to it. docs/formats/systems.md describes the file.
//
// Owns everything; read once, then constant: any thread. Pointers it gives live as long as it does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "response/address.h"
#include "base/yaml_reader.h"

namespace picket::response {

// Somebody who is told. The language decides in which words.
struct Contact {
  std::string name;
  std::string title;   // "Giám đốc", "Head of IT"; may be empty
  std::string agency;  // may be empty
  std::string email;
  std::string language;  // "vi" or "en"
};

struct System {
  std::string name;     // as sources and incidents write it: "portal"
  std::string name_en;  // for people
  std::string name_vi;
  int level = 1;  // 1..5
  Contact owner;
  std::vector<std::string> hosts;
  std::vector<Cidr> networks;

  const std::string& title(std::string_view language) const {
    return language == "vi" ? name_vi : name_en;
  }
};

class Systems {
 public:
  explicit Systems(std::vector<System> systems = {});

  // nullptr if there is none. Host names compare without case, and "web-01" finds "web-01.dvc.test"
  // and the other way round where only one system has that first label.
  const System* by_name(std::string_view name) const;
  const System* of_host(std::string_view host) const;
  // The system with the narrowest network around it; a look-up for each length of prefix that is there.
  const System* of_address(const IpAddress& address) const;
  const System* of_address(std::string_view address) const;

  const std::vector<System>& all() const { return systems_; }

 private:
  // The networks of one length of prefix, by their first bits.
  struct Networks {
    unsigned bits = 0;
    std::unordered_map<std::string, std::size_t> systems;
  };
  std::vector<System> systems_;
  std::vector<Networks> networks_;  // the narrowest first
  std::unordered_map<std::string, std::size_t> names_;
  std::unordered_map<std::string, std::size_t> hosts_;
};

// Fails when the file cannot be read or is not one YAML document. What is wrong inside is added to
// `problems`, and the system concerned is left out.
Result<Systems> load_systems(const std::string& path, std::vector<Problem>& problems);
Systems read_systems(const YamlNode& document, const std::string& path,
                     std::vector<Problem>& problems);

// "name@example.org": one '@', no spaces, quotes, brackets or control characters, at most 254
// bytes.
bool is_mail_address(std::string_view text);

}  // namespace picket::response
