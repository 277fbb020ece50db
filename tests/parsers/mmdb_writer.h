// A small file in the MaxMind DB format 2.0 (maxmind.github.io/MaxMind-DB), for tests: a binary
// tree over the bits of IPv6 addresses (IPv4 under ::/96), records of 24 bits, then data and
// metadata.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace picket::parsers {

class MmdbWriter {
 public:
  void add(std::string_view address, std::size_t prefix_bits, const Json& data) {
    std::array<std::uint8_t, 16> bytes{};
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (std::sscanf(std::string(address).c_str(), "%u.%u.%u.%u", &a, &b, &c, &d) == 4) {
      bytes[12] = static_cast<std::uint8_t>(a);
      bytes[13] = static_cast<std::uint8_t>(b);
      bytes[14] = static_cast<std::uint8_t>(c);
      bytes[15] = static_cast<std::uint8_t>(d);
      prefix_bits += 96;
    } else {  // the first two groups
      std::sscanf(std::string(address).c_str(), "%x:%x", &a, &b);
      bytes[0] = static_cast<std::uint8_t>(a >> 8);
      bytes[1] = static_cast<std::uint8_t>(a & 0xff);
      bytes[2] = static_cast<std::uint8_t>(b >> 8);
      bytes[3] = static_cast<std::uint8_t>(b & 0xff);
    }
    std::size_t node = 0;
    for (std::size_t bit = 0; bit < prefix_bits; ++bit) {
      const std::size_t side = (unsigned{bytes[bit / 8]} >> (7 - bit % 8)) & 1U;
      if (bit + 1 == prefix_bits) {
        nodes_[node][side] = {Record::kData, data_.size()};
      } else {
        if (nodes_[node][side].kind != Record::kNode) {
          nodes_[node][side] = {Record::kNode, nodes_.size()};
          nodes_.emplace_back();
        }
        node = nodes_[node][side].at;
      }
    }
    put(data_, data);
  }

  std::string file() const {
    std::string out;
    for (const auto& node : nodes_) {
      for (const Record& record : node) {
        std::size_t value = nodes_.size();
        if (record.kind == Record::kNode) value = record.at;
        if (record.kind == Record::kData) value = nodes_.size() + 16 + record.at;
        put_big(out, value, 3);
      }
    }
    out.append(16, '\0');
    out += data_;
    out += "\xab\xcd\xefMaxMind.com";
    put_head(out, 7, 9);
    const auto number = [&out](const char* name, int type, std::uint64_t value, int bytes) {
      put(out, name);
      put_head(out, type, static_cast<std::size_t>(bytes));
      put_big(out, value, bytes);
    };
    number("node_count", 6, nodes_.size(), 4);
    number("record_size", 5, 24, 2);
    number("ip_version", 5, 6, 2);
    number("binary_format_major_version", 5, 2, 2);
    number("binary_format_minor_version", 5, 0, 2);
    number("build_epoch", 9, 1'700'000'000, 8);
    put(out, "database_type");
    put(out, "Test");
    put(out, "languages");
    put(out, Json::array({"en"}));
    put(out, "description");
    put(out, Json{{"en", "test"}});
    return out;
  }

 private:
  struct Record {
    enum Kind { kEmpty, kNode, kData } kind = kEmpty;
    std::size_t at = 0;
  };

  static void put_big(std::string& out, std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xff);
  }
  static void put_head(std::string& out, int type, std::size_t size) {
    const auto low = static_cast<int>(size < 29 ? size : 29);
    out += static_cast<char>((type < 8 ? type << 5 : 0) | low);
    if (type >= 8) out += static_cast<char>(type - 7);
    if (size >= 29) out += static_cast<char>(size - 29);
  }
  static void put(std::string& out, const Json& value) {
    if (value.is_object()) {
      put_head(out, 7, value.size());
      for (const auto& [name, member] : value.items()) {
        put(out, Json(name));
        put(out, member);
      }
    } else if (value.is_array()) {
      put_head(out, 11, value.size());
      for (const Json& item : value) put(out, item);
    } else if (value.is_string()) {
      const auto text = value.get<std::string>();
      put_head(out, 2, text.size());
      out += text;
    } else if (value.is_number_float()) {
      put_head(out, 3, 8);
      put_big(out, std::bit_cast<std::uint64_t>(value.get<double>()), 8);
    } else {
      put_head(out, 6, 4);
      put_big(out, value.get<std::uint32_t>(), 4);
    }
  }

  std::vector<std::array<Record, 2>> nodes_ = std::vector<std::array<Record, 2>>(1);
  std::string data_;
};

}  // namespace picket::parsers
