// geoip: where an address is, by a user's database.
#include <array>
#include <charconv>

#include "parsers/put.h"
#include "parsers/steps/geo_database.h"
#include "parsers/steps/step_reader.h"

namespace picket::parsers {
namespace {

class GeoipVerb : public Verb {
 public:
  FieldId from{};
  GeoLibrary::Databases databases;
  FieldId country_iso_code{}, country_name{}, continent_name{}, region_iso_code{}, region_name{},
      city_name{}, time_zone{}, latitude{}, longitude{}, as_number{}, as_organization{};

  Outcome run(Work& work) const override {
    constexpr std::size_t kAddressMax = 45;  // INET6_ADDRSTRLEN without its end
    const std::string_view text = work.text(from);
    if (databases.empty() || text.empty() || text.size() > kAddressMax) return Outcome::kDone;
    const std::string address(text);
    GeoPlace place;
    for (const auto& database : databases) database->look_up(address, place);
    put(work, country_iso_code, place.country_iso_code);
    put(work, country_name, place.country_name);
    put(work, continent_name, place.continent_name);
    put(work, region_iso_code, place.region_iso_code);
    put(work, region_name, place.region_name);
    put(work, city_name, place.city_name);
    put(work, time_zone, place.time_zone);
    if (place.latitude && place.longitude) {
      put_degrees(work, latitude, *place.latitude);
      put_degrees(work, longitude, *place.longitude);
    }
    if (place.as_number) work.put(as_number, work.digits(*place.as_number), ValueKind::kNumber);
    put(work, as_organization, place.as_organization);
    return Outcome::kDone;
  }

 private:
  // Copied: the batch may outlive the database.
  static void put(Work& work, FieldId field, std::string_view text) {
    if (!text.empty()) work.put(field, work.copy(text));
  }
  static void put_degrees(Work& work, FieldId field, double degrees) {
    constexpr int kDigits = 4;  // about ten metres, more than any database knows
    std::array<char, 32> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), degrees,
                                            std::chars_format::fixed, kDigits);
    if (error != std::errc{}) return;
    const auto size = static_cast<std::size_t>(end - text.data());
    work.put(field, work.copy({text.data(), size}), ValueKind::kNumber);
  }
};

}  // namespace

// {field: source.ip, into: source.geo, database: file}; `into` is the field's own group if it is
// not given.
MadeVerb make_geoip(StepReader& reader, const VerbSource& source) {
  const YamlNode& options = source.argument;
  auto made = std::make_unique<GeoipVerb>();
  YamlNode from = options;
  std::string into;
  if (options.is_map()) {
    PICKET_TRY_VOID(reader.known(options, "field into database"));
    const YamlNode* field = options.find("field");
    if (field == nullptr) return reader.error(source.step, "geoip needs a field");
    from = *field;
    into = options.text("into");
  }
  PICKET_TRY(made->from, reader.field(from));
  if (into.empty()) into = from.scalar.substr(0, from.scalar.rfind('.') + 1) + "geo";
  if (into != "geo" && !into.ends_with(".geo"))
    return reader.error(source.step, "geoip: `into` is a name such as source.geo");
  const std::string group = into.substr(0, into.size() - 3);
  const auto named = [&](FieldId& field, const std::string& name) -> Result<void> {
    YamlNode whole;
    whole.kind = YamlNode::Kind::kScalar;
    whole.line = source.step.line;
    whole.scalar = group + name;
    PICKET_TRY(field, reader.field(whole));
    reader.note_written(field);
    return {};
  };
  PICKET_TRY_VOID(named(made->country_iso_code, "geo.country_iso_code"));
  PICKET_TRY_VOID(named(made->country_name, "geo.country_name"));
  PICKET_TRY_VOID(named(made->continent_name, "geo.continent_name"));
  PICKET_TRY_VOID(named(made->region_iso_code, "geo.region_iso_code"));
  PICKET_TRY_VOID(named(made->region_name, "geo.region_name"));
  PICKET_TRY_VOID(named(made->city_name, "geo.city_name"));
  PICKET_TRY_VOID(named(made->time_zone, "geo.timezone"));
  PICKET_TRY_VOID(named(made->latitude, "geo.location.lat"));
  PICKET_TRY_VOID(named(made->longitude, "geo.location.lon"));
  PICKET_TRY_VOID(named(made->as_number, "as.number"));
  PICKET_TRY_VOID(named(made->as_organization, "as.organization.name"));
  const std::string path = options.is_map() ? options.text("database") : "";
  GeoLibrary& library = reader.geo();
  if (path.empty()) {
    made->databases = library.all();
  } else {
    made->databases = library.of(path.starts_with('/') ? path : reader.beside(path));
  }
  return made;
}

}  // namespace picket::parsers
