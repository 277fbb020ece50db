// WindowsKinds: the event kind of a Windows event, by channel and event id.
//
// Kinds are made from the definitions when a pair is met for the first time; after that it is two
// table look-ups. Bounded: behind kChannelsMax channels or kPairsMax pairs, events get the kind of
// their channel's definition, or of any Windows event. One per thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "parsers/catalog.h"
#include "parsers/name_table.h"

namespace picket::parsers {

class WindowsKinds {
 public:
  static constexpr std::size_t kChannelsMax = 2000;
  static constexpr std::size_t kChannelLengthMax = 256;
  static constexpr std::size_t kPairsMax = 16'000;

  // `catalog` must outlive it.
  explicit WindowsKinds(const Catalog& catalog) : catalog_(&catalog) {}

  // kUnknownKind when no definition takes the channel. A code of -1 is an unknown one.
  KindId kind(std::string_view channel, std::int64_t code);
  // The definition of the last one; nullptr if no definition takes it.
  const Definition* last() const { return last_; }

 private:
  struct Channel {
    const Definition* definition = nullptr;
    KindId any{};  // for codes without a kind of their own
    std::unordered_map<std::int64_t, KindId> codes;
    std::int64_t last_code = -1;
    KindId last_kind{};
  };

  std::uint32_t add_channel(std::string_view channel);

  const Catalog* catalog_;
  const Definition* last_ = nullptr;
  NameTable<std::uint32_t> index_;
  std::vector<Channel> channels_;
  std::size_t pairs_ = 0;
};

}  // namespace picket::parsers
