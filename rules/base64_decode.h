// Finds Base64 in command lines and scripts and decodes it, so that rules see what will run:
// PowerShell's -EncodedCommand in every abbreviation, and any long run of Base64 that decodes to
// text, a program or a compressed stream. What is found is searched again. Pure, any thread; sizes,
// number and nesting are bounded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace picket::rules {

struct Base64Limits {
  std::size_t input_bytes_max = 1024 * 1024;    // what lies behind is not looked at
  std::size_t decoded_bytes_max = 1024 * 1024;  // of all payloads together
  std::size_t payloads_max = 16;
  std::size_t depth_max = 3;  // a payload inside a payload inside the input
};

struct Base64Payload {
  std::string text;       // UTF-8 where it was text (UTF-16LE is converted), else the bytes
  std::size_t begin = 0;  // span of the Base64 in the input; of the outermost, for a nested one
  std::size_t end = 0;
  bool encoded_command = false;  // it stood behind -EncodedCommand
  std::size_t depth = 1;
};

// In order of their place in the input, a nested payload behind the one that holds it.
std::vector<Base64Payload> decode_base64_payloads(std::string_view input, Base64Limits limits = {});

// Bytes of Base64 text, padded or not; what is left over of a broken last group is dropped.
std::string decode_base64(std::string_view text);
// UTF-16LE to UTF-8; unpaired surrogates become U+FFFD.
std::string utf8_of_utf16le(std::string_view bytes);

}  // namespace picket::rules
