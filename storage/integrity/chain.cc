#include "storage/integrity/chain.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/time.h"
#include "storage/encoding.h"

namespace picket::storage {
namespace {

// With their closing zero, so that no text of one kind is the beginning of another.
constexpr std::string_view kLinkText("picket link 1\0", 14);
constexpr std::string_view kEvidenceText("picket evidence 1\0", 18);
constexpr std::string_view kRootText("picket root 1\0", 14);
constexpr unsigned kRemoved = 0x80;

template <class Bytes>
std::string_view text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// False, and `out` as it was, when the text is not as long.
template <class Bytes>
bool fill(Bytes& out, std::string_view text) {
  if (text.size() != out.size()) return false;
  std::copy(text.begin(), text.end(), out.begin());
  return true;
}

bool read_entry(Reader& in, Link& link) {
  const std::uint64_t kind = in.little(1);
  ChainEntry entry;
  entry.removed = (kind & kRemoved) != 0;
  const std::uint64_t evidence = kind & ~std::uint64_t{kRemoved};
  if (evidence == 0 || evidence > kEvidences) return false;
  entry.evidence = static_cast<Evidence>(evidence);
  entry.key = in.text();
  if (!entry.removed) entry.digest = in.take(digest_bytes(entry.evidence));
  link.entries.push_back(entry);
  return in.ok();
}

bool read_body(Reader& in, Link& link) {
  switch (link.kind) {
    case LinkKind::kBegin:
      link.store = in.take(kStoreIdBytes);
      link.had_before = in.little(1) != 0;
      break;
    case LinkKind::kWrite:
      while (in.ok() && !in.rest().empty()) {
        if (!read_entry(in, link)) return false;
      }
      break;
    case LinkKind::kRoot:
      if (!fill(link.key, in.take(link.key.size()))) return false;
      if (!fill(link.signature, in.take(link.signature.size()))) return false;
      link.closed = in.little(1) != 0;
      break;
    default:
      return false;
  }
  return in.done();
}

template <class Bytes>
bool read_hex(const Json& json, const char* key, Bytes& out) {
  const auto text = json.find(key);
  if (text == json.end() || !text->is_string()) return false;
  const std::optional<std::string> bytes = from_hex(text->get<std::string>());
  return bytes && fill(out, *bytes);
}

bool read_number(const Json& json, const char* key, std::uint64_t& out) {
  const auto number = json.find(key);
  if (number == json.end() || !number->is_number_unsigned()) return false;
  out = number->get<std::uint64_t>();
  return true;
}

}  // namespace

std::string_view evidence_name(Evidence evidence) {
  constexpr std::array<std::string_view, kEvidences> kNames = {
      "block", "hits", "alert", "incident", "document", "ledger", "source", "offset"};
  return kNames[static_cast<std::size_t>(evidence) - 1];
}

Digest evidence_digest(Digester& digester, Evidence evidence, std::string_view key,
                       std::string_view value) {
  std::string head(kEvidenceText);
  head += static_cast<char>(evidence);
  put_text(head, key);
  digester.add(head);
  digester.add(value);
  return digester.finish();
}

std::string signed_text(const Head& head) {
  std::string text(kRootText);
  put_text(text, head.store);
  put_big64(text, head.link);
  put_big64(text, head.commit);
  put_big64(text, static_cast<std::uint64_t>(head.time_ns));
  return text.append(bytes_of(head.hash));
}

Json to_json(const SignedHead& head) {
  return {{"@timestamp", format_time(head.head.time_ns)},
          {"store", to_hex(head.head.store)},
          {"link", head.head.link},
          {"commit", head.head.commit},
          {"hash", to_hex(bytes_of(head.head.hash))},
          {"key", to_hex(text_of(head.key))},
          {"signature", to_hex(text_of(head.signature))}};
}

Result<SignedHead> signed_head_from_json(const Json& json) {
  const auto wrong = [] { return fail(Errc::kInvalid, "this is not the head of a store"); };
  if (!json.is_object()) return wrong();
  SignedHead out;
  std::array<char, kStoreIdBytes> store{};
  const auto time = json.find("@timestamp");
  if (time == json.end() || !time->is_string()) return wrong();
  const auto time_ns = parse_time(time->get<std::string>());
  if (!time_ns || !read_hex(json, "store", store) || !read_hex(json, "hash", out.head.hash) ||
      !read_hex(json, "key", out.key) || !read_hex(json, "signature", out.signature) ||
      !read_number(json, "link", out.head.link) || !read_number(json, "commit", out.head.commit)) {
    return wrong();
  }
  out.head.store.assign(store.begin(), store.end());
  out.head.time_ns = time_ns->time_ns;
  return out;
}

Result<Link> read_link(std::uint64_t number, std::string_view value) {
  const std::string what = "link " + std::to_string(number) + " of the chain";
  PICKET_TRY(const std::string_view content, unwrap_value(value, what));
  Link link;
  if (content.size() < link.hash.size())
    return fail(Errc::kCorrupt, "store: " + what + " is cut short");
  fill(link.hash, content.substr(content.size() - link.hash.size()));
  link.body = value.substr(0, value.size() - link.hash.size());
  Reader in(content.substr(0, content.size() - link.hash.size()));
  link.kind = static_cast<LinkKind>(in.little(1));
  link.time_ns = static_cast<std::int64_t>(in.little(8));
  link.commit = in.varint();
  if (!in.ok() || !read_body(in, link))
    return fail(Errc::kCorrupt, "store: " + what + " is damaged");
  return link;
}

Digest link_hash(Digester& digester, const Digest& before, std::uint64_t number,
                 std::string_view body) {
  std::string head(kLinkText);
  head += bytes_of(before);
  put_big64(head, number);
  digester.add(head);
  digester.add(body);
  return digester.finish();
}

LinkBuilder::LinkBuilder(LinkKind kind, std::int64_t time_ns, std::uint64_t commit) {
  body_ += kValueVersion;
  body_ += static_cast<char>(kind);
  put_little(body_, static_cast<std::uint64_t>(time_ns), 8);
  put_varint(body_, commit);
}

void LinkBuilder::put(Digester& digester, Evidence evidence, std::string_view key,
                      std::string_view value) {
  has_entries_ = true;
  body_ += static_cast<char>(evidence);
  put_text(body_, key);
  const Digest digest = evidence_digest(digester, evidence, key, value);
  body_ += bytes_of(digest).substr(0, digest_bytes(evidence));
}

void LinkBuilder::remove(Evidence evidence, std::string_view key) {
  has_entries_ = true;
  body_ += static_cast<char>(static_cast<unsigned>(evidence) | kRemoved);
  put_text(body_, key);
}

void LinkBuilder::begin(std::string_view store, bool had_before) {
  body_ += store;
  body_ += static_cast<char>(had_before ? 1 : 0);
}

void LinkBuilder::root(const PublicKey& key, const Signature& signature, bool closed) {
  body_ += text_of(key);
  body_ += text_of(signature);
  body_ += static_cast<char>(closed ? 1 : 0);
}

std::string LinkBuilder::seal(Digester& digester, std::uint64_t number, Digest& hash) && {
  hash = link_hash(digester, hash, number, body_);
  body_ += bytes_of(hash);
  return std::move(body_);
}

std::string link_key(std::uint64_t number) {
  std::string key;
  put_big64(key, number);
  return key;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view text) {
  const auto digit = [](char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; };
  if (text.size() % 2 != 0 || text.find_first_not_of("0123456789abcdef") != text.npos)
    return std::nullopt;
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); at += 2)
    bytes += static_cast<char>(digit(text[at]) * 16 + digit(text[at + 1]));
  return bytes;
}

}  // namespace picket::storage
