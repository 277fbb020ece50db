// split() first walks the tree of what it knows: a node's literal must stand there, the value ends
// at the next quote that is not escaped or with the run of bare bytes, and the node's children say
// which literals may follow. What is in a value cannot change how the rest is taken apart, so the
// same literals always mean the same columns. Only a record that leaves the tree is read by its
// grammar.
#include "storage/columns/record_splitter.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "storage/columns/words.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace picket::storage {
namespace {

constexpr std::size_t kChildrenMax = 32;
constexpr std::size_t kNodesMax = 1U << 16;
constexpr std::size_t kPathsMax = 1U << 16;
constexpr std::uint32_t kNoColumn = UINT32_MAX;
constexpr std::size_t kShapesFree = 512;  // so many at least, however few records have one each
constexpr std::string_view kHostNames[] = {
    "Hostname", "Event.System.Computer", "Computer",   "host.name", "host.hostname",
    "hostname", "ComputerName",          "agent.name", "host"};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_bare(char c) {
  return is_word_byte(c) || c == '+' || c == '-' || c == '.';
}

// The next quote or backslash, or the end.
std::size_t find_mark(std::string_view text, std::size_t at) {
#ifdef __SSE2__
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const __m128i found =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
    const auto bits = static_cast<std::uint32_t>(_mm_movemask_epi8(found));
    if (bits != 0) return at + static_cast<std::size_t>(std::countr_zero(bits));
  }
#endif
  while (at < text.size() && text[at] != '"' && text[at] != '\\') ++at;
  return at;
}

// Where a string ends whose inside begins at `at`: its quote, or npos.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (;;) {
    at = find_mark(text, at);
    if (at >= text.size()) return std::string_view::npos;
    if (text[at] == '"') return at;
    at += 2;
  }
}

std::size_t end_of_bare(std::string_view text, std::size_t at) {
  while (at < text.size() && is_bare(text[at])) ++at;
  return at;
}

std::uint32_t host_slot(const std::vector<std::string>& columns, const RecordSplitter::Slot* slots,
                        std::uint32_t count) {
  for (const std::string_view name : kHostNames) {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (columns[slots[i].column] == name) return i;
    }
  }
  return RecordSplitter::kNoHost;
}

void append_number(std::string& out, std::uint32_t value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

}  // namespace

RecordSplitter::RecordSplitter() {
  columns_.emplace_back();
  slots_.push_back({kWholeColumn, literal_of("")});
  shapes_.push_back({.first_literal = 0, .first_slot = 0, .slots = 1});
  paths_.push_back({"", kNoColumn});
  nodes_.emplace_back();
}

std::uint32_t RecordSplitter::split(std::string_view raw, std::vector<std::string_view>& values) {
  values.clear();
  std::uint32_t shape = kWholeShape;
  if (!raw.empty() && (raw.front() == '{' || is_space(raw.front()))) {
    if (follow(raw, values, shape)) return shape;
    values.clear();
    if (take_apart(raw) && !parts_.empty() && (has_room() || is_known())) shape = learn();
    if (shape != kWholeShape) {
      for (const Part& part : parts_) values.push_back(part.value);
      return shape;
    }
  }
  values.push_back(raw);
  return kWholeShape;
}

bool RecordSplitter::follow(std::string_view raw, std::vector<std::string_view>& values,
                            std::uint32_t& shape) {
  std::uint32_t at_node = 0;
  std::size_t at = 0;
  for (;;) {
    std::string_view value;
    at_node = child_for(nodes_[at_node], raw, at, value);
    if (at_node == 0) return false;
    if (nodes_[at_node].end) break;
    values.push_back(value);
    at = static_cast<std::size_t>(value.data() - raw.data()) + value.size();
  }
  shape = nodes_[at_node].shape;
  return true;
}

// 0 if none fits.
std::uint32_t RecordSplitter::child_for(Node& node, std::string_view raw, std::size_t at,
                                        std::string_view& value) {
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const std::uint32_t index = node.children[i];
    const Node& child = nodes_[index];
    const std::size_t size = child.literal.size();
    if (raw.size() - at < size || std::memcmp(raw.data() + at, child.literal.data(), size) != 0)
      continue;
    const std::size_t first = at + size;
    if (child.end) {
      if (first != raw.size()) continue;
    } else {
      const std::size_t end = child.quoted ? end_of_string(raw, first) : end_of_bare(raw, first);
      if (end == std::string_view::npos || (!child.quoted && end == first)) continue;
      value = raw.substr(first, end - first);
    }
    if (i > 0) std::swap(node.children[i], node.children[i - 1]);
    return index;
  }
  return 0;
}

// Into parts_ and tail_, by the grammar; false if it is not JSON, or more than is allowed.
bool RecordSplitter::take_apart(std::string_view raw) {
  parts_.clear();
  levels_.clear();
  path_ = 0;
  literal_from_ = 0;
  Expects expects = Expects::kFirstValue;
  bool begun = false;
  for (std::size_t at = 0; at < raw.size();) {
    const char c = raw[at];
    if (is_space(c)) {
      ++at;
      continue;
    }
    if (begun ? levels_.empty() : c != '{') return false;
    begun = true;
    bool taken = false;
    if (c == '"') {
      taken = take_string(raw, at, expects);
    } else if (is_bare(c)) {
      taken = take_bare(raw, at, expects);
    } else {
      taken = take_mark(c, expects);
      ++at;
    }
    if (!taken || levels_.size() > kRecordDepthMax || parts_.size() > kRecordValuesMax)
      return false;
  }
  tail_ = raw.substr(literal_from_);
  return begun && levels_.empty();
}

bool RecordSplitter::take_string(std::string_view raw, std::size_t& at, Expects& expects) {
  const std::size_t first = at + 1;
  const std::size_t end = end_of_string(raw, first);
  if (end == std::string_view::npos) return false;
  at = end + 1;
  if (expects == Expects::kValue || expects == Expects::kFirstValue) {
    add_part(raw, first, end, true);
    expects = Expects::kNext;
    return true;
  }
  if (expects == Expects::kNext) return false;
  path_ = path_of(levels_.back().path, raw.substr(first, end - first));
  while (at < raw.size() && is_space(raw[at])) ++at;
  if (path_ == 0 || at == raw.size() || raw[at] != ':') return false;
  ++at;
  expects = Expects::kValue;
  return true;
}

bool RecordSplitter::take_bare(std::string_view raw, std::size_t& at, Expects& expects) {
  if (expects != Expects::kValue && expects != Expects::kFirstValue) return false;
  const std::size_t first = at;
  at = end_of_bare(raw, at);
  add_part(raw, first, at, false);
  expects = Expects::kNext;
  return true;
}

bool RecordSplitter::take_mark(char c, Expects& expects) {
  const bool in_object = !levels_.empty() && levels_.back().object;
  switch (c) {
    case '{':
    case '[':
      if (expects != Expects::kValue && expects != Expects::kFirstValue) return false;
      levels_.push_back({path_, c == '{'});
      expects = c == '{' ? Expects::kFirstName : Expects::kFirstValue;
      return true;
    case '}':
    case ']': {
      const Expects first = c == '}' ? Expects::kFirstName : Expects::kFirstValue;
      if (levels_.empty() || in_object != (c == '}')) return false;
      if (expects != Expects::kNext && expects != first) return false;
      levels_.pop_back();
      expects = Expects::kNext;
      return true;
    }
    case ',':
      if (expects != Expects::kNext) return false;
      expects = in_object ? Expects::kName : Expects::kValue;
      path_ = levels_.back().path;
      return true;
    default:
      return false;
  }
}

void RecordSplitter::add_part(std::string_view raw, std::size_t first, std::size_t end,
                              bool quoted) {
  parts_.push_back({raw.substr(literal_from_, first - literal_from_),
                    raw.substr(first, end - first), path_, quoted});
  literal_from_ = end;
}

// 0 if there are too many, or the name is too long or empty.
std::uint32_t RecordSplitter::path_of(std::uint32_t parent, std::string_view name) {
  std::string key;
  append_number(key, parent);
  key += name;
  const auto found = path_ids_.find(key);
  if (found != path_ids_.end()) return found->second;
  std::string whole = paths_[parent].name;
  if (parent != 0) whole += '.';
  whole += name;
  if (paths_.size() >= kPathsMax || whole.empty() || whole.size() > kColumnNameMax) return 0;
  paths_.push_back({std::move(whole), kNoColumn});
  const auto id = static_cast<std::uint32_t>(paths_.size() - 1);
  path_ids_.emplace(std::move(key), id);
  return id;
}

// Is there room for one more shape, with whatever it brings? Names that change with every record
// would make every record a shape of its own.
bool RecordSplitter::has_room() const {
  std::size_t bytes = literal_bytes_ + tail_.size();
  for (const Part& part : parts_) bytes += part.literal.size();
  return bytes <= kLiteralBytesMax && shapes_.size() < kShapesMax &&
         slots_.size() + parts_.size() <= kShapeSlotsMax &&
         columns_.size() + parts_.size() <= kColumnsMax &&
         literals_.size() + parts_.size() < kLiteralsMax &&
         shapes_.size() <= kShapesFree + learned_ / 2;
}

// Are the literals and the columns of parts_ known, each for itself?
bool RecordSplitter::is_known() const {
  return literal_ids_.count(tail_) != 0 &&
         std::all_of(parts_.begin(), parts_.end(), [this](const Part& part) {
           return paths_[part.path].column != kNoColumn && literal_ids_.count(part.literal) != 0;
         });
}

std::uint32_t RecordSplitter::column_of(Path& path) {
  if (path.column == kNoColumn) {
    path.column = static_cast<std::uint32_t>(columns_.size());
    columns_.push_back(path.name);
  }
  return path.column;
}

// The shape of parts_, which may be new; kWholeShape if it is, and there are too many.
std::uint32_t RecordSplitter::learn() {
  ++learned_;
  std::string key;
  for (const Part& part : parts_) {
    append_number(key, literal_of(part.literal));
    append_number(key, column_of(paths_[part.path]));
  }
  append_number(key, literal_of(tail_));
  const auto found = shape_ids_.find(key);
  if (found != shape_ids_.end()) return found->second;
  if (!has_room()) return kWholeShape;
  const auto id = static_cast<std::uint32_t>(shapes_.size());
  Shape shape{.first_literal = literal_of(parts_.front().literal),
              .first_slot = static_cast<std::uint32_t>(slots_.size()),
              .slots = static_cast<std::uint32_t>(parts_.size())};
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const std::string_view behind = i + 1 < parts_.size() ? parts_[i + 1].literal : tail_;
    slots_.push_back({paths_[parts_[i].path].column, literal_of(behind)});
  }
  shape.host = host_slot(columns_, slots_.data() + shape.first_slot, shape.slots);
  shapes_.push_back(shape);
  shape_ids_.emplace(std::move(key), id);
  grow_tree(id);
  return id;
}

std::uint32_t RecordSplitter::literal_of(std::string_view text) {
  const auto found = literal_ids_.find(text);
  if (found != literal_ids_.end()) return found->second;
  const auto id = static_cast<std::uint32_t>(literals_.size());
  literals_.emplace_back(text);
  literal_ids_.emplace(literals_.back(), id);
  literal_bytes_ += text.size();
  return id;
}

void RecordSplitter::grow_tree(std::uint32_t shape) {
  std::uint32_t at = 0;
  for (const Part& part : parts_) {
    at = add_child(at, {.literal = literals_[literal_of(part.literal)],
                        .column = paths_[part.path].column,
                        .quoted = part.quoted,
                        .children = {}});
    if (at == 0) return;
  }
  add_child(at,
            {.literal = literals_[literal_of(tail_)], .shape = shape, .end = true, .children = {}});
}

// The child of `parent` that is like `node`, made if there is room; else 0.
std::uint32_t RecordSplitter::add_child(std::uint32_t parent, Node node) {
  for (const std::uint32_t index : nodes_[parent].children) {
    const Node& child = nodes_[index];
    if (child.end == node.end && child.quoted == node.quoted && child.column == node.column &&
        child.literal == node.literal) {
      return index;
    }
  }
  if (nodes_[parent].children.size() >= kChildrenMax || nodes_.size() >= kNodesMax) return 0;
  const auto id = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back(std::move(node));
  nodes_[parent].children.push_back(id);
  return id;
}

}  // namespace picket::storage
