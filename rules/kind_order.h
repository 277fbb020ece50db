// KindOrder: the events of a batch, those of one kind one after the other, so that the tables of a
// kind stay warm. Inside a kind in the batch's order. Reused from batch to batch; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "event/event.h"

namespace picket::rules {

class KindOrder {
 public:
  // Calls f(kind, index of the event) for all events.
  template <class F>
  void for_each(const std::vector<Event>& events, F f) {
    chain(events);
    for (const KindId kind : kinds_) {
      Chain& chain = chains_[static_cast<std::size_t>(kind)];
      for (std::uint32_t i = chain.first; i != kEnd; i = next_[i]) f(kind, i);
      chain = {};
    }
    kinds_.clear();
  }

 private:
  static constexpr std::uint32_t kEnd = 0xFFFFFFFF;
  struct Chain {
    std::uint32_t first = kEnd;
    std::uint32_t last = kEnd;
  };

  void chain(const std::vector<Event>& events) {
    next_.assign(events.size(), kEnd);
    for (std::uint32_t i = 0; i < events.size(); ++i) {
      const auto kind = static_cast<std::size_t>(events[i].kind);
      if (kind >= chains_.size()) chains_.resize(kind + 1);
      Chain& chain = chains_[kind];
      if (chain.first == kEnd) {
        kinds_.push_back(events[i].kind);
        chain.first = i;
      } else {
        next_[chain.last] = i;
      }
      chain.last = i;
    }
  }

  std::vector<Chain> chains_;  // by kind
  std::vector<KindId> kinds_;  // in the order in which they come
  std::vector<std::uint32_t> next_;
};

}  // namespace picket::rules
