#include "correlator/source_table.h"

#include "correlator/codec.h"

namespace picket::correlator {
SourceTable::SourceTable(StatePort& state) : state_(state) {
  state_.for_each(kPrefix, [this](std::string_view key, std::string_view value) {
    Reader id(key.substr(kPrefix.size()));
    Reader reader(value);
    const auto source = static_cast<SourceId>(id.number());
    Known known{std::string(reader.text()), std::string(reader.text())};
    if (id.done() && reader.done()) sources_.insert_or_assign(source, std::move(known));
    return true;
  });
}

void SourceTable::learn(SourceId source, const SourceNames& names) {
  Known& known = sources_[source];
  if (const std::string_view name = names.name(source), system = names.system(source);
      known.name != name || known.system != system || (name.empty() && system.empty())) {
    known = {std::string(name), std::string(system)};
    Writer key;
    key.number(static_cast<std::uint64_t>(source));
    Writer value;
    value.text(known.name);
    value.text(known.system);
    state_.put(std::string(kPrefix) + key.take(), value.take());
  }
}

const SourceTable::Known& SourceTable::known(SourceId source) const {
  static const Known kNobody;
  const auto found = sources_.find(source);
  return found == sources_.end() ? kNobody : found->second;
}

const std::string& SourceTable::name(SourceId source) const {
  return known(source).name;
}
const std::string& SourceTable::system(SourceId source) const {
  return known(source).system;
}

}  // namespace picket::correlator
