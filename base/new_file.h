// NewFile: a file that is made, written piece by piece, and synced at the end. Never replaces one
// that is there. One thread. Errors name the path: kFull when the disk is full, else kIo.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace picket {

class NewFile {
 public:
  NewFile(std::string path, unsigned mode);  // as for open(2); what goes wrong is told by finish()
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();

  void write(std::string_view piece);
  Result<void> finish();  // what was written is on the disk; not yet that the folder has the file

 private:
  std::string path_;
  int fd_;
  int error_ = 0;
};

// That the folder has the files which were made, renamed or removed in it is on the disk.
Result<void> sync_folder(const std::string& path);

}  // namespace picket
