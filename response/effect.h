// An effect: one thing that a step does to the outside, complete, so that performing it needs
// nothing else. Made by the runner once the step is journaled as started; performed at most once
// for that.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "response/mime.h"
#include "response/playbook.h"

namespace picket::response {

struct HttpCall {
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string secret_file;
};

struct Effect {
  std::string run;
  std::string step;
  std::string key;  // the same for every attempt at this step: the receiver may drop a repetition
  CommandType type = CommandType::kNone;
  std::string address;  // block, unblock: printed from a parsed address
  Mail mail;            // email
  HttpCall call;        // webhook, http-api
  std::int64_t time_ns = 0;
};

enum class OutcomeKind : std::uint8_t {
  kDone,
  kFailed,   // certainly without effect, and trying again would not help by itself
  kRetry,    // not delivered, try again later (a repetition is harmless: the key is the same)
  kUnknown,  // it may have happened: a human must look
};

struct Outcome {
  OutcomeKind kind = OutcomeKind::kFailed;
  std::string detail;  // one sentence for people
};

// The way out of the house. Called on one thread, may take as long as its own timeouts.
class Hands {
 public:
  virtual ~Hands() = default;
  virtual Outcome perform(const Effect& effect) = 0;
};

}  // namespace picket::response
