#include "base/background.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace picket {

void work_in_background(const char* name) {
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  if (::getpriority(PRIO_PROCESS, thread) < kBackgroundNice)
    static_cast<void>(::setpriority(PRIO_PROCESS, thread, kBackgroundNice));
  static_cast<void>(::pthread_setname_np(::pthread_self(), name));
}

}  // namespace picket
