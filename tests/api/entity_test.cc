// Entity pages: how a name is spelt, what the page adds up, and that it is what the alerts say.
#include "api/entity.h"

#include <gtest/gtest.h>

#include <map>

#include "storage/query.h"
#include "tests/api/driver.h"

namespace picket::api {
namespace {

using std::string;

TEST(EntityNames, AreSpeltAsInAlerts) {
  EXPECT_EQ(*entity_of("user", "CORP\\Ann"), (Entity{"user", "ann"}));
  EXPECT_EQ(*entity_of("ip", "::ffff:192.0.2.1"), (Entity{"ip", "192.0.2.1"}));
  EXPECT_EQ(*entity_of("process", "C:\\Windows\\CMD.exe"),
            (Entity{"process", "c:\\windows\\cmd.exe"}));
  EXPECT_FALSE(entity_of("ip", "999.1.1.1"));
  EXPECT_FALSE(entity_of("user", ""));
  EXPECT_FALSE(entity_of("ship", "x"));
}

// Names are attackers' text: none may end the quotes of the search that it is put into.
TEST(EntityNames, StayOneValueOfTheSearch) {
  EXPECT_EQ(events_query({"host", "web-1"}), "host.name:\"web-1\"");
  EXPECT_EQ(events_query({"ip", "192.0.2.1"}),
            "source.ip:\"192.0.2.1\" or destination.ip:\"192.0.2.1\"");
  for (const string name : {"a\" or *", "a\\", "a\\\" | count", "('", "x\n| head 1"}) {
    const auto query = storage::parse_query(events_query({"host", name}));
    ASSERT_TRUE(query) << name;
  }
  EXPECT_EQ(events_query({"host", "a\"b\\"}), R"(host.name:"a\"b\\")");
}

TEST(EntityPages, AddUpWhatAlertsSay) {
  const Seed seed;
  std::map<Entity, std::size_t> named;
  for (const Alert& alert : seed.store.alert_list) {
    for (const Entity& entity : alert.entities) ++named[entity];
  }
  ASSERT_GT(named.size(), 4U);
  for (const auto& [entity, n] : named) {
    const auto page = entity_page(seed.store, entity);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->at("alerts").at("alerts"), n);
    EXPECT_EQ(page->at("items").size(), n);
    std::size_t of_rules = 0;
    for (const Json& rule : page->at("rules")) of_rules += rule.at("alerts").get<std::size_t>();
    EXPECT_EQ(of_rules, n);
    for (const Json& peer : page->at("seen_with")) {
      EXPECT_LE(peer.at("alerts"), n);
      EXPECT_NE((Entity{peer.at("type"), peer.at("value")}), entity);
    }
    for (const Json& incident : page->at("incidents").at("items")) {
      const auto found = seed.store.incident(incident.at("id").get<string>());
      ASSERT_TRUE(found);
      EXPECT_LE(found->risk, page->at("risk"));
    }
    EXPECT_GE(page->at("incidents").at("count"), 1U);
  }
}

TEST(EntityPages, OfNobodyAreEmpty) {
  const Seed seed;
  const auto page = entity_page(seed.store, {"user", "nobody"});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->at("alerts").at("alerts"), 0U);
  EXPECT_EQ(page->at("risk"), 0U);
  EXPECT_TRUE(page->at("incidents").at("items").empty());
}

TEST(EntityPages, AreAnsweredByTheApi) {
  Driver driver;
  const auto answer = driver.get("/api/v1/entities/host?value=WEB-01.");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(Driver::json(answer)["entity"]["value"], "web-01");
  EXPECT_EQ(driver.get("/api/v1/entities/ship?value=x").status, 400);
  EXPECT_EQ(driver.get("/api/v1/entities/host").status, 400);
  const Json all = Driver::json(driver.get("/api/v1/entities?limit=3"));
  ASSERT_EQ(all["items"].size(), 3U);
  EXPECT_EQ(all["cut"], true);
  EXPECT_GE(all["items"][0]["risk"], all["items"][2]["risk"]);
}

}  // namespace
}  // namespace picket::api
