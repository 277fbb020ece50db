// Who runs this process, as the operating system knows him. It proves who had the account, not who sat before it. Any
// thread but while others ask for accounts.
#pragma once

#include <string>

namespace picket::app {

std::string os_user();  // the name of the effective account; "uid 1000" where it has none

}  // namespace picket::app
