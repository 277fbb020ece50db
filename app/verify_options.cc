#include "app/verify_options.h"

#include <optional>
#include <string>

#include "app/open_store.h"
#include "base/file.h"

namespace picket::app {
namespace {

constexpr std::size_t kKeyFileMax = 16 * 1024;

// The key that was named, else the one in the data folder; none there: that of the first root counts.
Result<std::optional<PublicKey>> public_key(const VerifyCommand& command, const std::string& folder) {
  const bool named = !command.public_key.empty();
  const std::string path = named ? command.public_key : folder + kIntegrityKeyFile + ".pub";
  const Result<std::string> pem = read_file(path, kKeyFileMax);
  if (!pem && !named && pem.error().code == Errc::kNotFound) return std::optional<PublicKey>();
  if (!pem) return tl::unexpected(pem.error());
  const Result<PublicKey> key = public_key_from_pem(*pem);
  if (!key) return fail(key.error().code, path + ": " + key.error().what);
  return std::optional(*key);
}

Result<std::string> head_file(const VerifyCommand& command) {
  if (!command.head.empty()) return command.head;
  PICKET_TRY(const Config config, config_to_read(command));
  return config.head_file;
}

}  // namespace

Result<storage::VerifyOptions> verify_options(const VerifyCommand& command) {
  storage::VerifyOptions options;
  PICKET_TRY(const std::string folder, data_folder(command));
  PICKET_TRY(options.path, store_folder(folder));
  PICKET_TRY(options.key, public_key(command, folder));
  PICKET_TRY(options.head_file, head_file(command));
  return options;
}

}  // namespace picket::app
