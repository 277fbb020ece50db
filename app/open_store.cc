#include "app/open_store.h"

#include <filesystem>

namespace picket::app {

Result<std::string> data_folder(const StoreCommand& command) {
  if (!command.data.empty()) return command.data;
  std::vector<std::string> errors;
  Result<Config> config = effective_config(command.config, errors);
  if (!config) {
    std::string text;
    for (const std::string& error : errors) text += error + "\n";
    return fail(config.error().code, text.empty() ? config.error().what : text);
  }
  return config->data;
}

Result<std::unique_ptr<storage::Store>> open_to_read(const StoreCommand& command) {
  PICKET_TRY(const std::string folder, data_folder(command));
  std::error_code error;
  if (!std::filesystem::is_directory(folder + "/store", error)) {
    return fail(Errc::kNotFound, folder + ": there is no store here; `picket run` or `picket demo --data " + folder +
                                     "` makes one, --data names another folder");
  }
  storage::StoreOptions options;
  options.path = folder + "/store";
  options.read_only = true;
  return storage::Store::open(options);
}

}  // namespace picket::app
