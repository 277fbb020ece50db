#include "app/build_id.h"

#include <elf.h>
#include <link.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace picket::app {
namespace {

// The descriptor of an NT_GNU_BUILD_ID note, if `notes` holds one (ELF: sizes, then name and
// descriptor, both filled up to four bytes).
std::string_view build_id_in(std::string_view notes) {
  const auto filled = [](std::uint32_t size) { return (std::size_t{size} + 3) & ~std::size_t{3}; };
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) head;
    std::memcpy(&head, notes.data(), sizeof head);
    const std::size_t name = sizeof head;
    const std::size_t descriptor = name + filled(head.n_namesz);
    const std::size_t end = descriptor + filled(head.n_descsz);
    if (end > notes.size()) return {};
    if (head.n_type == NT_GNU_BUILD_ID &&
        notes.substr(name, head.n_namesz) == std::string_view("GNU", 4)) {
      return notes.substr(descriptor, head.n_descsz);
    }
    notes.remove_prefix(end);
  }
  return {};
}

// The first object is the program itself.
int first_object(dl_phdr_info* info, std::size_t, void* found) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = info->dlpi_phdr[i];
    if (part.p_type != PT_NOTE) continue;
    const auto* begin = reinterpret_cast<const char*>(info->dlpi_addr + part.p_vaddr);
    const std::string_view id = build_id_in({begin, part.p_memsz});
    if (id.empty()) continue;
    constexpr const char* kDigits = "0123456789abcdef";
    for (const char byte : id) {
      *static_cast<std::string*>(found) += kDigits[static_cast<unsigned char>(byte) >> 4];
      *static_cast<std::string*>(found) += kDigits[static_cast<unsigned char>(byte) & 15];
    }
    break;
  }
  return 1;
}

}  // namespace

std::string build_id() {
  std::string id;
  dl_iterate_phdr(first_object, &id);
  if (id.empty()) {
    struct stat info {};
    if (::stat("/proc/self/exe", &info) == 0) {
      id = std::to_string(info.st_size) + "-" + std::to_string(info.st_mtim.tv_sec) + "." +
           std::to_string(info.st_mtim.tv_nsec);
    }
  }
  return PICKET_VERSION " " + id;
}

}  // namespace picket::app
