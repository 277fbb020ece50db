// LineTemplates: lines that nobody knows, gathered by what they have in common.
//
// After Drain (He, Zhu, Zheng, Lyu, "Drain: An Online Log Parsing Approach with Fixed Depth Tree",
// ICWS 2017): lines are compared only with those of as many words and the same first word; words
// that differ become "<*>". Words with digits are "<*>" from the start. Bounded: what comes when
// kTemplatesMax are known is only counted. The same lines in the same order give the same
// templates. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace picket::app {

class LineTemplates {
 public:
  static constexpr std::size_t kTemplatesMax = 2000;
  static constexpr std::size_t kWordsMax = 64;     // of a line; the rest of it does not count
  static constexpr std::size_t kLengthMax = 2000;  // bytes of a line, the same

  struct Template {
    std::vector<std::string> words;
    std::uint64_t count = 0;
    std::string sample;  // the first line

    std::string text() const;
  };

  void add(std::string_view line);
  // The most frequent first.
  std::vector<Template> by_count() const;
  std::uint64_t others() const { return others_; }  // lines that found no room

 private:
  static constexpr double kSimilarityMin = 0.5;
  static constexpr std::string_view kAny = "<*>";

  static std::vector<std::string> words_of(std::string_view line);

  std::vector<Template> templates_;
  std::map<std::pair<std::size_t, std::string>, std::vector<std::size_t>>
      index_;  // by words and first word
  std::uint64_t others_ = 0;
};

}  // namespace picket::app
