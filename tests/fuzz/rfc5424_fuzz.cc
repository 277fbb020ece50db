#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "parsers/syslog.h"

// Whatever is accepted has parts that lie in the input, and structured data that can be walked.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picket::parsers;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Syslog syslog;
  if (!read_rfc5424(text, syslog)) return 0;
  PICKET_CHECK(syslog.priority >= 0 && syslog.priority <= 191);
  PICKET_CHECK(syslog.version >= 1 && syslog.version <= 999);
  PICKET_CHECK(syslog.hostname.size() <= 255 && syslog.appname.size() <= 48);
  for (const std::string_view part : {syslog.hostname, syslog.appname, syslog.procid, syslog.msgid,
                                      syslog.structured_data, syslog.message}) {
    PICKET_CHECK(part.empty() || (part.data() >= text.data() &&
                                  part.data() + part.size() <= text.data() + text.size()));
  }
  std::size_t at = 0;
  SdParam param;
  while (next_sd_param(syslog.structured_data, at, param)) {
    PICKET_CHECK(!param.id.empty() && param.id.size() <= 32);
    PICKET_CHECK(param.name.size() <= 32);
  }
  PICKET_CHECK(at == syslog.structured_data.size());
  return 0;
}
