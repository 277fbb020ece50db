// LiveParser: reads stored records for people, with the source definitions that are in use now.
//
// When definitions were loaded again, the next record is read with the new ones, as the engine does
// from its next commit on. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "parsers/parser.h"

namespace picket::app {

class LiveParser {
 public:
  // `current` answers with the definitions in use, never nullptr; `formats` are by source id.
  LiveParser(std::function<std::shared_ptr<const parsers::Catalog>()> current,
             std::vector<parsers::SourceFormat> formats);

  // Until the next call. Making one for new definitions takes a moment, once.
  parsers::Parser& get();

 private:
  const std::function<std::shared_ptr<const parsers::Catalog>()> current_;
  const std::vector<parsers::SourceFormat> formats_;
  std::shared_ptr<const parsers::Catalog> catalog_;  // of parser_
  std::optional<parsers::Parser> parser_;
};

}  // namespace picket::app
