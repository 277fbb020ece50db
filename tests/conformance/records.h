// Files of recorded events, read line by line. Free functions, any thread.
#pragma once

#include <string>
#include <vector>

namespace picket::conformance {

// Sanitized builds are many times slower: tests over all recordings take a sample there.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

// The lines of a text; a last one without its line feed counts. Fails the test that calls if the
// file cannot be read.
std::vector<std::string> lines_in(const std::string& text);
std::vector<std::string> lines_of(const std::string& path);
// The paths of the files of a folder, sorted.
std::vector<std::string> files_in(const std::string& folder);

}  // namespace picket::conformance
