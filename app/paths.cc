#include "app/paths.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace picket::app {
namespace {

namespace fs = std::filesystem;

bool is_content(const fs::path& folder) {
  std::error_code error;
  return fs::is_directory(folder / "taxonomies", error);
}

}  // namespace

// XDG Base Directory Specification 0.8: a relative path is ignored.
std::string user_cache() {
  const char* given = std::getenv("XDG_CACHE_HOME");
  if (given != nullptr && *given == '/') return std::string(given) + "/picket";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? std::string(home) + "/.cache/picket" : std::string();
}

ContentPaths find_content() {
  if (const char* given = std::getenv("PICKET_CONTENT"); given != nullptr && *given != '\0') {
    return {given};
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  constexpr int kFoldersAbove = 5;  // build/release/app/picket is four below the checkout
  fs::path folder = program.parent_path();
  for (int i = 0; i < kFoldersAbove && !folder.empty(); ++i, folder = folder.parent_path()) {
    if (is_content(folder / "content")) return {(folder / "content").string()};
  }
  const fs::path shared = program.parent_path().parent_path() / "share/picket";
  if (is_content(shared)) return {shared.string()};
  if (is_content("/usr/share/picket")) return {"/usr/share/picket"};
  return {};
}

}  // namespace picket::app
