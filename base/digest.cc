#include "base/digest.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace picket {
namespace {

// Looking the algorithm up takes longer than hashing a short text, so it is done once.
const EVP_MD* sha256() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  PICKET_CHECK(algorithm != nullptr);
  return algorithm;
}

}  // namespace

struct Digester::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
};

void Digester::Free::operator()(Context* context) const {
  EVP_MD_CTX_free(context->md);
  delete context;
}

Digester::Digester() : context_(new Context) {
  PICKET_CHECK(EVP_DigestInit_ex2(context_->md, sha256(), nullptr) == 1);
}

void Digester::add(std::string_view piece) {
  PICKET_CHECK(EVP_DigestUpdate(context_->md, piece.data(), piece.size()) == 1);
}

Digest Digester::finish() {
  Digest digest;
  unsigned size = 0;
  PICKET_CHECK(EVP_DigestFinal_ex(context_->md, digest.data(), &size) == 1 &&
               size == digest.size());
  PICKET_CHECK(EVP_DigestInit_ex2(context_->md, nullptr, nullptr) == 1);
  return digest;
}

}  // namespace picket
