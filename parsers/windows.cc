#include "parsers/windows.h"

namespace picket::parsers {

KindId WindowsKinds::kind(std::string_view channel, std::int64_t code) {
  const NameKey key = NameKey::of(channel);
  const std::uint32_t* known = index_.find(key);
  if (known == nullptr) {
    if (channels_.size() >= kChannelsMax || channel.size() > kChannelLengthMax) {
      const Definition* any = catalog_->for_channel(channel);
      last_ = any;
      return any == nullptr ? kUnknownKind : any->kind;
    }
    known = &(index_.insert(key) = add_channel(channel));
  }
  Channel& entry = channels_[*known];
  last_ = entry.definition;
  if (code < 0 || entry.definition == nullptr) return entry.any;
  if (code == entry.last_code) return entry.last_kind;
  auto found = entry.codes.find(code);
  if (found == entry.codes.end()) {
    if (pairs_ >= kPairsMax) return entry.any;
    ++pairs_;
    KindId made = Catalog::windows_kind(*entry.definition, channel, code);
    if (made == kUnknownKind) made = entry.any;
    found = entry.codes.emplace(code, made).first;
  }
  entry.last_code = code;
  entry.last_kind = found->second;
  return found->second;
}

std::uint32_t WindowsKinds::add_channel(std::string_view channel) {
  Channel made;
  made.definition = catalog_->for_channel(channel);
  if (made.definition != nullptr) {
    made.any = Catalog::windows_kind(*made.definition, channel, -1);
    if (made.any == kUnknownKind) made.any = made.definition->kind;
  }
  channels_.push_back(std::move(made));
  return static_cast<std::uint32_t>(channels_.size() - 1);
}

}  // namespace picket::parsers
