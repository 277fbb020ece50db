// JsonScan: what one pass over the bytes of a JSON text can say of it: where its strings begin and
// end, which bytes are backslashes, and that what stands inside of strings may stand there.
//
// With it a walk over the text (json_reader) steps from quote to quote and never looks for the end
// of a string. The pass is made 64 bytes at a time, by AVX-512 or AVX2 where the processor has it,
// by SSE2 or plain code elsewhere; the answers are the same (docs/decisions/0006-reading-json.md).
// UTF-8 is checked by simdjson, and only of texts that are not ASCII.
//
// Reuses its memory: one per thread. Answers hold until the next run().
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace picket::parsers {

class JsonScan {
 public:
  enum class Kernel : std::uint8_t { kPortable, kSse2, kAvx2, kAvx512 };
  static bool has(Kernel kernel);
  static Kernel best();

  static constexpr std::uint32_t kNoQuote = 0xFFFFFFFF;  // stands behind the last one, twice

  explicit JsonScan(Kernel kernel = best());

  // False if no walk could find the text valid: a string without an end, with a control character,
  // with an escape that RFC 8259 section 7 does not know, or bytes that are not UTF-8. `json` has
  // less than 2^32 - 64 bytes. A backslash outside of strings is for the walk to refuse.
  [[nodiscard]] bool run(std::string_view json);

  // Offsets of quotes that no backslash precedes: of an opening one and a closing one by turns, as
  // far as the text is valid.
  const std::uint32_t* quotes() const { return quotes_.get(); }
  // No "\\u" stands for something else, and no character for one of ASCII when it is folded.
  bool plain() const { return plain_; }
  // Whether there is a backslash in [begin, end).
  bool escaped(std::size_t begin, std::size_t end) const {
    if (!any_backslash_) return false;
    const std::size_t length = end - begin;
    if (std::endian::native != std::endian::little || length > kShort) [[unlikely]]
      return escaped_long(begin, end);
    std::uint64_t bits = 0;  // from the byte that has the first of them
    std::memcpy(&bits, reinterpret_cast<const char*>(backslashes_.data()) + begin / 8, 8);
    return ((bits >> begin % 8) & ((std::uint64_t{1} << length) - 1)) != 0;
  }
  // Gives memory back that only a very long text needs.
  void shrink();

 private:
  static constexpr std::size_t kShort = 57;  // so many bits of a word are there wherever they begin

  bool escaped_long(std::size_t begin, std::size_t end) const;
  void reserve(std::size_t size);
  bool controls_in_strings(std::string_view json) const;

  Kernel kernel_;
  std::unique_ptr<std::uint32_t[]> quotes_;
  std::size_t capacity_ = 0;                // of quotes_, without its room for careless writing
  std::vector<std::uint64_t> backslashes_;  // a bit for each byte, and a word behind them
  std::uint32_t quote_count_ = 0;
  bool any_backslash_ = false;
  bool plain_ = false;
};

}  // namespace picket::parsers
