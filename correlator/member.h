// MemberHit: a hit as a member of a correlation's group. It outlives its batch, so it owns all that
// the alert will need of its event: place in time, counted value, entities, matches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "correlator/codec.h"
#include "correlator/source_table.h"
#include "event/alert.h"

namespace picket::correlator {

// What the correlation said at this hit.
enum class Verdict : std::uint8_t {
  kPending,  // not decided yet
  kSkipped,  // the type does not evaluate here (temporal_ordered, before its last rule)
  kFalse,
  kTrue,   // and was true before: joins the open alert
  kFired,  // a new alert
};

// What is shown of a member's event in an alert. Packed, because few members are ever shown.
struct MemberProof {
  std::vector<Entity> entities;
  std::vector<Layer> layers;
  std::vector<Match> matches;  // `event` left empty
};
std::string pack(const MemberProof& proof);
MemberProof unpack_proof(std::string_view packed);  // what is damaged is left out

// A match as most members keep it: long values are cut.
void cut_for_member(Match& match);

struct MemberHit {
  std::int64_t time_ns = 0;
  std::uint64_t seq = 0;
  std::uint64_t origin = 0;  // 0: a detection's hit; else hash of the alert of an inner correlation
  SourceId source{};
  std::uint32_t reference = 0;  // which of the correlation's `rules`
  Verdict verdict = Verdict::kPending;
  Layer layer = Layer::kNone;
  double quantity = 0;               // at kFired: the quantity compared
  std::optional<std::string> value;  // of the counted field
  std::optional<double> number;      // the same as a number, where it is one
  std::string proof;                 // packed MemberProof

  bool same_event(const MemberHit& other) const {
    return time_ns == other.time_ns && source == other.source && seq == other.seq;
  }
  std::size_t bytes() const {
    return sizeof(MemberHit) + proof.capacity() + (value ? value->capacity() : 0);
  }
};

// Total order inside a group: (event time, source name, seq), then reference and origin.
bool before(const MemberHit& a, const MemberHit& b, const SourceTable& sources);

// Finite numbers only, the whole text.
std::optional<double> number_of(std::string_view text);

// Texts longer than kValueMax become their beginning and their SHA-256: equal if and only if they
// were.
inline constexpr std::size_t kValueMax = 256;
std::string bounded_value(std::string_view text);

// Times are written as the difference to `base_ns`, which moves along.
void write_member(Writer& writer, const MemberHit& hit, std::int64_t& base_ns);
MemberHit read_member(Reader& reader, std::int64_t& base_ns);

}  // namespace picket::correlator
