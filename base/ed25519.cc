#include "base/ed25519.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/check.h"

namespace picket {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// A key with a pass phrase is no key of ours, and nobody is to be asked on a terminal.
int no_pass_phrase(char* /*into*/, int /*size*/, int /*writing*/, void* /*user*/) {
  return 0;
}

BioPtr reading(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

bool is_ed25519(const EVP_PKEY* key) {
  return key != nullptr && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519;
}

PublicKey raw_public_key(const EVP_PKEY* key) {
  PublicKey raw;
  std::size_t size = raw.size();
  PICKET_CHECK(EVP_PKEY_get_raw_public_key(key, raw.data(), &size) == 1 && size == raw.size());
  return raw;
}

const unsigned char* data_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

struct SigningKey::Key {
  KeyPtr pkey;
};

void SigningKey::Free::operator()(Key* key) const {
  delete key;
}

SigningKey SigningKey::make() {
  EVP_PKEY* const made = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  PICKET_CHECK(made != nullptr);
  return SigningKey(std::unique_ptr<Key, Free>(new Key{KeyPtr(made)}));
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  const BioPtr bio = reading(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (!is_ed25519(key.get())) return fail(Errc::kInvalid, "this is not the PEM of an Ed25519 key");
  return SigningKey(std::unique_ptr<Key, Free>(new Key{std::move(key)}));
}

std::string SigningKey::pem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PICKET_CHECK(PEM_write_bio_PrivateKey(bio.get(), key_->pkey.get(), nullptr, nullptr, 0, nullptr,
                                        nullptr) == 1);
  return text_of(bio.get());
}

PublicKey SigningKey::public_key() const {
  return raw_public_key(key_->pkey.get());
}

Signature SigningKey::sign(std::string_view message) const {
  const ContextPtr context(EVP_MD_CTX_new());
  Signature signature;
  std::size_t size = signature.size();
  PICKET_CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_->pkey.get()) == 1);
  PICKET_CHECK(EVP_DigestSign(context.get(), signature.data(), &size, data_of(message),
                              message.size()) == 1);
  PICKET_CHECK(size == signature.size());
  return signature;
}

bool is_signed_by(const PublicKey& key, std::string_view message, const Signature& signature) {
  const KeyPtr pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  if (!pkey) return false;
  const ContextPtr context(EVP_MD_CTX_new());
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), data_of(message),
                          message.size()) == 1;
}

std::string public_key_pem(const PublicKey& key) {
  const KeyPtr pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  PICKET_CHECK(pkey != nullptr);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PICKET_CHECK(PEM_write_bio_PUBKEY(bio.get(), pkey.get()) == 1);
  return text_of(bio.get());
}

Result<PublicKey> public_key_from_pem(std::string_view pem) {
  const BioPtr bio = reading(pem);
  const KeyPtr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (!is_ed25519(key.get()))
    return fail(Errc::kInvalid, "this is not the PEM of an Ed25519 public key");
  return raw_public_key(key.get());
}

}  // namespace picket
