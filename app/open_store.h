// A store for commands that only read: the one of `--data`, or of the configuration, also while a
// server uses it.
#pragma once

#include <memory>
#include <string>

#include "app/command.h"
#include "app/config.h"
#include "base/result.h"
#include "storage/store.h"

namespace picket::app {

// In the data folder: by it the roots of the store's chain are signed. Its public half: ".pub" behind it.
inline constexpr const char* kIntegrityKeyFile = "/integrity-key";

// The data folder that a command means: --data, else the configuration's.
Result<std::string> data_folder(const StoreCommand& command);
// The configuration by which its records are read: --config, else that of the server which ran on
// that folder last, else as effective_config() says. Never fails where none was named.
Result<Config> config_to_read(const StoreCommand& command);
// The folder of the store in a data folder; kNotFound when there is none.
Result<std::string> store_folder(const std::string& data);
Result<std::unique_ptr<storage::Store>> open_to_read(const StoreCommand& command);

// By whole id, or by its beginning when only one fits.
Result<Alert> find_alert(const storage::Store& store, const std::string& id);

}  // namespace picket::app
