// DamagedScan: the values of a column family in order of keys, also behind places that cannot be
// read.
//
// Where reading stops it looks for the next key from which on it works again, by steps that double
// and then by halves. Of several damaged places with little between them, what is between may be
// passed over; whoever knows a key asks for it by name. Private to storage/; one thread.
#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace picket::storage {

class DamagedScan {
 public:
  // Begins before the first value.
  explicit DamagedScan(std::unique_ptr<rocksdb::Iterator> values) : values_(std::move(values)) {}

  bool next();  // false: there are no more
  std::string_view key() const { return {values_->key().data(), values_->key().size()}; }
  std::string_view value() const { return {values_->value().data(), values_->value().size()}; }

  std::uint64_t places() const { return places_; }         // that were passed over
  const std::string& problem() const { return problem_; }  // of the first of them

 private:
  bool reads_from(std::string_view key);
  bool skip();

  std::unique_ptr<rocksdb::Iterator> values_;
  bool begun_ = false;
  std::string last_key_;
  std::uint64_t places_ = 0;
  std::string problem_;
};

}  // namespace picket::storage
