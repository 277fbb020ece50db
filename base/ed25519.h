// Ed25519 (RFC 8032): the key of an installation signs, and whoever has its public key checks.
//
// Keys are kept as PEM (PKCS #8 and SubjectPublicKeyInfo), so that `openssl pkey` reads them too. A
// SigningKey owns its secret, is moved and never copied; any thread may sign. Pure otherwise.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace picket {

using PublicKey = std::array<unsigned char, 32>;
using Signature = std::array<unsigned char, 64>;

class SigningKey {
 public:
  static SigningKey make();                                  // a new one
  static Result<SigningKey> from_pem(std::string_view pem);  // kInvalid: not an Ed25519 key

  std::string pem() const;  // holds the secret: write it with mode 0600
  PublicKey public_key() const;
  Signature sign(std::string_view message) const;

 private:
  struct Key;
  struct Free {
    void operator()(Key* key) const;
  };
  explicit SigningKey(std::unique_ptr<Key, Free> key) : key_(std::move(key)) {}
  std::unique_ptr<Key, Free> key_;
};

bool is_signed_by(const PublicKey& key, std::string_view message, const Signature& signature);

std::string public_key_pem(const PublicKey& key);
Result<PublicKey> public_key_from_pem(std::string_view pem);

}  // namespace picket
