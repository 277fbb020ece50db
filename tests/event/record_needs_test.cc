#include "event/record_needs.h"

#include <gtest/gtest.h>

namespace picket {
namespace {

using namespace std::string_view_literals;

TEST(HidesText, TellsWhatCouldBeSpelledOtherwise) {
  for (const std::string_view record : {R"({"a":"mimi\u006batz"})"sv,
                                        R"(\u0041)"sv,
                                        R"(\u002D)"sv,
                                        R"(\u0020)"sv,
                                        R"(\\u0041)"sv,
                                        R"(\u005c)"sv,
                                        R"(\u002f)"sv,
                                        R"(\u212a)"sv,
                                        R"(\u212A)"sv,
                                        R"(\u017f)"sv,
                                        R"(\u0026#65;)"sv,
                                        "&#65;"sv,
                                        "&#x41;"sv,
                                        "&#X6B;"sv,
                                        "&#;"sv,
                                        "&#x;"sv,
                                        "&#99999999999;"sv,
                                        "\xE2\x84\xAAiwi"sv,
                                        "ma\xC5\xBFter"sv,
                                        "w\0i\0"sv}) {
    EXPECT_TRUE(hides_text(record)) << record;
  }
  for (const std::string_view record :
       {R"({"a":"C:\\Users\\ann"})"sv, R"(C:\users)"sv, R"({"a":"C:\\user32.dll"})"sv, R"(\u00)"sv,
        R"(\uzzzz)"sv, R"(a\u)"sv, R"(\u003cb\u003E \u0026 \u0027)"sv, R"(\u003d\u002b\u0022)"sv,
        R"(\u00e4\u4e2d\ud83d\ude00)"sv, R"(\u000d\u0000)"sv, "a&amp;b"sv, "&#xD;&#10;"sv,
        "&#228;"sv, "&#39;"sv, "\xC3\xA4 \xE2\x82\xAC \xC5\x93"sv, ""sv}) {
    EXPECT_FALSE(hides_text(record)) << record;
  }
}

TEST(StandsAsRead, LeavesOutWhatEncodersEscape) {
  std::string out;
  for (int c = 0; c < 256; ++c) {
    if (c >= ' ' && c <= '~' && !stands_as_read(static_cast<char>(c))) out += static_cast<char>(c);
    if (c < ' ' || c > '~') {
      EXPECT_FALSE(stands_as_read(static_cast<char>(c))) << c;
    }
  }
  EXPECT_EQ(out, "\"&'+/<=>\\");
}

}  // namespace
}  // namespace picket
