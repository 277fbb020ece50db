// RecordSplitter: takes records of JSON apart into constant texts and values, see
// docs/formats/column-blocks.md, "Shapes and columns".
//
// Learns the shapes it meets: a record of a known shape costs one comparison a literal and one look
// for the end of each value. It does not judge JSON; literals and values of a record, one after
// another, are the record, whatever it is. Hostile records are bounded: what has too many values,
// is too deep, or would make too many shapes stays whole. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace picket::storage {

inline constexpr std::size_t kColumnsMax = 4096;
inline constexpr std::size_t kShapesMax = 65'535;
inline constexpr std::size_t kLiteralsMax = 65'535;
inline constexpr std::size_t kRecordValuesMax = 400;
inline constexpr std::size_t kRecordDepthMax = 64;
inline constexpr std::size_t kColumnNameMax = 1024;
inline constexpr std::size_t kShapeSlotsMax = 1U << 20;           // of all shapes together
inline constexpr std::size_t kLiteralBytesMax = 4 * 1024 * 1024;  // likewise

inline constexpr std::uint32_t kWholeShape = 0;   // one value between empty literals
inline constexpr std::uint32_t kWholeColumn = 0;  // whose name is empty

class RecordSplitter {
 public:
  struct Slot {
    std::uint32_t column;
    std::uint32_t literal;  // behind the value
  };
  struct Shape {
    std::uint32_t first_literal;
    std::uint32_t first_slot;
    std::uint32_t slots;
    std::uint32_t host = kNoHost;  // which of its values names the host
  };
  static constexpr std::uint32_t kNoHost = UINT32_MAX;

  RecordSplitter();

  // The shape of a record. `values` takes its values, one for each slot; they are views of `raw`.
  std::uint32_t split(std::string_view raw, std::vector<std::string_view>& values);

  const std::vector<Shape>& shapes() const { return shapes_; }
  const Slot* slots(const Shape& shape) const { return slots_.data() + shape.first_slot; }
  const std::deque<std::string>& literals() const { return literals_; }
  const std::vector<std::string>& columns() const { return columns_; }

 private:
  // A place between two values. Children are what was seen to follow.
  struct Node {
    std::string_view literal;  // before the value
    std::uint32_t column = 0;
    std::uint32_t shape = 0;              // of an end
    bool end = false;                     // nothing follows
    bool quoted = false;                  // the value is the inside of a string
    std::vector<std::uint32_t> children;  // last used first
  };
  struct Part {
    std::string_view literal;  // before the value
    std::string_view value;
    std::uint32_t path;
    bool quoted;
  };
  struct Level {
    std::uint32_t path;
    bool object;
  };
  enum class Expects : std::uint8_t { kName, kFirstName, kValue, kFirstValue, kNext };
  struct Path {
    std::string name;
    std::uint32_t column;
  };

  bool follow(std::string_view raw, std::vector<std::string_view>& values, std::uint32_t& shape);
  std::uint32_t child_for(Node& node, std::string_view raw, std::size_t at,
                          std::string_view& value);
  bool take_apart(std::string_view raw);
  bool take_string(std::string_view raw, std::size_t& at, Expects& expects);
  bool take_bare(std::string_view raw, std::size_t& at, Expects& expects);
  bool take_mark(char c, Expects& expects);
  void add_part(std::string_view raw, std::size_t first, std::size_t end, bool quoted);
  std::uint32_t path_of(std::uint32_t parent, std::string_view name);
  bool has_room() const;
  bool is_known() const;
  std::uint32_t column_of(Path& path);
  std::uint32_t learn();
  std::uint32_t literal_of(std::string_view text);
  void grow_tree(std::uint32_t shape);
  std::uint32_t add_child(std::uint32_t parent, Node node);

  std::vector<Shape> shapes_;
  std::vector<Slot> slots_;
  std::deque<std::string> literals_;  // whose texts stay where they are
  std::unordered_map<std::string_view, std::uint32_t> literal_ids_;
  std::size_t literal_bytes_ = 0;
  std::vector<std::string> columns_;
  std::unordered_map<std::string, std::uint32_t> shape_ids_;  // by packed literals and columns
  std::vector<Path> paths_;                                   // 0 is the root
  std::unordered_map<std::string, std::uint32_t> path_ids_;   // by parent and name
  std::vector<Node> nodes_;                                   // 0 is the root
  std::uint64_t learned_ = 0;                                 // records that had to be taken apart

  std::vector<Part> parts_;  // of the record at hand
  std::vector<Level> levels_;
  std::uint32_t path_ = 0;  // of the value that comes next
  std::size_t literal_from_ = 0;
  std::string_view tail_;  // the literal behind the last value
};

}  // namespace picket::storage
