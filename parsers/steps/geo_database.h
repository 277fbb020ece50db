// GeoDatabase: where an address is and whose, from a user's file in the MaxMind DB format 2.0
// (maxmind.github.io/MaxMind-DB), such as GeoLite2-City.mmdb and GeoLite2-ASN.mmdb.
//
// The file is mapped: replace it by renaming another over it, as geoipupdate does, never in place.
// What is damaged is refused when it is opened, or finds nothing; libmaxminddb checks every offset
// and stops at a nesting of 512. Immutable: any thread may look up. Views live as long as the
// database.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace picket::parsers {

struct GeoPlace {
  std::string_view country_iso_code;
  std::string_view country_name;  // in English
  std::string_view continent_name;
  std::string_view region_iso_code;  // "VN-HN"'s part behind the country: as the file has it
  std::string_view region_name;
  std::string_view city_name;
  std::string_view time_zone;
  std::optional<double> latitude;
  std::optional<double> longitude;
  std::optional<std::uint32_t> as_number;
  std::string_view as_organization;
};

class GeoDatabase {
 public:
  // kNotFound, or kInvalid when it is none or damaged.
  static Result<std::shared_ptr<const GeoDatabase>> open(const std::string& path);
  ~GeoDatabase();
  GeoDatabase(const GeoDatabase&) = delete;
  GeoDatabase& operator=(const GeoDatabase&) = delete;

  // Adds what is known of the address; what `place` has already stays. `address` is text.
  void look_up(const std::string& address, GeoPlace& place) const;

 private:
  struct State;
  GeoDatabase();
  std::unique_ptr<State> state_;
};

// The databases of a configuration, and those that definitions name; each is opened once. One
// thread.
class GeoLibrary {
 public:
  explicit GeoLibrary(std::vector<std::string> paths = {}) : paths_(std::move(paths)) {}

  using Databases = std::vector<std::shared_ptr<const GeoDatabase>>;
  // Those of the configuration, or that one; what cannot be opened is left out and noted once.
  Databases all();
  Databases of(const std::string& path);
  // "path: reason" of each that could not be opened. A step without a database does nothing.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  std::vector<std::string> paths_;
  std::map<std::string, std::shared_ptr<const GeoDatabase>> opened_;  // nullptr: it could not be
  std::vector<std::string> problems_;
};

}  // namespace picket::parsers
