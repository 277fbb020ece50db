#include "parsers/steps/geo_database.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#if defined(__SANITIZE_ADDRESS__)
#define PICKET_LEAKS_ARE_FOUND
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PICKET_LEAKS_ARE_FOUND
#endif
#endif
#ifdef PICKET_LEAKS_ARE_FOUND
#include <sanitizer/lsan_interface.h>
#endif

#include "event/event_json.h"
#include "parsers/parser.h"
#include "tests/parsers/mmdb_writer.h"

namespace picket::parsers {
namespace {

namespace fs = std::filesystem;

// libmaxminddb 1.7 does not free what it had read of metadata that it then refuses.
Result<std::shared_ptr<const GeoDatabase>> open_damaged(const std::string& path) {
#ifdef PICKET_LEAKS_ARE_FOUND
  const __lsan::ScopedDisabler disabled;
#endif
  return GeoDatabase::open(path);
}

class GeoTest : public testing::Test {
 protected:
  GeoTest() : folder_(fs::temp_directory_path() / ("picket-geo-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
    MmdbWriter city;
    city.add(
        "192.0.2.0", 24,
        {{"country", {{"iso_code", "VN"}, {"names", {{"en", "Vietnam"}}}}},
         {"city", {{"names", {{"en", "Hanoi"}}}}},
         {"subdivisions", Json::array({{{"iso_code", "HN"}, {"names", {{"en", "Hanoi City"}}}}})},
         {"location",
          {{"latitude", 21.0292}, {"longitude", 105.8526}, {"time_zone", "Asia/Ho_Chi_Minh"}}}});
    city.add("2001:db8", 32, {{"country", {{"iso_code", "FR"}}}});
    city.add("198.51.100.0", 24,
             {{"country", "damaged"}, {"location", {{"latitude", 900.0}, {"longitude", 1.0}}}});
    city_ = write("city.mmdb", city.file());
    MmdbWriter asn;
    asn.add(
        "192.0.2.0", 25,
        {{"autonomous_system_number", 64500}, {"autonomous_system_organization", "Example Net"}});
    asn_ = write("asn.mmdb", asn.file());
  }
  ~GeoTest() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return (folder_ / name).string();
  }
  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // The event that a definition with this step makes of "@own ADDRESS".
  Json parsed(const std::string& step, const std::string& address,
              const std::vector<std::string>& geoip) {
    const fs::path definitions = folder_ / "definitions";
    fs::create_directories(definitions);
    std::ofstream(definitions / "own.yaml")
        << "name: own\ndataset: own.log\nrecognise: {contains: ['@own ']}\nsteps:\n"
           "  - pattern: '@own %{notspace:source.address}'\n  - geoip: "
        << step << "\n";
    std::vector<std::string> errors;
    const auto catalog = Catalog::load({definitions.string()}, errors, geoip);
    EXPECT_TRUE(catalog && errors.empty()) << (errors.empty() ? "" : errors[0]);
    problems_ = (*catalog)->geoip_problems();
    Parser parser(*catalog, false);
    Batch batch;
    batch.add("@own " + address, SourceId{}, 0, 1);
    parser.parse(batch);
    EXPECT_EQ(batch.events()[0].status, ParseStatus::kParsed);
    return event_json(batch, batch.events()[0], "")["source"];
  }

  fs::path folder_;
  std::string city_;
  std::string asn_;
  std::vector<std::string> problems_;
};

TEST_F(GeoTest, DatabasesAddUp) {
  const Json source = parsed("source.address", "192.0.2.7", {city_, asn_});
  EXPECT_TRUE(problems_.empty());
  const Json geo = source["geo"];
  EXPECT_EQ(geo["country_iso_code"], "VN");
  EXPECT_EQ(geo["country_name"], "Vietnam");
  EXPECT_EQ(geo["city_name"], "Hanoi");
  EXPECT_EQ(geo["region_name"], "Hanoi City");
  EXPECT_EQ(geo["timezone"], "Asia/Ho_Chi_Minh");
  EXPECT_EQ(geo["location"]["lat"], 21.0292);
  EXPECT_EQ(geo["location"]["lon"], 105.8526);
  EXPECT_EQ(source["as"]["number"], 64500);
  EXPECT_EQ(source["as"]["organization"]["name"], "Example Net");
  EXPECT_EQ(parsed("{field: source.address, into: source.geo, database: ../city.mmdb}",
                   "2001:db8::1", {})["geo"]["country_iso_code"],
            "FR");
  EXPECT_FALSE(parsed("source.address", "203.0.113.1", {city_, asn_}).contains("geo"));
  EXPECT_FALSE(parsed("source.address", "no-address", {city_, asn_}).contains("geo"));
  // Values of other types, and places that cannot be, are none.
  EXPECT_FALSE(parsed("source.address", "198.51.100.1", {city_}).contains("geo"));
}

TEST_F(GeoTest, WithoutADatabaseTheStepDoesNothingAndSaysSoOnce) {
  EXPECT_FALSE(parsed("source.address", "192.0.2.7", {}).contains("geo"));
  EXPECT_EQ(problems_.size(), 1U);
  EXPECT_FALSE(
      parsed("source.address", "192.0.2.7", {(folder_ / "none.mmdb").string()}).contains("geo"));
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_NE(problems_[0].find("none.mmdb"), std::string::npos);
}

// Refused, or it finds something else; never more.
TEST_F(GeoTest, DamagedDatabases) {
  const std::string whole = read(city_);
  std::size_t refused = 0;
  const auto check = [&](std::string_view bytes) {
    const std::string path = write("damaged.mmdb", bytes);
    const auto database = open_damaged(path);
    fs::remove(path);
    if (!database) {
      ++refused;
      return;
    }
    GeoPlace place;
    (*database)->look_up("192.0.2.7", place);
    (*database)->look_up("2001:db8::1", place);
    EXPECT_LE(place.city_name.size(), 256U);
  };
  for (std::size_t size = 0; size < whole.size(); size += 7)
    check(std::string_view(whole).substr(0, size));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ (at % 2 == 0 ? 0x80 : 0xff));
    check(bytes);
  }
  EXPECT_GT(refused, 20U);
  check("not a database");
  EXPECT_EQ(GeoDatabase::open(folder_.string() + "/none").error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace picket::parsers
