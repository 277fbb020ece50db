// Test results as JUnit XML, as build servers read it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace picket::app {

struct JunitCase {
  std::string suite;    // the case file
  std::string subject;  // the rule
  std::string name;
  enum class Outcome : unsigned char {
    kPassed,
    kFailed,
    kError,
    kSkipped
  } outcome = Outcome::kPassed;
  std::string message;  // of anything but kPassed
};

// Cases of one suite stand together. Control characters and bytes that XML cannot hold are written
// as visible() shows them, so that any text makes a well-formed document.
std::string junit_xml(const std::vector<JunitCase>& cases);

}  // namespace picket::app
