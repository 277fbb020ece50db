#include "app/junit.h"

#include <array>

#include "app/terminal.h"

namespace picket::app {
namespace {

using Outcome = JunitCase::Outcome;

std::string escaped(std::string_view text) {
  std::string out;
  const std::string safe = visible(text);
  for (std::size_t i = 0; i < safe.size(); ++i) {
    // U+FFFE and U+FFFF are characters of UTF-8 and none of XML.
    if (safe.compare(i, 2, "\xEF\xBF") == 0 && i + 2 < safe.size() &&
        static_cast<unsigned char>(safe[i + 2]) >= 0xBE) {
      out += "\xEF\xBF\xBD";
      i += 2;
      continue;
    }
    switch (safe[i]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      default:
        out += safe[i];
    }
  }
  return out;
}

std::string attribute(const char* name, std::string_view value) {
  return std::string(" ") + name + "=\"" + escaped(value) + "\"";
}

std::string counts(const JunitCase* begin, const JunitCase* end) {
  std::array<std::size_t, 4> of{};
  for (const JunitCase* one = begin; one != end; ++one)
    ++of[static_cast<std::size_t>(one->outcome)];
  return attribute("tests", std::to_string(end - begin)) +
         attribute("failures", std::to_string(of[static_cast<std::size_t>(Outcome::kFailed)])) +
         attribute("errors", std::to_string(of[static_cast<std::size_t>(Outcome::kError)])) +
         attribute("skipped", std::to_string(of[static_cast<std::size_t>(Outcome::kSkipped)]));
}

std::string case_xml(const JunitCase& one) {
  std::string text =
      "    <testcase" + attribute("classname", one.subject) + attribute("name", one.name);
  if (one.outcome == Outcome::kPassed) return text + "/>\n";
  const char* element = one.outcome == Outcome::kFailed  ? "failure"
                        : one.outcome == Outcome::kError ? "error"
                                                         : "skipped";
  return text + ">\n      <" + element + attribute("message", one.message) +
         "/>\n    </testcase>\n";
}

}  // namespace

std::string junit_xml(const std::vector<JunitCase>& cases) {
  const JunitCase* const end = cases.data() + cases.size();
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts(cases.data(), end) + ">\n";
  for (const JunitCase* begin = cases.data(); begin != end;) {
    const JunitCase* next = begin;
    while (next != end && next->suite == begin->suite) ++next;
    text += "  <testsuite" + attribute("name", begin->suite) + counts(begin, next) + ">\n";
    for (; begin != next; ++begin) text += case_xml(*begin);
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

}  // namespace picket::app
