// Where shipped content is: beside the program in a checkout, in ../share/picket when installed.
#pragma once

#include <string>
#include <vector>

namespace picket::app {

struct ContentPaths {
  std::string root;        // ".../content"; empty: found nowhere
  std::string rules() const { return root + "/rules"; }
  std::string rule_cases() const { return root + "/rule-cases"; }
  std::string taxonomies() const { return root + "/taxonomies"; }
  // Folders of source definitions: the shipped ones, and then `more`.
  std::vector<std::string> sources(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> folders = {root + "/sources"};
    folders.insert(folders.end(), more.begin(), more.end());
    return folders;
  }
  std::string playbooks() const { return root + "/playbooks"; }
  std::string messages() const { return root + "/messages"; }
  std::string sample() const { return root + "/sample"; }
  std::string systems() const { return root + "/systems.yaml"; }
};

// Where commands cache what can be made again: XDG_CACHE_HOME/picket, else ~/.cache/picket; empty if
// neither variable names an absolute path.
std::string user_cache();

// PICKET_CONTENT if it is set, else the first folder `content` with `taxonomies` in it: beside the
// program, or in a folder above it (a checkout), or ../share/picket beside it, or /usr/share/picket.
ContentPaths find_content();

}  // namespace picket::app
