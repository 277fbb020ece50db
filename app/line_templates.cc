#include "app/line_templates.h"

#include <algorithm>

namespace picket::app {

std::string LineTemplates::Template::text() const {
  std::string all;
  for (const std::string& word : words) {
    if (!all.empty()) all += ' ';
    all += word;
  }
  return all;
}

std::vector<std::string> LineTemplates::words_of(std::string_view line) {
  std::vector<std::string> words;
  line = line.substr(0, kLengthMax);
  while (words.size() < kWordsMax) {
    const std::size_t begin = line.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) break;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(" \t\r\n"), line.size());
    const std::string_view word = line.substr(0, end);
    words.emplace_back(word.find_first_of("0123456789") == std::string_view::npos ? word : kAny);
    line.remove_prefix(end);
  }
  return words;
}

void LineTemplates::add(std::string_view line) {
  std::vector<std::string> words = words_of(line);
  if (words.empty()) {
    ++others_;
    return;
  }
  std::vector<std::size_t>& alike = index_[{words.size(), words[0]}];
  std::size_t best = templates_.size();
  std::size_t best_same = 0;
  for (const std::size_t at : alike) {
    std::size_t same = 0;
    for (std::size_t i = 0; i < words.size(); ++i)
      same += templates_[at].words[i] == words[i] ? 1U : 0U;
    if (same <= best_same && best != templates_.size()) continue;
    best = at;
    best_same = same;
  }
  const bool near =
      static_cast<double>(best_same) >= kSimilarityMin * static_cast<double>(words.size());
  if (best != templates_.size() && near) {
    Template& found = templates_[best];
    ++found.count;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (found.words[i] != words[i]) found.words[i] = kAny;
    }
    return;
  }
  if (templates_.size() == kTemplatesMax) {
    ++others_;
    return;
  }
  alike.push_back(templates_.size());
  templates_.push_back({std::move(words), 1, std::string(line.substr(0, kLengthMax))});
}

std::vector<LineTemplates::Template> LineTemplates::by_count() const {
  std::vector<Template> sorted = templates_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Template& a, const Template& b) { return a.count > b.count; });
  return sorted;
}

}  // namespace picket::app
