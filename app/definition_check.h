// Source definitions among the files that `picket check` is given: found, and read one by one.
// Any thread.
#pragma once

#include <string>
#include <vector>

namespace picket::app {

struct CheckPaths {
  std::vector<std::string> definitions;  // files
  std::vector<std::string> others;  // as given; a folder that holds definitions too, file by file
};

// A YAML file is a definition when it says what it recognises or which dataset it makes, and
// detects nothing. What does not exist is among the others.
CheckPaths split_definitions(const std::vector<std::string>& paths);

// "path:line: reason" of each definition that is wrong, or whose name another one has.
std::vector<std::string> check_definitions(const std::vector<std::string>& files);

}  // namespace picket::app
