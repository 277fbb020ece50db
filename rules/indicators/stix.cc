// Outside of texts every bracket counts; within them only the quote that ends them, for which
// memchr looks. Nothing is checked here: what lies between an object's brackets is checked when it
// is parsed.
#include "rules/indicators/stix.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "rules/indicators/csv.h"
#include "rules/indicators/stix_pattern.h"
#include "rules/indicators/value.h"

namespace picket::rules {
namespace {

namespace json = simdjson::ondemand;

constexpr std::size_t kNameMax = 16;  // longer than "objects"

std::string_view text_of(json::value value) {
  std::string_view text;
  return value.get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}

}  // namespace

// One object, as it was read.
class StixReader::Object {
 public:
  explicit Object(IndicatorSink& sink) : sink_(sink) {}

  // Padding is appended to `bytes`.
  void read(std::string& bytes, std::uint32_t line) {
    said_ = {};
    line_ = line;
    const std::size_t size = bytes.size();
    bytes.append(simdjson::SIMDJSON_PADDING, '\0');
    json::document document;
    json::object object;
    auto error = parser_.iterate(bytes.data(), size, bytes.size()).get(document);
    if (error == simdjson::SUCCESS) error = document.get_object().get(object);
    if (error == simdjson::SUCCESS) error = read_members(object);
    if (error != simdjson::SUCCESS)
      return sink_.refuse(line_, "bad-json", "the object is not JSON");
    if (said_.type == "identity") return sink_.name_source(said_.id, said_.name);
    if (said_.type == "indicator") indicator();
  }

 private:
  // Texts are the parser's, until it reads the next object.
  struct Said {
    std::string_view type, id, name, description, pattern, pattern_type, valid_from, valid_until,
        maker;
    std::optional<int> confidence;
    bool bad_confidence = false;
    bool revoked = false;
  };

  simdjson::error_code read_members(json::object& object) {
    for (auto member : object) {
      std::string_view key;
      json::value value;
      if (const auto error = member.unescaped_key().get(key)) return error;
      if (const auto error = member.value().get(value)) return error;
      take(key, value);
    }
    return simdjson::SUCCESS;
  }

  void take(std::string_view key, json::value value) {
    if (key == "type")
      said_.type = text_of(value);
    else if (key == "id")
      said_.id = text_of(value);
    else if (key == "name")
      said_.name = text_of(value);
    else if (key == "description")
      said_.description = text_of(value);
    else if (key == "pattern")
      said_.pattern = text_of(value);
    else if (key == "pattern_type")
      said_.pattern_type = text_of(value);
    else if (key == "valid_from")
      said_.valid_from = text_of(value);
    else if (key == "valid_until")
      said_.valid_until = text_of(value);
    else if (key == "created_by_ref")
      said_.maker = text_of(value);
    else if (key == "revoked") {
      bool revoked = false;
      said_.revoked = value.get_bool().get(revoked) == simdjson::SUCCESS && revoked;
    } else if (key == "confidence") {
      std::int64_t confidence = 0;
      said_.bad_confidence = value.get_int64().get(confidence) != simdjson::SUCCESS ||
                             confidence < 0 || confidence > 100;
      if (!said_.bad_confidence) said_.confidence = static_cast<int>(confidence);
    }
  }

  void indicator() {
    if (said_.revoked) return sink_.revoked();
    if (!said_.pattern_type.empty() && said_.pattern_type != "stix") {
      return sink_.refuse(line_, "bad-pattern", "patterns of this type are not supported");
    }
    IndicatorNote note;
    if (const char* reason = read_note(note)) return sink_.refuse(line_, "bad-value", reason);
    terms_.clear();
    if (const char* reason = read_stix_pattern(said_.pattern, terms_))
      return sink_.refuse(line_, "bad-pattern", reason);
    for (const StixTerm& term : terms_) {
      if (const char* reason = read_indicator(term.value, term.type, key_)) {
        sink_.refuse(line_, "bad-indicator", reason);
      } else {
        sink_.add(key_, note);
      }
    }
  }

  const char* read_note(IndicatorNote& note) const {
    if (said_.bad_confidence) return "the confidence is a number from 0 to 100";
    for (const auto& [text, time_ns] : {std::pair(said_.valid_from, &note.valid_from_ns),
                                        {said_.valid_until, &note.valid_until_ns}}) {
      if (text.empty()) continue;
      const std::optional<std::int64_t> time = feed_time(text);
      if (!time) return "this is no time";
      *time_ns = *time;
    }
    if (said_.confidence) note.confidence = *said_.confidence;
    note.line = line_;
    note.source = said_.maker;
    note.description = said_.name.empty() ? said_.description : said_.name;
    note.reference = said_.id;
    return nullptr;
  }

  IndicatorSink& sink_;
  json::parser parser_;
  std::vector<StixTerm> terms_;
  IndicatorKey key_;
  std::uint32_t line_ = 1;
  Said said_;
};

StixReader::StixReader(IndicatorSink& sink)
    : sink_(sink), object_(std::make_unique<Object>(sink)) {}
StixReader::~StixReader() = default;

void StixReader::read(std::string_view piece) {
  std::size_t from = 0;  // where what is collected begins in this piece
  std::size_t at = 0;
  while (at < piece.size() && !wrong_) {
    if (in_text_) {
      in_text(piece, at);
      continue;
    }
    const bool collecting = collecting_;
    if (!sign(piece[at++])) {
      wrong_ = true;
      return sink_.refuse(line_, "bad-json", "the brackets of this JSON do not match");
    }
    if (!collecting && collecting_) from = at - 1;
    if (collecting_ && depth_ == 2) {
      collect(piece.substr(from, at - from));
      end_object();
    }
  }
  if (collecting_) collect(piece.substr(from));
}

void StixReader::collect(std::string_view part) {
  if (bytes_.size() + part.size() > kObjectBytesMax) too_large_ = true;
  if (!too_large_) bytes_.append(part);
}

void StixReader::in_text(std::string_view piece, std::size_t& at) {
  while (at < piece.size()) {
    if (escaped_) {
      escaped_ = false;
      ++at;
      continue;
    }
    const auto* quote =
        static_cast<const char*>(std::memchr(piece.data() + at, '"', piece.size() - at));
    const std::size_t end =
        quote == nullptr ? piece.size() : static_cast<std::size_t>(quote - piece.data());
    const auto* slash = static_cast<const char*>(std::memchr(piece.data() + at, '\\', end - at));
    const std::size_t stop =
        slash == nullptr ? end : static_cast<std::size_t>(slash - piece.data());
    if (!collecting_ && name_.size() < kNameMax)
      name_.append(piece.substr(at, std::min(stop - at, kNameMax)));
    at = stop;
    if (at == piece.size()) return;
    ++at;
    if (slash != nullptr) {
      escaped_ = true;
      continue;
    }
    in_text_ = false;
    return;
  }
}

bool StixReader::sign(char c) {
  switch (c) {
    case '"':
      in_text_ = true;
      if (!collecting_) name_.clear();
      return true;
    case '{':
    case '[':
      open(c);
      return true;
    case '}':
    case ']':
      return close();
    case '\n':
      ++line_;
      return true;
    default:
      return true;
  }
}

void StixReader::open(char c) {
  if (!in_objects_ && depth_ == 1 && c == '[' && name_ == "objects")
    in_objects_ = found_objects_ = true;
  if (in_objects_ && depth_ == 2 && c == '{' && !collecting_) {
    collecting_ = true;
    too_large_ = too_deep_ = false;
    object_line_ = line_;
    bytes_.clear();
  }
  ++depth_;
  if (collecting_ && depth_ > 2 + kDepthMax) too_deep_ = true;
}

bool StixReader::close() {
  if (depth_ == 0) return false;
  --depth_;
  if (depth_ < 2) in_objects_ = false;
  return true;
}

void StixReader::end_object() {
  collecting_ = false;
  if (too_large_) return sink_.refuse(object_line_, "too-large", "the object is too long");
  if (too_deep_) return sink_.refuse(object_line_, "too-large", "the object is nested too deep");
  object_->read(bytes_, object_line_);
}

void StixReader::finish() {
  if (wrong_) return;
  if (!found_objects_) return sink_.refuse(1, "bad-json", "a STIX bundle has a list of `objects`");
  if (depth_ != 0 || in_text_) sink_.refuse(line_, "bad-json", "the file ends within the bundle");
}

}  // namespace picket::rules
