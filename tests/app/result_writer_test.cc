#include "app/result_writer.h"

#include <gtest/gtest.h>

namespace picket::app {
namespace {

TEST(Csv, QuotesWhatNeedsQuotes) {  // RFC 4180, section 2
  EXPECT_EQ(csv_cell("plain"), "plain");
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_cell("say \"x\""), "\"say \"\"x\"\"\"");
  EXPECT_EQ(csv_cell("two\r\nlines"), "\"two\r\nlines\"");
  EXPECT_EQ(csv_cell(""), "");
}

TEST(Csv, NoTextIsAFormula) {
  for (const char* text : {"=1+1", "+1", "-1", "@sum(a)", "\tx", "\rx"})
    EXPECT_EQ(without_formula(text), "'" + std::string(text));
  for (const char* text : {"", "a=1", "1-1", " =x"}) EXPECT_EQ(without_formula(text), text);
}

TEST(Results, AreWrittenAsTheirFormatWantsIt) {
  const std::vector<storage::Cell> cells = {std::string("=cmd,x"), std::int64_t{-5}, storage::Cell()};
  const auto written = [&](ResultFormat format) {
    testing::internal::CaptureStdout();
    ResultWriter writer(format, {"user.name", "count", "none"});
    writer.row(cells);
    writer.finish();
    std::fflush(stdout);
    return testing::internal::GetCapturedStdout();
  };
  EXPECT_EQ(written(ResultFormat::kCsv), "user.name,count,none\r\n\"'=cmd,x\",-5,\r\n");
  EXPECT_EQ(written(ResultFormat::kJson), "{\"user.name\":\"=cmd,x\",\"count\":-5,\"none\":null}\n");
  EXPECT_NE(written(ResultFormat::kTable).find("=cmd,x"), std::string::npos);
}

}  // namespace
}  // namespace picket::app
