// A naive query engine to hold the real one against: it reads events as JSON, with code as plain as
// it can be, and shares nothing with storage/. Cells are values of JSON: null, number, text, list.
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"

namespace picket::storage::model {

using Texts = std::vector<std::string>;
using Test = std::function<bool(const Json& event)>;

inline std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

inline std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>()
         : value.is_null() ? std::string()
                           : value.dump();
}

// An event's member by dotted name, or a table's by its whole name; null for what is not there.
inline Json cell(const Json& row, const std::string& name) {
  if (row.contains(name)) return row.at(name);
  const Json* at = &row;
  std::size_t begin = 0;
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', begin)) {
    const std::string part = name.substr(begin, dot - begin);
    if (!at->is_object() || !at->contains(part)) return nullptr;
    at = &at->at(part);
    begin = dot + 1;
  }
  return at->is_object() && at->contains(name.substr(begin)) ? at->at(name.substr(begin)) : Json();
}

inline Texts texts(const Json& value) {
  if (value.is_null()) return {};
  if (!value.is_array()) return {text_of(value)};
  Texts all;
  for (const Json& one : value) all.push_back(text_of(one));
  return all;
}

inline std::optional<double> number_of(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789.-e") != std::string::npos) return {};
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return *end == '\0' && text != "-" ? std::optional(number) : std::nullopt;
}

// 16 bytes, IPv4 as ::ffff:a.b.c.d.
inline std::optional<std::string> address_of(const std::string& text) {
  unsigned char bytes[16] = {};
  if (inet_pton(AF_INET, text.c_str(), bytes + 12) == 1) {
    bytes[10] = bytes[11] = 0xFF;
  } else if (inet_pton(AF_INET6, text.c_str(), bytes) != 1) {
    return {};
  }
  return std::string(reinterpret_cast<char*>(bytes), 16);
}

inline bool in_network(const std::string& text, const std::string& network, unsigned bits) {
  const auto a = address_of(text);
  const auto b = address_of(network);
  if (!a || !b) return false;
  if (network.find(':') == std::string::npos) bits += 96;
  for (unsigned bit = 0; bit < bits; ++bit) {
    const auto shift = 7 - bit % 8;
    if ((((*a)[bit / 8] ^ (*b)[bit / 8]) >> shift) & 1) return false;
  }
  return true;
}

inline bool like(const std::string& text, const std::string& pattern, std::size_t t = 0,
                 std::size_t p = 0) {
  if (p == pattern.size()) return t == text.size();
  if (pattern[p] == '*') {
    return like(text, pattern, t, p + 1) || (t < text.size() && like(text, pattern, t + 1, p));
  }
  return t < text.size() && (pattern[p] == '?' || pattern[p] == text[t]) &&
         like(text, pattern, t + 1, p + 1);
}

inline Test any(const std::string& field, std::function<bool(const std::string&)> test) {
  return [field, test](const Json& event) {
    const Texts all = texts(cell(event, field));
    return std::any_of(all.begin(), all.end(), test);
  };
}

// --- Rows ---

using Rows = std::vector<Json>;

// Before: numbers, then texts without regard to case, then nothing.
inline int compare(const Json& a, const Json& b) {
  const auto rank = [](const Json& value) {
    if (value.is_null()) return 2;
    return !value.is_array() && number_of(text_of(value)) ? 0 : 1;
  };
  if (rank(a) != rank(b)) return rank(a) < rank(b) ? -1 : 1;
  if (rank(a) == 2) return 0;
  if (rank(a) == 0) {
    const double x = *number_of(text_of(a));
    const double y = *number_of(text_of(b));
    return x < y ? -1 : x > y ? 1 : 0;
  }
  const auto joined = [](const Json& value) {
    std::string text;
    for (const std::string& one : texts(value)) text += (text.empty() ? "" : ", ") + one;
    return text;
  };
  const int folded = lower(joined(a)).compare(lower(joined(b)));
  return folded != 0 ? folded : joined(a).compare(joined(b));
}

inline Json number(double value) {
  return value == static_cast<double>(static_cast<std::int64_t>(value))
             ? Json(static_cast<std::int64_t>(value))
             : Json(value);
}

// "sum(n)" over the rows of one group.
inline Json aggregate(const std::string& function, const std::string& field, const Rows& rows) {
  if (function == "count") return rows.size();
  std::vector<double> numbers;
  std::set<std::string> distinct;
  Json least;
  Json most;
  for (const Json& row : rows) {
    for (const std::string& text : texts(cell(row, field))) {
      distinct.insert(text);
      if (least.is_null() || compare(Json(text), least) < 0) least = text;
      if (most.is_null() || compare(Json(text), most) > 0) most = text;
      if (number_of(text)) numbers.push_back(*number_of(text));
    }
  }
  const auto as_number = [](const Json& value) {
    return !value.is_null() && number_of(text_of(value)) ? number(*number_of(text_of(value)))
                                                         : value;
  };
  if (function == "distinct") return distinct.size();
  if (function == "min") return as_number(least);
  if (function == "max") return as_number(most);
  if (numbers.empty()) return nullptr;
  double sum = 0;
  for (const double one : numbers) sum += one;
  if (function == "sum") return number(sum);
  if (function == "avg") return number(sum / static_cast<double>(numbers.size()));
  std::sort(numbers.begin(), numbers.end());  // p50, p95, ...
  const std::size_t percent = std::stoul(function.substr(1));
  std::size_t rank = 1;
  while (rank * 100 < percent * numbers.size()) ++rank;
  return number(numbers[rank - 1]);
}

// The rows of each combination of values; a row with several values is in several groups.
inline std::map<std::vector<Json>, Rows> groups(const Rows& rows, const Texts& by) {
  std::map<std::vector<Json>, Rows> all;
  for (const Json& row : rows) {
    std::vector<std::vector<Json>> names{{}};
    for (const std::string& field : by) {
      const Json value = cell(row, field);
      std::set<Json> values;
      if (value.is_array()) {
        for (const std::string& text : texts(value)) values.insert(Json(text));
      } else {
        values.insert(value.is_number() && row.contains("@timestamp") ? Json(text_of(value))
                                                                      : value);
      }
      std::vector<std::vector<Json>> longer;
      for (const auto& name : names) {
        for (const Json& one : values) {
          longer.push_back(name);
          longer.back().push_back(one);
        }
      }
      names = longer;
    }
    for (const auto& name : names) all[name].push_back(row);
  }
  return all;
}

inline int compare(const std::vector<Json>& a, const std::vector<Json>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (const int order = compare(a[i], b[i]); order != 0) return order;
    if (const int order = text_of(a[i]).compare(text_of(b[i])); order != 0) return order;
  }
  return 0;
}

// `aggregates`: {"sum", "n"}, ...; `first`: 1 the most first, -1 the fewest, 0 by name.
inline Rows stats(const Rows& rows,
                  const std::vector<std::pair<std::string, std::string>>& aggregates,
                  const Texts& by, bool most_first) {
  std::map<std::vector<Json>, Rows> all = groups(rows, by);
  if (by.empty() && all.empty()) all[{}] = {};
  std::vector<std::pair<std::vector<Json>, Json>> out;
  for (const auto& [name, members] : all) {
    Json row = Json::object();
    for (std::size_t i = 0; i < by.size(); ++i) row[by[i]] = name[i];
    for (const auto& [function, field] : aggregates) {
      row[function == "count" ? function : function + "(" + field + ")"] =
          aggregate(function, field, members);
    }
    out.emplace_back(name, row);
  }
  std::sort(out.begin(), out.end(), [&](const auto& a, const auto& b) {
    if (most_first && a.second["count"] != b.second["count"])
      return a.second["count"] > b.second["count"];
    return compare(a.first, b.first) < 0;
  });
  Rows result;
  for (auto& [name, row] : out) result.push_back(row);
  return result;
}

inline Rows top(const Rows& rows, const std::string& field, const Texts& by, std::size_t wanted,
                bool most_first) {
  Rows with;
  for (const Json& row : rows) {
    if (!texts(cell(row, field)).empty()) with.push_back(row);
  }
  Rows result;
  std::vector<std::pair<std::vector<Json>, Rows>> outer;
  for (auto& one : groups(with, by)) outer.push_back(one);
  std::sort(outer.begin(), outer.end(),
            [](const auto& a, const auto& b) { return compare(a.first, b.first) < 0; });
  for (const auto& [name, members] : outer) {
    std::vector<std::pair<Json, std::size_t>> counted;
    std::size_t total = 0;
    for (const auto& [value, some] : groups(members, {field})) {
      counted.emplace_back(value.front(), some.size());
      total += some.size();
    }
    std::sort(counted.begin(), counted.end(), [&](const auto& a, const auto& b) {
      if (a.second != b.second) return (a.second > b.second) == most_first;
      return compare(std::vector<Json>{a.first}, std::vector<Json>{b.first}) < 0;
    });
    for (std::size_t i = 0; i < std::min(wanted, counted.size()); ++i) {
      Json row = Json::object();
      for (std::size_t b = 0; b < by.size(); ++b) row[by[b]] = name[b];
      row[field] = counted[i].first;
      row["count"] = counted[i].second;
      row["percent"] =
          number(100.0 * static_cast<double>(counted[i].second) / static_cast<double>(total));
      result.push_back(row);
    }
  }
  return result;
}

inline Rows sorted(Rows rows, const std::vector<std::pair<std::string, bool>>& keys) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Json& a, const Json& b) {
    for (const auto& [field, descending] : keys) {
      const Json x = cell(a, field);
      const Json y = cell(b, field);
      if (x.is_null() != y.is_null()) return y.is_null();
      const int order = compare(x, y);
      if (order != 0) return (order < 0) != descending;
    }
    return false;
  });
  return rows;
}

}  // namespace picket::storage::model
