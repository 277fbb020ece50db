#include "parsers/steps/geo_database.h"

#include <arpa/inet.h>
#include <maxminddb.h>
#include <sys/socket.h>

#include <cmath>
#include <initializer_list>

namespace picket::parsers {
namespace {

using Path = std::initializer_list<const char*>;

// The value at the path; nullopt when there is none, or it is damaged.
std::optional<MMDB_entry_data_s> value_at(MMDB_entry_s& entry, Path path, std::uint32_t type) {
  constexpr std::size_t kPathMax = 8;
  const char* names[kPathMax] = {};
  std::size_t size = 0;
  for (const char* name : path) {
    if (size + 1 < kPathMax) names[size++] = name;
  }
  MMDB_entry_data_s data{};
  if (MMDB_aget_value(&entry, &data, names) != MMDB_SUCCESS) return std::nullopt;
  if (!data.has_data || data.type != type) return std::nullopt;
  return data;
}

void take_text(MMDB_entry_s& entry, Path path, std::string_view& text) {
  constexpr std::size_t kTextMax = 256;
  if (!text.empty()) return;
  if (const auto data = value_at(entry, path, MMDB_DATA_TYPE_UTF8_STRING))
    text = std::string_view(data->utf8_string, data->data_size).substr(0, kTextMax);
}

void take_degrees(MMDB_entry_s& entry, Path path, double limit, std::optional<double>& degrees) {
  if (degrees) return;
  const auto data = value_at(entry, path, MMDB_DATA_TYPE_DOUBLE);
  if (data && std::isfinite(data->double_value) && std::abs(data->double_value) <= limit)
    degrees = data->double_value;
}

}  // namespace

struct GeoDatabase::State {
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (open) MMDB_close(&file);
  }
  MMDB_s file{};
  bool open = false;
};

GeoDatabase::GeoDatabase() : state_(std::make_unique<State>()) {}
GeoDatabase::~GeoDatabase() = default;

Result<std::shared_ptr<const GeoDatabase>> GeoDatabase::open(const std::string& path) {
  std::shared_ptr<GeoDatabase> made(new GeoDatabase);
  const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &made->state_->file);
  if (status != MMDB_SUCCESS) {
    return fail(status == MMDB_FILE_OPEN_ERROR ? Errc::kNotFound : Errc::kInvalid,
                path + ": " + MMDB_strerror(status));
  }
  made->state_->open = true;
  return std::shared_ptr<const GeoDatabase>(std::move(made));
}

void GeoDatabase::look_up(const std::string& address, GeoPlace& place) const {
  sockaddr_storage storage{};
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
  } else if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
  } else {
    return;
  }
  int status = MMDB_SUCCESS;
  MMDB_lookup_result_s found =
      MMDB_lookup_sockaddr(&state_->file, reinterpret_cast<const sockaddr*>(&storage), &status);
  if (status != MMDB_SUCCESS || !found.found_entry) return;
  MMDB_entry_s& entry = found.entry;
  take_text(entry, {"country", "iso_code"}, place.country_iso_code);
  take_text(entry, {"country", "names", "en"}, place.country_name);
  take_text(entry, {"continent", "names", "en"}, place.continent_name);
  take_text(entry, {"subdivisions", "0", "iso_code"}, place.region_iso_code);
  take_text(entry, {"subdivisions", "0", "names", "en"}, place.region_name);
  take_text(entry, {"city", "names", "en"}, place.city_name);
  take_text(entry, {"location", "time_zone"}, place.time_zone);
  constexpr double kLatitudeMax = 90;
  constexpr double kLongitudeMax = 180;
  take_degrees(entry, {"location", "latitude"}, kLatitudeMax, place.latitude);
  take_degrees(entry, {"location", "longitude"}, kLongitudeMax, place.longitude);
  if (!place.as_number) {
    if (const auto data = value_at(entry, {"autonomous_system_number"}, MMDB_DATA_TYPE_UINT32))
      place.as_number = data->uint32;
  }
  take_text(entry, {"autonomous_system_organization"}, place.as_organization);
}

GeoLibrary::Databases GeoLibrary::of(const std::string& path) {
  const auto [found, is_new] = opened_.try_emplace(path);
  if (is_new) {
    Result<std::shared_ptr<const GeoDatabase>> opened = GeoDatabase::open(path);
    if (opened) {
      found->second = *std::move(opened);
    } else {
      problems_.push_back(opened.error().what);
    }
  }
  if (found->second == nullptr) return {};
  return {found->second};
}

GeoLibrary::Databases GeoLibrary::all() {
  constexpr const char* kNone = "";
  Databases databases;
  for (const std::string& path : paths_) {
    for (auto& database : of(path)) databases.push_back(std::move(database));
  }
  if (paths_.empty() && opened_.try_emplace(kNone).second)
    problems_.emplace_back("no database is configured");
  return databases;
}

}  // namespace picket::parsers
