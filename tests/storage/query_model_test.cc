// Random queries over random events: the engine and a naive one (query_model.h) must agree on every
// row. The query is made together with its meaning, so the parser is tested, too. PICKET_QUERY_SEED
// chooses another seed, PICKET_QUERY_ROUNDS more queries.
#include "tests/storage/query_model.h"

#include <gtest/gtest.h>

#include "event/event_json.h"
#include "storage/search.h"
#include "tests/storage/crash_fs.h"
#include "tests/storage/scratch.h"

namespace picket::storage {
namespace {

using model::Rows;
using model::Test;

constexpr std::int64_t kSecond = 1'000'000'000;

std::uint32_t from_environment(const char* name, std::uint32_t otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10)) : otherwise;
}

// "name=value;name=value": every pair is a field; lists in brackets, n.* are numbers.
void parse_pairs(Batch& batch) {
  for (std::size_t i = 0; i < batch.records().size(); ++i) {
    Event& event = batch.begin_event();
    event.status = ParseStatus::kParsed;
    event.layer = Layer::kServer;
    std::string_view rest = batch.records()[i].raw;
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos) continue;
      const std::string_view value = pair.substr(equals + 1);
      const ValueKind kind = value.starts_with('[')   ? ValueKind::kArray
                             : pair.starts_with("n.") ? ValueKind::kNumber
                                                      : ValueKind::kString;
      batch.push(*intern_field(pair.substr(0, equals)), value, kind);
    }
  }
}

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  const T& of(const std::vector<T>& all) {
    return all[below(all.size())];
  }

 private:
  std::mt19937 engine_;
};

const model::Texts kUsers = {"root", "Root", "admin", "guest", "svc.bk", "a_b"};
const model::Texts kWords = {"failed", "Accepted", "login ok", "x", "oo7", "/bin/sh"};
const model::Texts kAddresses = {"10.0.0.1",  "10.0.0.200",  "10.1.2.3",
                                 "192.0.2.7", "2001:db8::1", "2001:DB8:0::1"};
const model::Texts kOdd = {"007", "1.0", "1", "-3", "1e3", "none", "9.5"};
const model::Texts kFields = {"user.name", "source.ip",  "source.port",
                              "n.bytes",   "odd.value",  "process.name",
                              "tags",      "user.roles", "picket.source"};

std::string random_event(Random& random) {
  std::string raw;
  const auto add = [&](const std::string& name, const std::string& value) {
    raw += (raw.empty() ? "" : ";") + name + "=" + value;
  };
  if (!random.one_in(5)) add("user.name", random.of(kUsers));
  if (!random.one_in(3)) add("source.ip", random.of(kAddresses));
  if (!random.one_in(3)) add("source.port", std::to_string(random.below(6) * 11));
  if (!random.one_in(4)) add("n.bytes", std::to_string(static_cast<int>(random.below(2000)) - 500));
  if (!random.one_in(4)) add("odd.value", random.of(kOdd));
  if (!random.one_in(4)) add("process.name", random.of(kWords));
  if (random.one_in(3))
    add("tags", "[\"" + random.of(kUsers) + "\",\"" + random.of(kWords) + "\"]");
  for (std::size_t i = random.below(3); i > 0; --i)
    add("user.roles", "r" + std::to_string(random.below(4)));
  return raw.empty() ? "nothing here" : raw;
}

struct Filter {
  std::string text;
  Test test;
};

class QueryMaker {
 public:
  explicit QueryMaker(Random& random) : random_(random) {}

  Filter filter(int depth) {
    if (depth == 0 || random_.one_in(3)) return random_.one_in(4) ? free_text() : field_test();
    const Filter a = filter(depth - 1);
    const Filter b = filter(depth - 1);
    switch (random_.below(4)) {
      case 0:
        return {
            "(" + a.text + ") " + random_.of<std::string>({"AND", "and", ""}) + " (" + b.text + ")",
            [a, b](const Json& event) { return a.test(event) && b.test(event); }};
      case 1:
        return {"(" + a.text + random_.of<std::string>({") OR (", ") or ("}) + b.text + ")",
                [a, b](const Json& event) { return a.test(event) || b.test(event); }};
      case 2:
        return {random_.of<std::string>({"NOT (", "not(", "-("}) + a.text + ")",
                [a](const Json& event) { return !a.test(event); }};
      default:  // "and" is stronger than "or"
        return {a_term(a) + " or " + a_term(b) + " " + a_term(a), [a, b](const Json& event) {
                  return a.test(event) || (b.test(event) && a.test(event));
                }};
    }
  }

 private:
  static std::string a_term(const Filter& filter) { return "(" + filter.text + ")"; }

  Filter free_text() {
    const std::string word = random_.of(random_.one_in(2) ? kUsers : kWords);
    const std::string text = cased(word);
    if (random_.one_in(3)) {
      const std::string part = model::lower(text.substr(0, 1) + "*" + text.substr(text.size() - 1));
      if (part.find('/') == std::string::npos && part.find(' ') == std::string::npos)
        return {part, in_raw([part](const std::string& raw) {
                  return model::like(raw, "*" + part + "*");
                })};
    }
    return {"\"" + text + "\"", in_raw([text](const std::string& raw) {
              return raw.find(model::lower(text)) != std::string::npos;
            })};
  }

  static Test in_raw(std::function<bool(const std::string&)> test) {
    return
        [test](const Json& event) { return test(model::lower(event.at("event").at("original"))); };
  }

  std::string cased(std::string word) {
    for (char& c : word) {
      if (random_.one_in(4) && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    }
    return word;
  }

  std::string some_value(const std::string& field) {
    if (field == "source.ip") return random_.of(kAddresses);
    if (field == "source.port") return std::to_string(random_.below(6) * 11);
    if (field == "n.bytes") return std::to_string(static_cast<int>(random_.below(2000)) - 500);
    if (field == "odd.value") return random_.of(kOdd);
    if (field == "user.roles") return "r" + std::to_string(random_.below(4));
    if (field == "picket.source") return random_.of<std::string>({"web", "auth"});
    return random_.of(random_.one_in(2) ? kUsers : kWords);
  }

  static std::function<bool(const std::string&)> equals(const std::string& value) {
    return [value](const std::string& text) {
      const auto address = model::address_of(value);
      return model::lower(text) == model::lower(value) ||
             (address && address == model::address_of(text));
    };
  }

  Filter field_test() {
    const std::string field = random_.one_in(20) ? "never.seen" : random_.of(kFields);
    const std::string value = some_value(field);
    const std::string spelt = "\"" + cased(value) + "\"";
    const std::string colon = random_.of<std::string>({":", "=", " = "});
    const std::string glue = colon == " = " ? " = " : colon;
    switch (random_.below(9)) {
      case 0:
        return {field + ":*", model::any(field, [](const std::string&) { return true; })};
      case 1:
        return {field + random_.of<std::string>({"!=", " != "}) + spelt,
                [field, value](const Json& event) {
                  const model::Texts all = model::texts(model::cell(event, field));
                  return !all.empty() && std::none_of(all.begin(), all.end(), equals(value));
                }};
      case 2:
        return {field + "==\"" + value + "\"",
                model::any(field, [value](const std::string& text) { return text == value; })};
      case 3:
        return wildcard(field, value);
      case 4:
        return range(random_.one_in(2) ? "n.bytes" : "odd.value");
      case 5:
        return network();
      case 6:
        return regex(field);
      case 7:
        return list(field);
      default:
        return random_.one_in(4) ? time_range()
                                 : Filter{field + glue + spelt, model::any(field, equals(value))};
    }
  }

  Filter wildcard(const std::string& field, std::string value) {
    value[random_.below(value.size())] = '?';
    if (random_.one_in(2)) value = value.substr(0, value.size() / 2) + "*";
    for (char& c : value) {
      if (c == ' ' || c == '/') c = '?';
    }
    if (value == "*") value = "?*";
    if (value.find_first_of("*?") == std::string::npos) value += "*";
    return {field + ":" + cased(value), model::any(field, [value](const std::string& text) {
              return model::like(model::lower(text), model::lower(value));
            })};
  }

  Filter range(const std::string& field) {
    const int low = static_cast<int>(random_.below(1500)) - 600;
    const int high = low + static_cast<int>(random_.below(800));
    const bool in_low = random_.one_in(2);
    const bool in_high = random_.one_in(2);
    const auto test = [=](bool has_low, bool has_high) {
      return model::any(field, [=](const std::string& text) {
        const auto number = model::number_of(text);
        if (!number) return false;
        const bool above = !has_low || *number > low || (in_low && *number == low);
        const bool below = !has_high || *number < high || (in_high && *number == high);
        return above && below;
      });
    };
    const std::string a = std::to_string(low);
    const std::string b = std::to_string(high);
    switch (random_.below(3)) {
      case 0:
        return {field + ":" + (in_low ? "[" : "{") + a + " TO " + b + (in_high ? "]" : "}"),
                test(true, true)};
      case 1:
        return {field + random_.of<std::string>({":", "", " "}) + (in_low ? ">=" : ">") + a,
                test(true, false)};
      default:
        return {field + ":" +
                    (random_.one_in(2) ? (in_high ? "<=" : "<") + b
                                       : "[* TO " + b + (in_high ? "]" : "}")),
                test(false, true)};
    }
  }

  Filter time_range() {
    const std::string low = "2026-01-01T00:0" + std::to_string(random_.below(6)) + ":00Z";
    return {"@timestamp>=" + low,
            [low](const Json& event) { return event.at("@timestamp") >= low; }};
  }

  Filter network() {
    const std::string address = random_.of(kAddresses);
    const bool four = address.find(':') == std::string::npos;
    const auto bits = static_cast<unsigned>(random_.below(four ? 33 : 129));
    return {"source.ip:" + address + "/" + std::to_string(bits),
            model::any("source.ip", [address, bits](const std::string& text) {
              return model::in_network(text, address, bits);
            })};
  }

  Filter regex(const std::string& field) {
    const std::string pattern = random_.of<std::string>(
        {"^r", "t$", "[0-9]+", "o{2}", "^(root|admin)$", "a.b", "^\\d+$", "i", "^(1|2)"});
    const bool any_case = random_.one_in(2);
    const auto flags =
        any_case ? std::regex::ECMAScript | std::regex::icase : std::regex::ECMAScript;
    const std::regex compiled(pattern, flags);
    return {field + ":/" + pattern + "/" + (any_case ? "i" : ""),
            model::any(field, [compiled](const std::string& text) {
              return std::regex_search(text, compiled);
            })};
  }

  Filter list(const std::string& field) {
    const std::string a = some_value(field);
    const std::string b = some_value(field);
    const Test test = model::any(
        field, [a, b](const std::string& text) { return equals(a)(text) || equals(b)(text); });
    if (random_.one_in(2)) return {field + ":(\"" + a + "\" OR \"" + b + "\")", test};
    if (random_.one_in(2)) return {field + " in (\"" + a + "\", \"" + b + "\")", test};
    return {field + " not in (\"" + a + "\",\"" + b + "\")", [test, field](const Json& event) {
              return !model::texts(model::cell(event, field)).empty() && !test(event);
            }};
  }

  Random& random_;
};

struct Command {
  std::string text;
  std::function<Rows(const Rows&)> run;
};

class CommandMaker {
 public:
  explicit CommandMaker(Random& random) : random_(random) {}

  // Commands that leave events events, then perhaps one that makes a table, then some over the
  // table.
  std::vector<Command> commands() {
    std::vector<Command> all;
    for (std::size_t i = random_.below(3); i > 0; --i) all.push_back(over_rows(kFields));
    if (random_.one_in(5)) return all;
    model::Texts columns;
    all.push_back(to_table(columns));
    for (std::size_t i = random_.below(3); i > 0; --i) all.push_back(over_rows(columns));
    return all;
  }

 private:
  Command over_rows(const model::Texts& columns) {
    const std::string field = random_.of(columns);
    const std::string name = "`" + field + "`";
    const std::size_t rows = 1 + random_.below(30);
    switch (random_.below(5)) {
      case 0: {
        const bool descending = random_.one_in(2);
        const std::string second = random_.of(columns);
        return {"sort " + std::string(descending ? "-" : "") + name + ", `" + second + "`",
                [=](const Rows& all) {
                  return model::sorted(all, {{field, descending}, {second, false}});
                }};
      }
      case 1:
        return {"head " + std::to_string(rows), [=](const Rows& all) {
                  return Rows(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(
                                                             std::min(rows, all.size())));
                }};
      case 2:
        return {"tail " + std::to_string(rows), [=](const Rows& all) {
                  return Rows(all.end() - static_cast<std::ptrdiff_t>(std::min(rows, all.size())),
                              all.end());
                }};
      case 3:
        return {"dedup " + name, [=](const Rows& all) {
                  Rows kept;
                  std::set<Json> seen;
                  for (const Json& row : all) {
                    if (seen.insert(model::cell(row, field)).second) kept.push_back(row);
                  }
                  return kept;
                }};
      default:
        return {"where " + name + ":* and not " + name + ":(root or 0 or 1)", [=](const Rows& all) {
                  Rows kept;
                  for (const Json& row : all) {
                    const model::Texts values = model::texts(model::cell(row, field));
                    const bool one =
                        std::any_of(values.begin(), values.end(), [](const std::string& text) {
                          return model::lower(text) == "root" || text == "0" || text == "1";
                        });
                    if (!values.empty() && !one) kept.push_back(row);
                  }
                  return kept;
                }};
    }
  }

  static std::string list(const model::Texts& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
  }

  model::Texts some_fields(std::size_t most, const model::Texts& but = {}) {
    std::set<std::string> chosen;
    for (std::size_t i = random_.below(most + 1); i > 0; --i) chosen.insert(random_.of(kFields));
    for (const std::string& name : but) chosen.erase(name);
    return {chosen.begin(), chosen.end()};
  }

  Command to_table(model::Texts& columns) {
    const model::Texts by = some_fields(2);
    const std::string by_text = by.empty() ? "" : " by " + list(by);
    columns = by;
    switch (random_.below(5)) {
      case 0:
        columns.push_back("count");
        return {"count" + by_text, [=](const Rows& rows) {
                  return model::stats(rows, {{"count", ""}}, by, true);
                }};
      case 1:
        return stats(by, by_text, columns);
      case 2:
        return top(columns);
      case 3:
        return timechart(by, by_text, columns);
      default: {
        model::Texts fields = some_fields(3);
        if (fields.empty()) fields.push_back("user.name");
        columns = fields;
        return {"fields " + list(fields), [=](const Rows& rows) {
                  Rows kept;
                  for (const Json& row : rows) {
                    Json cells = Json::object();
                    for (const std::string& name : fields) cells[name] = model::cell(row, name);
                    kept.push_back(cells);
                  }
                  return kept;
                }};
      }
    }
  }

  Command stats(const model::Texts& by, const std::string& by_text, model::Texts& columns) {
    std::set<std::pair<std::string, std::string>> chosen{{"count", ""}};
    for (std::size_t i = random_.below(4); i > 0; --i) {
      chosen.emplace(
          random_.of<std::string>({"sum", "avg", "min", "max", "distinct", "p50", "p95", "p9"}),
          random_.of<std::string>({"n.bytes", "source.port", "user.roles", "odd.value"}));
    }
    std::vector<std::pair<std::string, std::string>> aggregates(chosen.begin(), chosen.end());
    std::string text = "stats ";
    for (const auto& [function, field] : aggregates) {
      const std::string name = function == "count" ? function : function + "(" + field + ")";
      text += (columns.size() > by.size() ? ", " : "") + name;
      columns.push_back(name);
    }
    return {text + by_text,
            [=](const Rows& rows) { return model::stats(rows, aggregates, by, false); }};
  }

  Command top(model::Texts& columns) {
    const std::string field = random_.of(kFields);
    const model::Texts by = some_fields(1, {field});
    const std::size_t wanted = 1 + random_.below(5);
    const bool most = random_.one_in(2);
    columns = by;
    columns.insert(columns.end(), {field, "count", "percent"});
    return {(most ? "top " : "rare ") + std::to_string(wanted) + " " + field +
                (by.empty() ? "" : " by " + list(by)),
            [=](const Rows& rows) { return model::top(rows, field, by, wanted, most); }};
  }

  // Spans of a minute; times are whole seconds of one hour.
  Command timechart(const model::Texts& by, const std::string& by_text, model::Texts& columns) {
    columns.insert(columns.begin(), "@timestamp");
    columns.push_back("count");
    return {"timechart span=1m count" + by_text, [=](const Rows& rows) {
              Rows spans = rows;
              for (Json& row : spans) {
                const std::string time = row.at("@timestamp");
                row["@timestamp"] = time.substr(0, 17) + "00Z";
              }
              model::Texts names{"@timestamp"};
              names.insert(names.end(), by.begin(), by.end());
              Rows out = model::stats(spans, {{"count", ""}}, names, false);
              return by.empty() ? filled(out) : out;
            }};
  }

  static Rows filled(const Rows& rows) {
    Rows out;
    for (const Json& row : rows) {
      const auto minute = [](const Json& one) {
        return std::stoi(one.at("@timestamp").get<std::string>().substr(14, 2));
      };
      for (int next = out.empty() ? minute(row) : minute(out.back()) + 1; next < minute(row);
           ++next) {
        std::string time = row.at("@timestamp");
        time.replace(14, 2, (next < 10 ? "0" : "") + std::to_string(next));
        out.push_back({{"@timestamp", time}, {"count", 0}});
      }
      out.push_back(row);
    }
    return out;
  }

  Random& random_;
};

class QueryModel : public testing::Test {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<Store>> opened = Store::open({.path = "/store", .pack_rows = 100, .env = env_.get()});
    ASSERT_TRUE(opened) << opened.error().what;
    store_ = *std::move(opened);
    EXPECT_EQ(*store_->source_id("web"), SourceId{0});
    EXPECT_EQ(*store_->source_id("auth"), SourceId{1});
    fill();
  }

  void fill() {
    for (std::uint64_t seq = 0; seq < 240;) {
      Batch batch;
      for (std::size_t n = 1 + random_.below(60); n > 0 && seq < 240; --n, ++seq) {
        const std::int64_t time = 1767225600 + static_cast<std::int64_t>(random_.below(600));
        batch.add(random_event(random_), SourceId{static_cast<std::uint32_t>(seq % 2)}, seq,
                  time * kSecond);
      }
      parse_pairs(batch);
      Commit commit;
      commit.add(batch, {});
      ASSERT_OK(store_->commit(commit));
      ASSERT_OK(store_->pack());
      for (const Event& event : batch.events()) {
        const bool web = batch.record_of(event).source == SourceId{0};
        events_.push_back(event_json(batch, event, web ? "web" : "auth"));
      }
    }
    EXPECT_GT(store_->packing().blocks, 0U);  // the rest stays in row blocks
    EXPECT_LT(store_->packing().rows, 240U);
  }

  Rows ask(const std::string& text) {
    const Result<Query> query = parse_query(text);
    EXPECT_TRUE(query) << query.error().what;
    if (!query) return {};
    const std::vector<std::string> columns = result_columns(*query);
    Rows rows;
    const ResultSink sink{.event =
                              [&](Json&& event) {
                                rows.push_back(std::move(event));
                                return true;
                              },
                          .row =
                              [&](const std::vector<Cell>& cells) {
                                Json row = Json::object();
                                for (std::size_t i = 0; i < cells.size(); ++i)
                                  row[columns.at(i)] = cell_json(cells[i]);
                                rows.push_back(std::move(row));
                                return true;
                              }};
    const SearchOptions options{
        .scan = {.newest_first = false}, .limit = 1'000'000, .parse = parse_pairs};
    const auto totals = run_query(*store_, *query, options, {}, sink);
    EXPECT_TRUE(totals) << totals.error().what;
    return rows;
  }

  // Event and table cells as they are compared: a number is its text.
  static std::string flat(const Rows& rows) {
    std::string text;
    for (Json row : rows) {
      if (!row.contains("event")) {
        for (auto& [name, value] : row.items()) {
          if (value.is_number())
            value =
                value.is_number_float() ? value.dump() : std::to_string(value.get<std::int64_t>());
        }
      }
      text += row.dump() + "\n";
    }
    return text;
  }

  Random random_{from_environment("PICKET_QUERY_SEED", 20261122)};
  std::shared_ptr<CrashFs> fs_ = std::make_shared<CrashFs>(1);
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(fs_);
  std::unique_ptr<Store> store_;
  Rows events_;
};

TEST_F(QueryModel, FiltersFindWhatANaiveFilterFinds) {
  const std::uint32_t rounds = from_environment("PICKET_QUERY_ROUNDS", 400);
  std::size_t found = 0;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    const Filter filter = QueryMaker(random_).filter(3);
    Rows expected;
    for (const Json& event : events_) {
      if (filter.test(event)) expected.push_back(event);
    }
    found += expected.size();
    ASSERT_EQ(flat(ask(filter.text)), flat(expected))
        << "seed 20261122, round " << round << ": " << filter.text;
  }
  EXPECT_GT(found, rounds * 20) << "queries that find nothing prove nothing";
}

TEST_F(QueryModel, CommandsMakeWhatNaiveCodeMakes) {
  const std::uint32_t rounds = from_environment("PICKET_QUERY_ROUNDS", 600);
  std::size_t rows = 0;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    const Filter filter = random_.one_in(2) ? Filter{"*", [](const Json&) { return true; }}
                                            : QueryMaker(random_).filter(1);
    std::string text = filter.text;
    Rows expected;
    for (const Json& event : events_) {
      if (filter.test(event)) expected.push_back(event);
    }
    for (const Command& command : CommandMaker(random_).commands()) {
      text += " | " + command.text;
      expected = command.run(expected);
    }
    rows += expected.size();
    ASSERT_EQ(flat(ask(text)), flat(expected)) << "seed 20261122, round " << round << ": " << text;
  }
  EXPECT_GT(rows, rounds * 5);
}

}  // namespace
}  // namespace picket::storage
