#include "correlator/member.h"

#include <charconv>
#include <cmath>
#include <tuple>

#include "base/hash.h"

namespace picket::correlator {
namespace {

void write_match(Writer& writer, const Match& match) {
  writer.text(match.selection);
  writer.integer(match.line);
  writer.text(match.field);
  writer.text(match.rule_field);
  writer.text(match.value);
  writer.number(match.begin);
  writer.number(match.end);
}

Match read_match(Reader& reader) {
  Match match;
  match.selection = reader.text();
  match.line = static_cast<int>(reader.integer());
  match.field = reader.text();
  match.rule_field = reader.text();
  match.value = reader.text();
  match.begin = static_cast<std::uint32_t>(reader.number());
  match.end = static_cast<std::uint32_t>(reader.number());
  return match;
}

}  // namespace

void cut_for_member(Match& match) {
  constexpr std::size_t kProofValueMax = 1024;
  if (match.value.size() <= kProofValueMax) return;
  match.value.resize(kProofValueMax);
  if (match.end > kProofValueMax) match.begin = match.end = 0;
}

std::string pack(const MemberProof& proof) {
  Writer writer;
  writer.number(proof.entities.size());
  for (const Entity& entity : proof.entities) {
    writer.text(entity.type);
    writer.text(entity.value);
  }
  writer.number(proof.layers.size());
  for (const Layer layer : proof.layers) writer.byte(static_cast<std::uint8_t>(layer));
  writer.number(proof.matches.size());
  for (const Match& match : proof.matches) write_match(writer, match);
  return writer.take();
}

MemberProof unpack_proof(std::string_view packed) {
  MemberProof proof;
  Reader reader(packed);
  for (std::size_t left = reader.count(); left > 0 && reader.ok(); --left) {
    Entity entity{std::string(reader.text()), std::string(reader.text())};
    if (reader.ok()) proof.entities.push_back(std::move(entity));
  }
  for (std::size_t left = reader.count(); left > 0 && reader.ok(); --left) {
    const std::uint8_t layer = reader.byte();
    if (layer <= static_cast<std::uint8_t>(Layer::kEndpoint)) {
      proof.layers.push_back(static_cast<Layer>(layer));
    }
  }
  for (std::size_t left = reader.count(); left > 0 && reader.ok(); --left) {
    Match match = read_match(reader);
    if (reader.ok()) proof.matches.push_back(std::move(match));
  }
  return proof;
}

bool before(const MemberHit& a, const MemberHit& b, const SourceTable& sources) {
  if (a.time_ns != b.time_ns) return a.time_ns < b.time_ns;
  if (a.source != b.source) {
    const int order = sources.name(a.source).compare(sources.name(b.source));
    if (order != 0) return order < 0;
  }
  return std::tie(a.seq, a.source, a.reference, a.origin) <
         std::tie(b.seq, b.source, b.reference, b.origin);
}

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::string bounded_value(std::string_view text) {
  if (text.size() <= kValueMax) return std::string(text);
  return std::string(text.substr(0, 64)) + "... sha256:" + sha256_hex(text);
}

std::optional<std::string> joined_value(const std::vector<std::optional<std::string_view>>& parts) {
  std::string joined;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i]) return std::nullopt;
    if (i > 0) joined += ',';
    for (const char c : *parts[i]) {
      if (c == ',' || c == '\\') joined += '\\';
      joined += c;
    }
  }
  return joined;
}

namespace {

// What stands in a member's byte of marks.
constexpr std::uint8_t kHasValue = 1;
constexpr std::uint8_t kSameValue = 2;  // as the hit before
constexpr std::uint8_t kSameProof = 4;

}  // namespace

void MemberWriter::write(const MemberHit& hit) {
  const std::int64_t base_ns = last_ == nullptr ? 0 : last_->time_ns;
  writer_.number(static_cast<std::uint64_t>(hit.time_ns) - static_cast<std::uint64_t>(base_ns));
  writer_.number(hit.seq);
  writer_.number(hit.origin);
  writer_.number(static_cast<std::uint64_t>(hit.source));
  writer_.number(hit.reference);
  writer_.byte(static_cast<std::uint8_t>(hit.verdict));
  writer_.byte(static_cast<std::uint8_t>(hit.layer));
  if (hit.verdict == Verdict::kFired) writer_.real(hit.quantity);
  const bool same_value = hit.value && last_ != nullptr && hit.value == last_->value;
  const bool same_proof = last_ != nullptr && hit.proof == last_->proof;
  writer_.byte(static_cast<std::uint8_t>(
      (hit.value ? kHasValue : 0) | (same_value ? kSameValue : 0) | (same_proof ? kSameProof : 0)));
  if (hit.value && !same_value) writer_.text(*hit.value);
  if (!same_proof) writer_.text(*hit.proof);
  last_ = &hit;
}

MemberHit MemberReader::read() {
  MemberHit hit;
  base_ns_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(base_ns_) + reader_.number());
  hit.time_ns = base_ns_;
  hit.seq = reader_.number();
  hit.origin = reader_.number();
  hit.source = static_cast<SourceId>(reader_.number());
  hit.reference = static_cast<std::uint32_t>(reader_.number());
  hit.verdict = static_cast<Verdict>(std::min<std::uint8_t>(reader_.byte(), 4));
  hit.layer = static_cast<Layer>(std::min<std::uint8_t>(reader_.byte(), 4));
  if (hit.verdict == Verdict::kFired) hit.quantity = reader_.real();
  std::uint8_t marks = reader_.byte();
  if (plain_) marks = marks != 0 ? kHasValue : 0;
  if ((marks & kHasValue) != 0) {
    if ((marks & kSameValue) == 0) value_ = share_.share(reader_.text());
    hit.value = value_;
    hit.number = number_of(*hit.value);
  }
  if ((marks & kSameProof) == 0) {
    const std::string_view proof = reader_.text();
    if (!proof_ || *proof_ != proof) proof_ = SharedText(proof);
  }
  hit.proof = proof_;
  return hit;
}

}  // namespace picket::correlator
