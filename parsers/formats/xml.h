// XmlWalk: the elements, attributes and texts of an XML document, one after the other.
//
// XML 1.0 (fifth edition) as logs have it: UTF-8, the five predefined entities, character
// references, CDATA. There is no document type: "<!DOCTYPE" ends the walk, so nothing can expand
// and nothing is fetched. Names come without their prefix. Bounded by kDepthMax; never recurses,
// never allocates. What is cut off in the middle is walked to where it breaks. One walk, one
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "parsers/formats/pair.h"

namespace picket::parsers {

class XmlWalk {
 public:
  static constexpr std::size_t kDepthMax = 32;

  enum class Step : std::uint8_t {
    kOpen,       // name()
    kAttribute,  // name(), value(): of the element opened last
    kText,       // value(); not only white space
    kClose,      // name()
    kEnd,        // of the outermost element: behind() is what follows it
    kBroken,     // no XML, deeper than kDepthMax, or cut off
  };

  // `text` must outlive the walk.
  explicit XmlWalk(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  Step next();
  std::string_view name() const { return name_; }
  // As written: see unescaped_xml().
  std::string_view value() const { return value_; }
  // It holds no escapes even where there is an '&'.
  bool literal() const { return literal_; }
  // Of elements open; the one of a kOpen is counted, the one of a kClose is not.
  std::size_t depth() const { return depth_; }
  std::string_view behind() const { return text_.substr(at_); }
  // The walk broke because of kDepthMax.
  bool too_deep() const { return too_deep_; }

 private:
  Step broken();
  Step markup();
  Step open_tag();
  Step close_tag();
  Step close();
  Step attribute();
  Step text();
  bool skip_past(std::string_view end);
  std::string_view read_name();
  void blanks();

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string_view name_;
  std::string_view value_;
  bool literal_ = false;
  bool in_tag_ = false;
  bool ended_ = false;
  bool started_ = false;
  bool too_deep_ = false;
  std::array<std::string_view, kDepthMax> open_;
};

// A value with its entities and character references replaced, in `arena` if there are any. What
// is no known reference stays as written.
std::string_view unescaped_xml(std::string_view value, Arena& arena);

// Any XML record: texts and attributes under the dotted names of their elements, without the
// outermost ("System.Channel", "System.Provider.Name"). False, and nothing appended, for what has
// no element. What is broken behind the first is left out.
bool read_xml(std::string_view text, Arena& arena, std::vector<Pair>& out);

}  // namespace picket::parsers
