#include "base/ed25519.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/hash.h"

namespace picket {
namespace {

// RFC 8410, 10.1 and 10.3.
constexpr const char* kPrivate =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kPublic =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    "-----END PUBLIC KEY-----\n";

TEST(Ed25519, KeysAreThoseOfTheStandard) {
  const Result<SigningKey> key = SigningKey::from_pem(kPrivate);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->pem(), kPrivate);
  EXPECT_EQ(public_key_pem(key->public_key()), kPublic);
  EXPECT_EQ(*public_key_from_pem(kPublic), key->public_key());
}

TEST(Ed25519, ASignatureIsOfOneTextAndOneKey) {
  const SigningKey key = SigningKey::make();
  Signature signature = key.sign("the text");
  EXPECT_TRUE(is_signed_by(key.public_key(), "the text", signature));
  EXPECT_FALSE(is_signed_by(key.public_key(), "the texts", signature));
  EXPECT_FALSE(is_signed_by(SigningKey::make().public_key(), "the text", signature));
  signature[7] ^= 1;
  EXPECT_FALSE(is_signed_by(key.public_key(), "the text", signature));
}

TEST(Ed25519, WhatIsNoKeyIsRefused) {
  for (const char* text : {"", "nonsense", kPublic})
    EXPECT_FALSE(SigningKey::from_pem(text)) << text;
  for (const char* text : {"", "nonsense", kPrivate})
    EXPECT_FALSE(public_key_from_pem(text)) << text;
}

TEST(Digester, BeginsAnewEachTime) {
  Digester digester;
  for (int i = 0; i < 3; ++i) {
    digester.add("ab");
    digester.add("c");
    const Digest digest = digester.finish();
    std::string hex;
    for (const unsigned char byte : digest) {
      hex += "0123456789abcdef"[byte >> 4];
      hex += "0123456789abcdef"[byte & 15];
    }
    EXPECT_EQ(hex, sha256_hex("abc"));
  }
}

}  // namespace
}  // namespace picket
