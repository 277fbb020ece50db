// HTTP ingest: `POST /ingest`, `POST /_bulk`, `POST /{index}/_bulk`, and the little of
// Elasticsearch that its clients ask for before they send.
//
// A request becomes an Upload: on the server's thread its body is looked through, on the
// collector's thread it is cut into deliveries, one at a time, so that memory holds the body and
// one delivery at most. It is answered when the engine has committed the last of them. If the queue
// is full when an upload's turn comes, or another one is waiting already, the answer is 429 and
// nothing is taken; one that was begun is finished as the queue gets room.
#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <deque>

#include "base/hash.h"
#include "base/http_server.h"
#include "base/json.h"
#include "collector/bulk.h"
#include "collector/door.h"
#include "collector/heading.h"
#include "collector/hub.h"
#include "collector/splitter.h"

namespace picket::collector {
namespace {

// Elasticsearch clients read this before anything else and want a version they know.
constexpr std::string_view kVersion =
    R"({"name":"picket","cluster_name":"picket","cluster_uuid":"picket","version":{"number":"8.17.0",)"
    R"("build_flavor":"default","build_type":"deb","build_snapshot":false,"lucene_version":"9.12.0",)"
    R"("minimum_wire_compatibility_version":"7.17.0","minimum_index_compatibility_version":"7.0.0"},)"
    R"("tagline":"You Know, for Search"})";

// The answer to one upload: sent when the last of its deliveries is decided. Shared by their acks,
// which the engine's thread calls, and by the upload itself.
class Answer {
 public:
  Answer(std::unique_ptr<HttpResponder> responder, HttpResponse good)
      : responder_(std::move(responder)), good_(std::move(good)) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  void expect_one() { open_.fetch_add(1, std::memory_order_relaxed); }
  void decide(bool committed) {
    if (!committed) failed_.store(true, std::memory_order_relaxed);
    if (open_.fetch_sub(1, std::memory_order_acq_rel) == 1) send();
  }
  void refuse(HttpResponse response) {
    std::exchange(responder_, nullptr)->respond(std::move(response));
  }

 private:
  void send() {
    if (!failed_.load(std::memory_order_relaxed)) return responder_->respond(std::move(good_));
    HttpResponse bad = http_problem(503, "The records could not be committed; send them again.");
    bad.headers.emplace_back("Retry-After", "5");
    responder_->respond(std::move(bad));
  }

  std::unique_ptr<HttpResponder> responder_;
  HttpResponse good_;
  std::atomic<std::uint32_t> open_{1};  // the upload's own share, until all is handed over
  std::atomic<bool> failed_{false};
};

struct Upload {
  std::string body;
  Origin origin;
  std::vector<std::string_view> documents;  // bulk: views into body
  std::size_t next_document = 0;
  std::string_view rest;  // lines: what is not cut yet
  bool lines = false;
  Splitter splitter;
  Heading heading;
  std::uint64_t rejected = 0;
  bool begun = false;
  bool done = false;  // everything is cut
  std::shared_ptr<Answer> answer;
};
using UploadPtr = std::unique_ptr<Upload>;

bool same_secret(std::string_view a, std::string_view b) {
  // Of the hashes, so that neither content nor length shows in the time it takes.
  const std::string x = sha256_hex(a);
  const std::string y = sha256_hex(b);
  unsigned difference = 0;
  for (std::size_t i = 0; i < x.size(); ++i) difference |= static_cast<unsigned>(x[i] ^ y[i]);
  return difference == 0;
}

class HttpIngest final : public Door, private HttpHandler {
 public:
  HttpIngest(HttpIngestConfig config, Hub& hub)
      : config_(std::move(config)), hub_(hub), meter_(config_.name) {}

  Result<void> open() override;
  void begin() override { begun_.store(true, std::memory_order_release); }
  void resume() override { pump(); }
  void wind_down() override {
    if (server_) server_->stop();
  }
  void close() override { uploads_.clear(); }
  bool named(std::string_view name) const override { return name == config_.name; }
  std::uint16_t port() const override { return server_ ? server_->port() : 0; }
  void counters(std::vector<DoorCounters>& out) const override { out.push_back(meter_.read()); }

 private:
  // The server's thread.
  void handle(HttpRequest request, std::unique_ptr<HttpResponder> responder) override;
  std::optional<HttpResponse> refuse(const HttpRequest& request) const;
  std::optional<SourceId> source_of(const HttpRequest& request) const;
  std::uint64_t take_lines(Upload& upload) const;
  std::optional<HttpResponse> take_bulk(const HttpRequest& request, Upload& upload);

  // The collector's thread.
  void admit(UploadPtr upload);
  void pump();
  void refuse_busy(Upload& upload);
  Delivery cut(Upload& upload);
  bool next_frame(Upload& upload, Frame& frame);

  HttpIngestConfig config_;
  Hub& hub_;
  Meter meter_;
  std::atomic<bool> begun_{false};
  std::deque<UploadPtr> uploads_;
  std::optional<Delivery> waiting_;  // of uploads_.front(), for which the queue had no room
  bool scheduled_ = false;
  std::unique_ptr<HttpServer> server_;  // last: its thread calls the rest
};

Result<void> HttpIngest::open() {
  HttpServerOptions options;
  options.address = config_.address;
  options.port = config_.port;
  options.body_bytes_max = config_.body_bytes_max;
  auto server = start_http_server(std::move(options), *this);
  if (!server)
    return fail(server.error().code, "door " + config_.name + ": " + server.error().what);
  server_ = *std::move(server);
  return {};
}

// ---- on the server's thread

bool is_bulk(std::string_view path) {
  return path == "/_bulk" || path.ends_with("/_bulk");
}

std::string_view index_of(std::string_view path) {
  path.remove_prefix(1);
  return path.substr(0, path.find('/') == std::string_view::npos ? 0 : path.find('/'));
}

std::optional<HttpResponse> HttpIngest::refuse(const HttpRequest& request) const {
  if (!config_.bearer_token.empty()) {
    const auto found = request.headers.find("authorization");
    const std::string_view given =
        found == request.headers.end() ? std::string_view{} : found->second;
    if (!given.starts_with("Bearer ") || !same_secret(given.substr(7), config_.bearer_token)) {
      HttpResponse response =
          http_problem(401, "A bearer token is needed: Authorization: Bearer <token>.");
      response.headers.emplace_back("WWW-Authenticate", "Bearer");
      return response;
    }
  }
  if (request.path == "/" && request.method == "GET") {
    HttpResponse response;
    response.headers.emplace_back("X-Elastic-Product", "Elasticsearch");
    response.body = kVersion;
    return response;
  }
  if (request.path != "/ingest" && !is_bulk(request.path)) {
    return http_problem(404,
                        "Records go to POST /ingest (a line or a JSON value each) or POST /_bulk "
                        "(Elasticsearch bulk).");
  }
  if (request.method != "POST" && request.method != "PUT") {
    HttpResponse response = http_problem(405, "Records are sent with POST.");
    response.headers.emplace_back("Allow", "POST, PUT");
    return response;
  }
  if (!begun_.load(std::memory_order_acquire)) {
    HttpResponse response = http_problem(503, "Starting up.");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  return std::nullopt;
}

std::optional<SourceId> HttpIngest::source_of(const HttpRequest& request) const {
  std::string_view name;
  if (const auto found = request.headers.find("x-picket-source"); found != request.headers.end()) {
    name = found->second;
  }
  if (const auto found = request.query.find("source"); found != request.query.end())
    name = found->second;
  if (name.empty()) return config_.source;
  return config_.resolve_source ? config_.resolve_source(name) : std::nullopt;
}

void HttpIngest::handle(HttpRequest request, std::unique_ptr<HttpResponder> responder) {
  if (auto refused = refuse(request)) return responder->respond(*std::move(refused));
  const auto source = source_of(request);
  if (!source) {
    return responder->respond(
        http_problem(400, "This door takes no records for the source that is named."));
  }
  auto upload = std::make_unique<Upload>();
  upload->origin = {*source, &meter_, nullptr};
  upload->body = std::move(request.body);
  HttpResponse good;
  bool empty = false;
  if (is_bulk(request.path)) {
    auto taken = take_bulk(request, *upload);
    if (!taken) {
      return responder->respond(http_problem(
          413,
          "A bulk request may have at most " + std::to_string(config_.bulk_items_max) + " items."));
    }
    good = *std::move(taken);
    empty = upload->documents.empty() && upload->rejected == 0;
  } else {
    const std::uint64_t lines = take_lines(*upload);
    good.body = "{\"accepted\":" + std::to_string(lines) + "}";
    empty = lines == 0;
  }
  if (empty) return responder->respond(std::move(good));
  upload->answer = std::make_shared<Answer>(std::move(responder), std::move(good));
  boost::asio::post(hub_.io(), [this, u = std::move(upload)]() mutable { admit(std::move(u)); });
}

// How many records there are: the answer is ready when the commit is.
std::uint64_t HttpIngest::take_lines(Upload& upload) const {
  const bool heads = config_.first_line_heads && config_.first_line_heads(upload.origin.source);
  const SplitterOptions splitting{.frame_bytes_max = hub_.frame_bytes_max(), .json = !heads};
  if (heads) upload.heading = Heading(Heading::Kind::kFirstLine);
  upload.splitter = Splitter(splitting);
  upload.lines = true;
  upload.rest = upload.body;
  std::uint64_t lines = 0;
  std::string_view rest = upload.body;
  Splitter counter(splitting);
  Frame frame;
  while (counter.next(rest, frame)) ++lines;
  while (counter.finish(frame)) ++lines;
  return lines;
}

// nullopt: too many items.
std::optional<HttpResponse> HttpIngest::take_bulk(const HttpRequest& request, Upload& upload) {
  const std::int64_t start_ns = hub_.now_ns();
  BulkRequest bulk = parse_bulk(upload.body, config_.bulk_items_max);
  if (bulk.too_many) return std::nullopt;
  upload.rejected = bulk.items.size() - bulk.documents.size();
  upload.documents = std::move(bulk.documents);
  const std::int64_t took_ms = std::max<std::int64_t>(0, hub_.now_ns() - start_ns) / 1'000'000;
  HttpResponse response;
  response.headers.emplace_back("X-Elastic-Product", "Elasticsearch");
  response.body =
      bulk_answer(bulk.items, index_of(request.path), static_cast<std::uint64_t>(took_ms));
  return response;
}

// ---- on the collector's thread

void HttpIngest::admit(UploadPtr upload) {
  if (waiting_) {  // the queue is full: nothing is taken that would only wait
    return refuse_busy(*upload);
  }
  uploads_.push_back(std::move(upload));
  pump();
}

void HttpIngest::refuse_busy(Upload& upload) {
  meter_.paused.fetch_add(1, std::memory_order_relaxed);
  HttpResponse busy = http_problem(429, "The engine is behind; send this again.");
  busy.headers.emplace_back("Retry-After", "1");
  upload.answer->refuse(std::move(busy));
}

// Hands over one delivery of the upload whose turn it is.
void HttpIngest::pump() {
  if (uploads_.empty()) return;
  Upload& upload = *uploads_.front();
  if (!waiting_) waiting_ = cut(upload);
  if (!hub_.push(*waiting_)) {
    if (upload.begun) return;  // resume() follows
    meter_.records.fetch_sub(waiting_->batch->records().size(), std::memory_order_relaxed);
    meter_.bytes.fetch_sub(waiting_->batch->bytes(), std::memory_order_relaxed);
    waiting_.reset();
    refuse_busy(upload);
    uploads_.pop_front();
  } else {
    waiting_.reset();
    if (!upload.begun) meter_.rejected.fetch_add(upload.rejected, std::memory_order_relaxed);
    upload.begun = true;
    if (upload.done) {
      upload.answer->decide(true);  // our own share
      uploads_.pop_front();
    }
  }
  if (uploads_.empty() || scheduled_) return;
  scheduled_ = true;
  boost::asio::post(hub_.io(), [this] {
    scheduled_ = false;
    pump();
  });
}

// The next delivery of the upload: as many records as a delivery may have, or what is left.
Delivery HttpIngest::cut(Upload& upload) {
  const CollectorConfig& limits = hub_.config();
  const std::int64_t now_ns = hub_.now_ns();
  Delivery delivery;
  delivery.batch = std::make_unique<Batch>();
  if (upload.rejected > 0 && !upload.begun) {
    add_count(delivery.rejected, upload.origin.source, "bulk_action", upload.rejected);
  }
  Frame frame;
  while (delivery.batch->records().size() < limits.batch_records_max &&
         delivery.batch->bytes() < limits.batch_bytes_max) {
    if (!next_frame(upload, frame)) {
      upload.done = true;
      break;
    }
    if (upload.lines) upload.origin.heading = upload.heading.of(frame.bytes, 0);
    add_record(*delivery.batch, frame, upload.origin, now_ns);
  }
  upload.done = upload.done || (upload.lines ? upload.rest.empty() && upload.splitter.pending() == 0
                                             : upload.next_document == upload.documents.size());
  meter_.envelopes.fetch_add(upload.splitter.take_envelopes(), std::memory_order_relaxed);
  upload.answer->expect_one();
  delivery.acks.emplace_back(
      [answer = upload.answer](bool committed) { answer->decide(committed); });
  return delivery;
}

bool HttpIngest::next_frame(Upload& upload, Frame& frame) {
  if (upload.lines) {
    return upload.splitter.next(upload.rest, frame) || upload.splitter.finish(frame);
  }
  if (upload.next_document == upload.documents.size()) return false;
  const std::string_view document = upload.documents[upload.next_document++];
  frame = {document.substr(0, hub_.frame_bytes_max()), document.size()};
  return true;
}

}  // namespace

std::unique_ptr<Door> make_http_ingest(HttpIngestConfig config, Hub& hub) {
  return std::make_unique<HttpIngest>(std::move(config), hub);
}

}  // namespace picket::collector
