// Collector: the doors in. Sockets and files on one side, deliveries in a queue on the other.
//
// Threads: one thread of its own serves every door and is the queue's only producer; each HTTP door
// has one more for its connections. start(), stop() and the destructor belong to the caller's
// thread, counters() to any.
//
// When the queue is full: UDP drops the newest records and counts them; TCP connections and files
// are not read until there is room, so the pressure reaches the sender; HTTP answers 429. Stop the
// collector before the engine: stop() hands over what was read, and open HTTP requests wait (5 s at
// most) for their commit.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/wakeup.h"
#include "base/world.h"
#include "collector/delivery.h"
#include "collector/line_joiner.h"
#include "event/record.h"

namespace picket::collector {

// RFC 5426: one datagram, one record. A trailing LF, CR LF or NUL is not part of it.
struct SyslogUdpConfig {
  std::string name = "syslog_udp";  // of the door, in errors and metrics
  std::string address = "127.0.0.1";
  std::uint16_t port = 5514;  // 0: any free one, see Collector::port()
  SourceId source{};
  int receive_buffer_bytes = 16 * 1024 * 1024;  // asked for; the kernel may give less
  // GELF (gelf.h) instead: chunks are put together, and what is compressed is inflated.
  bool gelf = false;
};

// RFC 6587, both framings, recognised frame by frame.
struct SyslogTcpConfig {
  std::string name = "syslog_tcp";
  std::string address = "127.0.0.1";
  std::uint16_t port = 5514;
  SourceId source{};
  std::size_t connections_max = 1024;
  std::size_t connections_per_address_max = 256;
  std::chrono::milliseconds idle_timeout = std::chrono::minutes(10);   // no byte at all
  std::chrono::milliseconds frame_timeout = std::chrono::seconds(30);  // a frame begun, not ended
  bool gelf = false;  // GELF over TCP instead: a zero byte ends each message
};

// One file, a record per line or JSON value (splitter.h), followed through rotation and truncation;
// see file_tail.h.
struct FileConfig {
  std::string name = "file";
  std::string path = {};  // may not exist yet, its folder must
  SourceId source{};
  bool from_beginning = true;  // without a stored offset: false starts at the end of what is there
  // After a rotation the old file is read until nothing came for this long.
  std::chrono::milliseconds rotate_wait = std::chrono::seconds(1);
  // A JSON value over several lines is one record, and so is each element of an array or envelope;
  // false: a line is a record, whatever it begins with.
  bool json = true;
  // The first line of each file names the columns of the others (heading.h): lines only, which are
  // not joined.
  bool first_line_heads = false;
  MultilineConfig multiline = {};  // default: lines are not joined; else JSON is not looked for
};

// `POST /ingest` (a record per line or JSON value, splitter.h), `POST /_bulk` and `/{index}/_bulk`
// (Elasticsearch).
struct HttpIngestConfig {
  std::string name = "http_ingest";
  std::string address = "127.0.0.1";
  std::uint16_t port = 8441;
  SourceId source{};  // for requests that name none
  // Answers the source that a request names (`?source=`, X-Picket-Source), or nullopt: 400. Called
  // on the door's own thread. Empty: no request may name one.
  std::function<std::optional<SourceId>(std::string_view)> resolve_source = {};
  // Does the first line of a body for that source name the columns of the others (heading.h)? Then
  // it has lines only. Called on the door's own thread. Empty: of none.
  std::function<bool(SourceId)> first_line_heads = {};
  std::string bearer_token = {};  // empty: nobody is asked for one
  std::size_t body_bytes_max = 16 * 1024 * 1024;
  std::size_t bulk_items_max = 100'000;  // of one request; more: 413
};

struct CollectorConfig {
  std::vector<SyslogUdpConfig> syslog_udp;
  std::vector<SyslogTcpConfig> syslog_tcp;
  std::vector<FileConfig> files;
  std::vector<HttpIngestConfig> http_ingest;

  std::map<std::string, std::string> offsets;  // stored read positions, as deliveries gave them
  std::size_t frame_bytes_max = 64 * 1024;     // a longer record is cut; Record.length tells
  // A delivery is handed over when any of these is reached.
  std::size_t batch_records_max = 1000;
  std::size_t batch_bytes_max = 1024 * 1024;
  std::chrono::milliseconds gather_time = std::chrono::milliseconds(5);  // after its first record
  // stop() gives up when the engine takes nothing for this long.
  std::chrono::milliseconds stop_timeout = std::chrono::seconds(5);
};

// Totals since start, for metrics.
struct DoorCounters {
  std::string name;
  std::uint64_t records = 0;    // handed to the queue or waiting for it
  std::uint64_t bytes = 0;      // of them
  std::uint64_t truncated = 0;  // records that were cut to frame_bytes_max
  std::uint64_t joined =
      0;  // lines that became part of an earlier record: lines = records + joined
  std::uint64_t envelopes = 0;  // JSON documents whose elements became records
  std::uint64_t rejected = 0;
  std::uint64_t dropped = 0;
  std::uint64_t connections = 0;          // open now
  std::uint64_t connections_refused = 0;  // over a cap, or no file descriptor left
  std::uint64_t paused = 0;               // times the queue was full and reading stopped
};

struct CollectorCounters {
  std::vector<DoorCounters> doors;
  std::size_t queue_depth = 0;  // deliveries the engine has not taken yet
  std::uint64_t deliveries = 0;
};

class Collector {
 public:
  // Opens every door, then begins to read. If some cannot be opened, none is: the text of the error
  // has a line for each, which names the door and says what to do. `queue`, `engine` and `clock`
  // must outlive the collector.
  static Result<std::unique_ptr<Collector>> start(CollectorConfig config, DeliveryQueue& queue,
                                                  Wakeup& engine, Clock& clock);

  virtual ~Collector() = default;  // stops

  // Closes the doors, hands over what was read, joins. The engine must still be taking deliveries;
  // if it takes none for stop_timeout, what is left is given up (files are read again after the
  // next start).
  virtual void stop() = 0;

  // The port a door listens on, by the door's name; 0 if there is no such door.
  virtual std::uint16_t port(std::string_view door) const = 0;

  virtual CollectorCounters counters() const = 0;
};

}  // namespace picket::collector
