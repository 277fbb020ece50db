// Third-party rules and recordings, used by path and never copied. Absent in most places.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace picket::conformance {

inline const std::string kShared = PICKET_SOURCE_DIR "/../shared/data";

inline bool shared_data_present() { return std::filesystem::is_directory(kShared + "/sigma-rules/rules"); }

// The five active folders of SigmaHQ.
inline std::vector<std::string> sigma_folders() {
  std::vector<std::string> all;
  for (const char* name : {"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-placeholder",
                           "rules-compliance"}) {
    all.push_back(kShared + "/sigma-rules/" + name);
  }
  return all;
}

#define PICKET_NEEDS_SHARED_DATA()                                                              \
  if (!picket::conformance::shared_data_present()) {                                            \
    GTEST_SKIP() << "third-party data is not here (../shared/data); nothing was compared";      \
  }

}  // namespace picket::conformance
