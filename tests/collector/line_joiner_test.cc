#include "collector/line_joiner.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace picket::collector {
namespace {

using By = MultilineConfig::By;
using std::chrono::milliseconds;

class Joining {
 public:
  explicit Joining(MultilineConfig config, std::size_t bytes_max = 1000)
      : joiner_(*LineJoiner::make(std::move(config), bytes_max)) {}

  Joining& lines(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      const std::uint64_t begin = at_;
      at_ += line.size() + 1;
      if (line.empty()) ++blank_lines_;  // as the framer does
      if (line.empty()) continue;
      joiner_.add({line, line.size(), std::exchange(blank_lines_, 0)}, begin);
      ++lines_;
      take();
    }
    return *this;
  }
  void pass(int ms) {
    joiner_.tick(milliseconds(ms));
    take();
  }
  std::vector<std::string> finish() {
    joiner_.finish();
    take();
    EXPECT_EQ(joiner_.first_held(), std::nullopt);
    EXPECT_EQ(lines_, records_.size() + joiner_.joined());
    return records_;
  }
  const std::vector<std::string>& records() const { return records_; }
  const LineJoiner& joiner() const { return joiner_; }
  std::uint64_t length() const { return length_; }

 private:
  void take() {
    Frame record;
    while (joiner_.next(record)) {
      records_.emplace_back(record.bytes);
      length_ = record.length;
    }
  }

  LineJoiner joiner_;
  std::vector<std::string> records_;
  std::uint64_t at_ = 0;
  std::uint64_t lines_ = 0;
  std::uint64_t length_ = 0;
  std::uint32_t blank_lines_ = 0;
};

using Records = std::vector<std::string>;

TEST(LineJoiner, Indent) {
  Joining j({.by = By::kIndent});
  EXPECT_EQ(j.lines({"a", " b", "\tc", "d", "", " e"}).finish(),
            (Records{"a\n b\n\tc", "d\n\n e"}));
}

TEST(LineJoiner, StacksOfJavaAndPython) {
  Joining j({.by = By::kStack});
  EXPECT_EQ(j.lines({"ERROR x", "java.lang.E: m"}).finish(),
            (Records{"ERROR x", "java.lang.E: m"}));
  Joining java({.by = By::kStack});
  EXPECT_EQ(
      java.lines({"E: m", "\tat a.b(C.java:1)", "Caused by: F", "\t... 3 more", "next"}).finish(),
      (Records{"E: m\n\tat a.b(C.java:1)\nCaused by: F\n\t... 3 more", "next"}));
  Joining python({.by = By::kStack});
  EXPECT_EQ(
      python
          .lines({"ERROR failed", "Traceback (most recent call last):", "  File \"x\"", "    f()",
                  "ValueError: y", "next"})
          .finish(),
      (Records{
          "ERROR failed\nTraceback (most recent call last):\n  File \"x\"\n    f()\nValueError: y",
          "next"}));
}

TEST(LineJoiner, Patterns) {
  Joining begins({.by = By::kBegins, .pattern = R"(^\d{4}-)"});
  EXPECT_EQ(begins.lines({"tail", "2026-1", "x", "y", "2026-2"}).finish(),
            (Records{"tail", "2026-1\nx\ny", "2026-2"}));
  Joining continues({.by = By::kContinues, .pattern = "^\\+"});
  EXPECT_EQ(continues.lines({"a", "+b", "c"}).finish(), (Records{"a\n+b", "c"}));
  Joining ends({.by = By::kEnds, .pattern = ";$"});
  EXPECT_EQ(ends.lines({"a", "b;", "c;", "d"}).finish(), (Records{"a\nb;", "c;", "d"}));
  EXPECT_FALSE(LineJoiner::make({.by = By::kBegins, .pattern = "("}, 10).has_value());
  EXPECT_FALSE(LineJoiner::make({.by = By::kBegins}, 10).has_value());
}

TEST(LineJoiner, AuditRecordsOfOneSerial) {
  const std::string a1 = "type=SYSCALL msg=audit(1.000:1): a",
                    a2 = "type=PATH msg=audit(1.000:1): b";
  const std::string a3 = "type=PROCTITLE msg=audit(1.000:1): c";
  const std::string b1 = "node=h type=SYSCALL msg=audit(1.000:2): d",
                    b2 = "type=PROCTITLE msg=audit(1.000:2): e";
  const std::string user = "type=USER_LOGIN msg=audit(1.001:3): f";
  Joining j({.by = By::kAuditd});
  j.lines({a1, b1, a2, user, "no audit", a3});
  EXPECT_EQ(j.records(), (Records{user, "no audit", a1 + "\n" + a2 + "\n" + a3}));
  EXPECT_EQ(j.joiner().first_held(), a1.size() + 1);
  EXPECT_EQ(j.lines({b2}).finish().back(), b1 + "\n" + b2);

  Joining with_end({.by = By::kAuditd});
  const std::string eoe1 = "type=EOE msg=audit(1.000:1): ", eoe2 = "type=EOE msg=audit(1.000:2): ";
  EXPECT_EQ(with_end.lines({a1, eoe1, b1, b2, eoe2}).finish(),
            (Records{a1 + "\n" + eoe1, b1 + "\n" + b2 + "\n" + eoe2}));
}

TEST(LineJoiner, Bounds) {
  Joining lines({.by = By::kIndent, .lines_max = 3});
  EXPECT_EQ(lines.lines({"a", " b", " c", " d", "e"}).finish(), (Records{"a\n b\n c", " d", "e"}));
  Joining bytes({.by = By::kIndent}, 10);
  EXPECT_EQ(bytes.lines({"12345", " 789abcdef"}).finish(), (Records{"12345\n 789"}));
  EXPECT_EQ(bytes.length(), 16u);
  Joining serials({.by = By::kAuditd});
  for (std::size_t i = 0; i < LineJoiner::kGrowingMax + 10; ++i)
    serials.lines({"type=SYSCALL msg=audit(1.000:" + std::to_string(i) + "): "});
  EXPECT_EQ(serials.records().size(), 10u);
  EXPECT_EQ(serials.finish().size(), LineJoiner::kGrowingMax + 10);
}

TEST(LineJoiner, QuietRecordsAreGiven) {
  Joining j({.by = By::kIndent, .timeout = milliseconds(500)});
  j.lines({"a"});
  j.pass(250);
  j.lines({" b"});
  j.pass(250);
  EXPECT_TRUE(j.records().empty());
  j.pass(250);
  EXPECT_EQ(j.records(), (Records{"a\n b"}));
  EXPECT_EQ(j.lines({" late"}).finish(), (Records{"a\n b", " late"}));
}

}  // namespace
}  // namespace picket::collector
