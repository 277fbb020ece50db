// MemberHit: a hit as a member of a correlation's group. It outlives its batch, so it owns all that
// the alert will need of its event: place in time, counted value, entities, matches.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "correlator/codec.h"
#include "correlator/shared_text.h"
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

// A finite number or none, in 8 bytes.
class MaybeNumber {
 public:
  MaybeNumber() = default;
  MaybeNumber(double number) : number_(number) {}
  MaybeNumber(std::optional<double> number) : number_(number.value_or(kNone)) {}
  explicit operator bool() const { return !std::isnan(number_); }
  double operator*() const { return number_; }

 private:
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  double number_ = kNone;
};

// Small, because a group holds thousands: texts are shared by those that say the same.
struct MemberHit {
  std::int64_t time_ns = 0;
  std::uint64_t seq = 0;
  std::uint64_t origin = 0;  // 0: a detection's hit; else hash of the alert of an inner correlation
  double quantity = 0;       // at kFired: the quantity compared
  MaybeNumber number;        // `value` as a number, where it is one
  SharedText value;          // of the counted field, where there is one
  SharedText proof;          // packed MemberProof
  SourceId source{};
  std::uint32_t reference = 0;  // which of the correlation's `rules`
  Verdict verdict = Verdict::kPending;
  Layer layer = Layer::kNone;

  bool same_event(const MemberHit& other) const {
    return time_ns == other.time_ns && source == other.source && seq == other.seq;
  }
  std::size_t bytes() const { return sizeof(MemberHit) + proof.bytes() + value.bytes(); }
};
static_assert(sizeof(MemberHit) <= 72);

// Total order inside a group: (event time, source name, seq), then reference and origin.
bool before(const MemberHit& a, const MemberHit& b, const SourceTable& sources);

// Finite numbers only, the whole text.
std::optional<double> number_of(std::string_view text);

// Texts longer than kValueMax become their beginning and their SHA-256: equal if and only if they
// were.
inline constexpr std::size_t kValueMax = 256;
std::string bounded_value(std::string_view text);
// The value that several fields have together: one text for the texts of each, told apart from all
// others. Empty where one is missing (nullopt). Not for a single field, whose text is its value.
std::optional<std::string> joined_value(const std::vector<std::optional<std::string_view>>& parts);

// Writes hits that follow each other in a group: times as differences, texts where they are others
// than those of the hit before.
class MemberWriter {
 public:
  explicit MemberWriter(Writer& writer) : writer_(writer) {}
  void write(const MemberHit& hit);

 private:
  Writer& writer_;
  const MemberHit* last_ = nullptr;
};

class MemberReader {
 public:
  // `plain`: as versions before 4 wrote them, each hit with its texts. Values come from `share`.
  MemberReader(Reader& reader, TextShare& share, bool plain)
      : reader_(reader), share_(share), plain_(plain) {}
  MemberHit read();

 private:
  Reader& reader_;
  TextShare& share_;
  bool plain_;
  std::int64_t base_ns_ = 0;
  SharedText value_;
  SharedText proof_;
};

}  // namespace picket::correlator
