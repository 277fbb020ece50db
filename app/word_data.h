// The files of app/i18n as the build embedded them (embed_words.cmake).
#pragma once

#include <string_view>

namespace picket::app {

std::string_view words_en();
std::string_view words_vi();

}  // namespace picket::app
