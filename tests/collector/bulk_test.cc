#include "collector/bulk.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace picket::collector {
namespace {

// "create+ index- ..." and the documents.
std::string show(std::string_view body, std::size_t items_max = 100) {
  const BulkRequest request = parse_bulk(body, items_max);
  if (request.too_many) return "too many";
  static constexpr const char* kNames[] = {"create", "index", "update", "delete", "unknown"};
  std::string text;
  for (const BulkItem& item : request.items) {
    text += std::string(kNames[static_cast<int>(item.action)]) + (item.accepted ? "+ " : "- ");
  }
  for (const std::string_view document : request.documents)
    text += "[" + std::string(document) + "]";
  return text;
}

TEST(Bulk, Bodies) {
  const auto body = [](std::string_view text, std::string_view expected) {
    EXPECT_EQ(show(text), expected) << text;
  };
  body("", "");
  body("\n\n", "");
  body("{\"create\":{}}\n{\"a\":1}\n", "create+ [{\"a\":1}]");
  body("{\"index\":{\"_index\":\"x\",\"_id\":\"1\"}}\r\n{\"a\":1}\r\n", "index+ [{\"a\":1}]");
  body("{ \"create\" : { \"_index\" : \"x\" } }\n{\"a\":1}", "create+ [{\"a\":1}]");  // no last LF
  body("{\"create\":{}}\n{\"a\":1}\n\n{\"create\":{}}\n{\"b\":1}\n",
       "create+ create+ [{\"a\":1}][{\"b\":1}]");
  // Documents are bytes
  body("{\"create\":{}}\nplain text\n", "create+ [plain text]");
  // Nothing is changed or deleted
  body("{\"delete\":{\"_id\":\"1\"}}\n{\"create\":{}}\n{\"a\":1}\n", "delete- create+ [{\"a\":1}]");
  body("{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{}}\n{\"create\":{}}\n{\"a\":1}\n",
       "update- create+ [{\"a\":1}]");
  // Malformed actions cost one item and their document
  body("garbage\n{\"a\":1}\n{\"create\":{}}\n{\"b\":1}\n", "unknown- create+ [{\"b\":1}]");
  body("garbage\n{\"create\":{}}\n{\"b\":1}\n", "unknown- create+ [{\"b\":1}]");
  body("{\"create\":1}\n{\"a\":1}\n", "unknown- ");
  body("{\"create\":{},\"index\":{}}\n{\"a\":1}\n", "unknown- ");
  body("[]\n{\"a\":1}\n", "unknown- ");
  body("{\"create\":{}}\n\n{\"create\":{}}\n{\"b\":1}\n", "create- create+ [{\"b\":1}]");
  body("{\"create\":{}}", "create- ");
  body("{\"create\":{\"a\":[[[[[[[[]]]]]]]]}}\n{\"a\":1}\n", "unknown- ");  // deep
  body("{\"create\":{\"_id\":\"" + std::string(5000, 'x') + "\"}}\n{\"a\":1}\n", "unknown- ");
}

TEST(Bulk, ItemsAreLimited) {
  std::string body;
  for (int i = 0; i < 3; ++i) body += "{\"create\":{}}\n{}\n";
  EXPECT_EQ(show(body, 2), "too many");
  EXPECT_EQ(show(body, 3), "create+ create+ create+ [{}][{}][{}]");
}

TEST(Bulk, Answers) {
  const auto answer =
      parse_json(bulk_answer({{BulkAction::kCreate, true}, {BulkAction::kIndex, true}}, "logs", 3));
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)["took"], 3);
  EXPECT_EQ((*answer)["errors"], false);
  EXPECT_EQ((*answer)["items"][0]["create"]["status"], 201);
  EXPECT_EQ((*answer)["items"][1]["index"]["_index"], "logs");
  const auto mixed = parse_json(bulk_answer(
      {{BulkAction::kUnknown, false}, {BulkAction::kDelete, false}, {BulkAction::kCreate, true}},
      "a\"b\n", 0));
  ASSERT_TRUE(mixed);
  EXPECT_EQ((*mixed)["errors"], true);
  EXPECT_EQ((*mixed)["items"][0]["create"]["status"], 400);
  EXPECT_EQ((*mixed)["items"][0]["create"]["error"]["type"], "illegal_argument_exception");
  EXPECT_EQ((*mixed)["items"][1]["delete"]["status"], 400);
  EXPECT_EQ((*mixed)["items"][2]["create"]["_index"], "a\"b\n");
}

}  // namespace
}  // namespace picket::collector
