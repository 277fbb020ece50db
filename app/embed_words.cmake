# Writes OUT, a .cc that holds the files en.yaml and vi.yaml of FOLDER byte for byte.
set(functions "")
foreach(language en vi)
  file(READ "${FOLDER}/${language}.yaml" bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND functions "std::string_view words_${language}() {
  static const unsigned char kText[] = {${bytes}};
  return {reinterpret_cast<const char*>(kText), ${size}};
}
")
endforeach()
file(WRITE "${OUT}" "// Made by app/embed_words.cmake from app/i18n.
#include \"app/word_data.h\"

namespace picket::app {

${functions}
}  // namespace picket::app
")
