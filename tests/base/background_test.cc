// A thread in the background has less priority than the one that started it, which keeps its own.
#include "base/background.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>

namespace picket {
namespace {

int nice_of_this_thread() {
  return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)));
}

TEST(Background, IsOfTheCallingThreadAlone) {
  const int before = nice_of_this_thread();
  int inside = 0;
  std::string name(16, '\0');
  std::thread([&] {
    work_in_background("counting");
    inside = nice_of_this_thread();
    ASSERT_EQ(::pthread_getname_np(::pthread_self(), name.data(), name.size()), 0);
  }).join();
  EXPECT_EQ(inside, std::max(before, kBackgroundNice));
  EXPECT_STREQ(name.c_str(), "counting");
  EXPECT_EQ(nice_of_this_thread(), before);
}

}  // namespace
}  // namespace picket
