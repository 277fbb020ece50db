// Any bytes as a delivery journal: refused with a line, or a journal whose acknowledged records were sent.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "app/delivery_journal.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using picket::app::DeliveryJournal;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto journal = DeliveryJournal::parse("fuzz.journal", text);
  if (!journal) {
    PICKET_CHECK(journal.error().what.starts_with("fuzz.journal:"));
    return 0;
  }
  PICKET_CHECK(journal->size() <= DeliveryJournal::kRecordsMax);
  for (std::uint64_t i = 0; i < journal->size() && i < 100; ++i) {
    std::uint64_t number = 0;
    PICKET_CHECK(!journal->is_acked(i) || journal->size() > i);
    PICKET_CHECK(journal->is_ours(journal->record(i), number) && number == i);
  }
  return 0;
}
