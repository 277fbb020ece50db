// Content parsers: what a program says, behind its envelope.
//
// Each reads one message and adds ECS fields to the event begun last; false when it does not know
// the message: the caller then drops what was added. Values point into the message or to static
// text, so `message` must lie in a record or in the arena of `batch`. Names in messages are chosen
// by attackers: where a user name can hold anything, the message is read from its end. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "event/event.h"

namespace picket::parsers {

bool parse_sshd(std::string_view message, Batch& batch);
bool parse_sudo(std::string_view message, Batch& batch);
bool parse_accounts(std::string_view message, Batch& batch);   // useradd, usermod, passwd, su, ...
bool parse_pam(std::string_view message, Batch& batch);        // "pam_unix(sshd:session): ..."
bool parse_netfilter(std::string_view message, Batch& batch);  // kernel lines with SRC= and DST=

// The parts of an access line, views into it.
struct AccessLine {
  std::string_view address, user, time, request, status, bytes;
  std::string_view referrer, agent;  // of the combined format; else empty
};
// Is it exactly a line of the common or the combined format, of a client by its address, with
// nothing before or behind? Then `out` has its parts, and parse_access() reads it, but for a time
// that does not exist; else `out` is unspecified.
bool split_plain_access(std::string_view line, AccessLine& out);
// Sets the time. `plain`: what split_plain_access() made of the same line; nullptr: not asked yet.
bool parse_access(std::string_view line, std::int32_t zone_offset_s, Batch& batch,
                  const AccessLine* plain = nullptr);

}  // namespace picket::parsers
