// Three ways to read a Windows event in JSON, on the same lines (docs/decisions/0002-json-walk.md).
//   parse_shapes_bench [--smoke] [--data FILE]
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/event.h"
#include "parsers/json_names.h"
#include "parsers/json_reader.h"
#include "perf/thread_time.h"
#include "perf/windows_events.h"

namespace {

using picket::Batch;
using picket::Field;
using picket::FieldId;
using picket::Record;
using picket::ValueKind;
using picket::parsers::JsonName;
using picket::parsers::JsonNames;
using picket::parsers::JsonReader;
using picket::parsers::NameKey;
using picket::parsers::Node;
namespace ondemand = simdjson::ondemand;

// On demand, raw tokens of known keys; one event at a time.
class OnDemandShape {
 public:
  explicit OnDemandShape(JsonNames& names) : names_(names) {}

  std::uint64_t read(std::string_view json) {
    fields_.clear();
    ondemand::document document;
    const simdjson::padded_string_view padded(json.data(), json.size(),
                                              json.size() + Batch::kPadding);
    if (parser_.iterate(padded).get(document) != simdjson::SUCCESS) return 0;
    ondemand::object root;
    if (document.get_object().get(root) != simdjson::SUCCESS) return 0;
    if (!object(root, Node::kRoot, 0)) return 0;
    std::uint64_t digest = fields_.size();
    for (const Field& field : fields_) digest += field.size;
    return digest;
  }

 private:
  bool object(ondemand::object members, Node node, int depth) {
    if (depth > 64) return false;
    for (auto member : members) {
      ondemand::raw_json_string raw;
      ondemand::value value;
      if (member.key().get(raw) != simdjson::SUCCESS) return false;
      if (member.value().get(value) != simdjson::SUCCESS) return false;
      const char* end = raw.raw();
      while (*end != '"' || end[-1] == '\\') ++end;
      const NameKey key = NameKey::padded({raw.raw(), static_cast<std::size_t>(end - raw.raw())});
      ondemand::json_type type;
      if (value.type().get(type) != simdjson::SUCCESS) return false;
      if (type == ondemand::json_type::object) {
        ondemand::object inside;
        if (value.get_object().get(inside) != simdjson::SUCCESS) return false;
        if (!object(inside, names_.child(node, key), depth + 1)) return false;
        continue;
      }
      const JsonName* name = names_.field(node, key);
      if (name == nullptr) continue;
      if (type == ondemand::json_type::array) {
        ondemand::array array;
        std::string_view text;
        if (value.get_array().get(array) != simdjson::SUCCESS ||
            array.raw_json().get(text) != simdjson::SUCCESS)
          return false;
        fields_.push_back({text.data(), static_cast<std::uint32_t>(text.size()),
                           FieldId{name->field}, ValueKind::kArray, false});
        continue;
      }
      std::string_view token = value.raw_json_token();
      while (!token.empty() && token.back() == ' ') token.remove_suffix(1);
      const bool text = token[0] == '"';
      if (text) token = token.substr(1, token.size() - 2);
      const bool escaped = text && token.find('\\') != std::string_view::npos;
      fields_.push_back({token.data(), static_cast<std::uint32_t>(token.size()),
                         FieldId{name->field}, ValueKind::kString, escaped});
    }
    return true;
  }

  JsonNames& names_;
  ondemand::parser parser_;
  std::vector<Field> fields_;
};

// A tree, and every field copied out of it under its dotted name.
class TreeShape {
 public:
  std::uint64_t read(std::string_view json) {
    fields_.clear();
    simdjson::dom::element root;
    if (parser_.parse(json.data(), json.size(), false).get(root) != simdjson::SUCCESS) return 0;
    walk("", root);
    std::uint64_t digest = fields_.size();
    for (const auto& [name, value] : fields_) digest += value.size();
    return digest;
  }

 private:
  void walk(const std::string& name, simdjson::dom::element element) {
    simdjson::dom::object object;
    if (element.get_object().get(object) == simdjson::SUCCESS) {
      for (const auto& [key, value] : object)
        walk(name.empty() ? std::string(key) : name + '.' + std::string(key), value);
      return;
    }
    std::string_view text;
    if (element.get_string().get(text) == simdjson::SUCCESS) {
      fields_.emplace_back(name, text);
    } else {
      fields_.emplace_back(name, simdjson::minify(element));
    }
  }

  simdjson::dom::parser parser_;
  std::vector<std::pair<std::string, std::string>> fields_;
};

class OwnShape {
 public:
  explicit OwnShape(JsonNames& names) : reader_(names) {}
  std::uint64_t read(std::string_view json) {
    if (!reader_.read(json)) return 0;
    std::uint64_t digest = reader_.fields().size();
    for (const Field& field : reader_.fields()) digest += field.size;
    return digest;
  }

 private:
  JsonReader reader_;
};

// Of each 1,000 records the quickest of several rounds counts, in time of this thread: other work
// on the machine disturbs single slices, hardly all of them.
template <class Shape>
void measure(const char* name, Shape shape, const Batch& batch, int rounds) {
  constexpr std::size_t kSlice = 1000;
  const std::vector<Record>& records = batch.records();
  std::vector<double> best(records.size() / kSlice + 1, 1e18);
  std::uint64_t digest = 0;
  for (int round = 0; round < rounds; ++round) {
    digest = 0;
    for (std::size_t begin = 0; begin < records.size(); begin += kSlice) {
      const std::size_t end = std::min(begin + kSlice, records.size());
      const double start = picket::perf::thread_ns();
      for (std::size_t i = begin; i < end; ++i) digest += shape.read(records[i].raw);
      double& slice = best[begin / kSlice];
      slice = std::min(slice, picket::perf::thread_ns() - start);
    }
  }
  double sum = 0;
  for (const double slice : best) sum += slice < 1e18 ? slice : 0;
  std::printf("parse_shapes/%s n=%zu bytes_per_event=%zu digest=%016llx ns_per_event=%.0f\n", name,
              records.size(), batch.bytes() / records.size(),
              static_cast<unsigned long long>(digest), sum / static_cast<double>(records.size()));
}

}  // namespace

int main(int argc, char** argv) {
  bool smoke = false;
  std::string data;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--smoke") smoke = true;
    if (std::string_view(argv[i]) == "--data" && i + 1 < argc) data = argv[++i];
  }
  Batch batch;
  for (const std::string& line : picket::perf::windows_events(data, smoke ? 200 : 50'000))
    batch.add(line, picket::SourceId{0}, 0, 0);
  if (batch.records().empty()) return 1;
  const int rounds = smoke ? 1 : 15;
  {
    JsonNames learnt(true);  // learns every name, so that the shapes keep the same fields
    JsonReader reader(learnt);
    for (const Record& record : batch.records()) (void)reader.read(record.raw);
  }
  JsonNames names(false);
  measure("stage1_walk", OwnShape(names), batch, rounds);
  measure("ondemand", OnDemandShape(names), batch, rounds);
  measure("dom_copies", TreeShape(), batch, rounds);
  return 0;
}
