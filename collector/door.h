// Door: what the collector asks of each of its doors. All calls but port() and counters() come on
// the collector's thread, open() before that thread starts.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "collector/collector.h"

namespace picket::collector {

class Hub;

class Door {
 public:
  virtual ~Door() = default;
  // Takes the address or looks at the path; nothing is read yet. The error names the door.
  virtual Result<void> open() = 0;
  virtual void begin() = 0;
  // There is room in the gather again.
  virtual void resume() = 0;
  // Before close(), on the caller's thread and while the collector's still runs: no new work is
  // taken, and what waits for the engine is waited for.
  virtual void wind_down() {}
  // Reads what has arrived already, then lets go of everything.
  virtual void close() = 0;
  virtual bool named(std::string_view name) const = 0;
  virtual std::uint16_t port() const { return 0; }
  virtual void counters(std::vector<DoorCounters>& out) const = 0;
};

std::unique_ptr<Door> make_syslog_udp(SyslogUdpConfig config, Hub& hub);
std::unique_ptr<Door> make_syslog_tcp(SyslogTcpConfig config, Hub& hub);
std::unique_ptr<Door> make_http_ingest(HttpIngestConfig config, Hub& hub);
// All files are one door: they share one inotify instance.
std::unique_ptr<Door> make_files(std::vector<FileConfig> files,
                                 std::map<std::string, std::string> offsets, Hub& hub);

}  // namespace picket::collector
