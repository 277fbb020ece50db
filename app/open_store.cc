#include "app/open_store.h"

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "app/ask_server.h"
#include "base/file.h"
#include "base/json.h"

namespace picket::app {
namespace {

constexpr std::size_t kServerFileMax = 64 * 1024;

}  // namespace

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

Result<Config> config_to_read(const StoreCommand& command) {
  std::vector<std::string> errors;
  Result<Config> config = effective_config(command.config, errors);
  if (!command.config.empty()) return config;
  const Config otherwise = config ? *std::move(config) : default_config();
  const std::string folder = command.data.empty() ? otherwise.data : command.data;
  const Result<std::string> server = read_file(folder + kServerFile, kServerFileMax);
  if (!server) return otherwise;
  const Result<Json> said = parse_json(*server);
  if (!said || !said->is_object()) return otherwise;
  const auto path = said->find("config");
  if (path == said->end() || !path->is_string()) return otherwise;
  Result<Config> last = load_config(path->get<std::string>(), errors);
  return last ? *std::move(last) : otherwise;
}

Result<std::string> store_folder(const std::string& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder + "/store", error)) {
    return fail(Errc::kNotFound, folder + ": there is no store here; `picket run` or `picket demo --data " + folder +
                                     "` makes one, --data names another folder");
  }
  return folder + "/store";
}

Result<std::unique_ptr<storage::Store>> open_to_read(const StoreCommand& command) {
  PICKET_TRY(const std::string folder, data_folder(command));
  storage::StoreOptions options;
  PICKET_TRY(options.path, store_folder(folder));
  options.read_only = true;
  return storage::Store::open(options);
}

Result<Alert> find_alert(const storage::Store& store, const std::string& id) {
  Result<Alert> exact = store.alert(id);
  if (exact || exact.error().code != Errc::kNotFound || id.size() < 6) return exact;
  std::string cursor;
  std::optional<Alert> found;
  do {
    PICKET_TRY(std::vector<Alert> alerts, store.alerts({}, 500, cursor));
    for (Alert& alert : alerts) {
      if (!alert.id.starts_with(id)) continue;
      if (found) return fail(Errc::kInvalid, "several alerts begin with '" + id + "'");
      found = std::move(alert);
    }
  } while (!cursor.empty());
  if (!found) return fail(Errc::kNotFound, "there is no alert '" + id + "'; `picket alert ls` lists them");
  return *std::move(found);
}

}  // namespace picket::app
