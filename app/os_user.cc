#include "app/os_user.h"

#include <pwd.h>
#include <unistd.h>

namespace picket::app {

std::string os_user() {
  const uid_t id = ::geteuid();
  const passwd* const account = ::getpwuid(id);
  const bool named = account != nullptr && account->pw_name != nullptr && *account->pw_name != '\0';
  return named ? account->pw_name : "uid " + std::to_string(id);
}

}  // namespace picket::app
