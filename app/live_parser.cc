#include "app/live_parser.h"

#include <utility>

namespace picket::app {

LiveParser::LiveParser(std::function<std::shared_ptr<const parsers::Catalog>()> current,
                       std::vector<parsers::SourceFormat> formats)
    : current_(std::move(current)), formats_(std::move(formats)) {}

parsers::Parser& LiveParser::get() {
  std::shared_ptr<const parsers::Catalog> now = current_();
  if (parser_ && now == catalog_) return *parser_;
  catalog_ = std::move(now);
  parser_.emplace(catalog_, true);
  parser_->note_for_people();
  for (std::size_t i = 0; i < formats_.size(); ++i) {
    parser_->set_source(SourceId{static_cast<std::uint32_t>(i)}, formats_[i]);
  }
  return *parser_;
}

}  // namespace picket::app
