#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "parsers/syslog.h"

// What is accepted keeps every byte behind the header: the message is the end of the input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picket::parsers;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Syslog syslog;
  (void)looks_like_syslog(text);
  if (!read_rfc3164(text, 1'772'366'400'000'000'000, 0, syslog)) return 0;
  PICKET_CHECK(syslog.priority >= -1 && syslog.priority <= 191);
  PICKET_CHECK(text.ends_with(syslog.message));
  PICKET_CHECK(syslog.appname.size() <= 64 && syslog.hostname.size() <= 255);
  return 0;
}
