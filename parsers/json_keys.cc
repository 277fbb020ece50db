#include "parsers/json_keys.h"

namespace picket::parsers {

JsonKeys::JsonKeys(JsonNames& names) : names_(&names), ranks_(kNamesMax) {
  keys_.reserve(kKeysMax);
  forget();
}

// Ranks stay: they are given once for each field.
void JsonKeys::forget() {
  keys_.clear();
  keys_.emplace_back();
  texts_.clear();
  index_ = {};
}

const JsonKeys::Meaning& JsonKeys::look_up(Last& last, Node node, const NameKey& key,
                                           std::string_view written, char value) {
  const Last* const known = index_.find(key, static_cast<std::uint32_t>(node));
  const bool room = keys_.size() < kKeysMax && key.text.size() <= kKeyLengthMax;
  if (known == nullptr && !room) return uncached_ = meaning(node, key, value);
  const Last at = known != nullptr ? *known : add(node, key);
  Key& found = keys_[at];
  if ((needed(value) & ~found.known) != 0) {
    const Meaning made = meaning(node, key, value);
    if ((needed(value) & kChild) != 0) found.meaning.child = made.child;
    if ((needed(value) & kField) != 0) {
      const Node child = found.meaning.child;
      found.meaning = made;
      found.meaning.child = child;
    }
    found.known |= needed(value);
  }
  keys_[last].next[way_of(written)] = at;
  last = at;
  return found.meaning;
}

JsonKeys::Meaning JsonKeys::meaning(Node node, const NameKey& key, char value) {
  Meaning made;
  if ((needed(value) & kField) != 0) {
    if (const JsonName* const name = names_->field(node, key)) {
      std::uint16_t& rank = ranks_[name->field];
      if (rank == 0) rank = ++ranks_given_;
      made.field = name->field;
      made.rank = rank;
      made.role = name->role;
      made.system = name->system;
    }
  }
  if ((needed(value) & kChild) != 0) made.child = names_->child(node, key);
  return made;
}

// A key with a backslash in it is not what is written: it is never guessed.
JsonKeys::Last JsonKeys::add(Node node, const NameKey& key) {
  const auto at = static_cast<Last>(keys_.size());
  Key& made = keys_.emplace_back();
  made.first = key.first;
  made.last = key.last;
  made.text = static_cast<std::uint32_t>(texts_.size());
  texts_ += key.text;
  const bool literal = key.text.find('\\') == std::string_view::npos;
  if (literal) made.where = where(node, key.text.size());
  index_.insert(key, static_cast<std::uint32_t>(node)) = at;
  return at;
}

}  // namespace picket::parsers
