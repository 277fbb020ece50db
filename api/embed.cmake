# Writes OUT, a .cc with the files of LIST ("url=file=type" each, separated by '|') compressed. Needs
# gzip, which every Debian has; -n leaves name and time out, so the same files give the same bytes.
string(REPLACE "|" ";" LIST "${LIST}")
set(data "")
set(table "")
set(number 0)
foreach(entry ${LIST})
  string(REPLACE "=" ";" parts "${entry}")
  list(GET parts 0 url)
  list(GET parts 1 file)
  list(GET parts 2 type)
  string(REPLACE "," "; " type "${type}")
  set(packed "${OUT}.${number}.gz")
  execute_process(COMMAND gzip -9 -n -c "${file}" OUTPUT_FILE "${packed}" RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "gzip could not compress ${file}")
  endif()
  file(READ "${packed}" bytes HEX)
  file(REMOVE "${packed}")
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND data "const unsigned char k${number}[] = {${bytes}};\n")
  string(APPEND table "    {\"${url}\", \"${type}\", {reinterpret_cast<const char*>(k${number}), ${size}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUT}" "// Made by api/embed.cmake from the console's files.
#include \"api/asset.h\"

namespace picket::api {
namespace {

${data}
}  // namespace

std::span<const Asset> assets() {
  static const Asset kAssets[] = {
${table}  };
  return kAssets;
}

}  // namespace picket::api
")
