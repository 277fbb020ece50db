#include "storage/integrity/chain_check.h"

#include <utility>

#include "storage/encoding.h"

namespace picket::storage {

void ChainCheck::add(Difference difference, std::uint64_t number, const Link& link,
                     std::string detail) {
  report_.findings.add({.difference = difference,
                        .kind = "link",
                        .key = std::to_string(number),
                        .link = number,
                        .commit = link.commit,
                        .time_ns = link.time_ns,
                        .rows = {},
                        .detail = std::move(detail)});
}

void ChainCheck::run(const std::function<void(std::uint64_t number, const Link&)>& write) {
  if (store_.family(Family::kChain) == nullptr) return;
  write_ = write;
  report_.key = options_.key;
  const auto links = store_.iterate(Family::kChain);
  links->SeekToLast();
  const std::uint64_t total = links->Valid() ? Reader(view(links->key())).big64() : 0;
  for (links->SeekToFirst(); links->Valid(); links->Next()) {
    Reader key(view(links->key()));
    const std::uint64_t number = key.big64();
    if (!key.done() || number <= end_.link) {
      add(Difference::kAdded, number, {}, "not the key of a link");
      continue;
    }
    link(number, view(links->value()));
    if (options_.progress) options_.progress(number, total);
  }
  if (!links->status().ok())
    add(Difference::kDamaged, end_.link + 1, {}, links->status().ToString());
  const bool has_root = end_.root_link > 0 || options_.key;
  if (end_.link > 0 && has_root && end_.root_due() && end_.link != end_.root_link)
    add(Difference::kUnsigned, end_.link, {}, "the last links have no root, though one was due");
  report_.links = end_.link;
  report_.store = end_.store;
  report_.commits = end_.commit;
  report_.end_ns = end_.time_ns;
  report_.unsigned_links = end_.link - end_.root_link;
}

void ChainCheck::link(std::uint64_t number, std::string_view value) {
  if (number != end_.link + 1) {
    add(Difference::kDeleted, end_.link + 1, {},
        "links " + std::to_string(end_.link + 1) + " to " + std::to_string(number - 1) +
            " are missing");
    unknown_before_ = true;
  }
  const Result<Link> read = read_link(number, value);
  if (!read) {
    add(Difference::kDamaged, number, {}, read.error().what);
    unknown_before_ = true;
    end_.link = number;
    return;
  }
  if (!unknown_before_ && link_hash(digester_, end_.hash, number, read->body) != read->hash)
    add(Difference::kEdited, number, *read,
        "its hash is not that of its content and the link before");
  root_due(number, *read);
  if (read->kind == LinkKind::kBegin) begin(number, *read);
  if (read->kind == LinkKind::kRoot) root(number, *read);
  end_.link = number;
  end_.commit = read->commit;
  end_.time_ns = read->time_ns;
  end_.hash = read->hash;
  unknown_before_ = false;
  if (read->kind == LinkKind::kRoot) {
    end_.root_link = number;
    end_.root_ns = read->time_ns;
  }
  if (read->kind == LinkKind::kWrite) write_(number, *read);
}

void ChainCheck::root_due(std::uint64_t number, const Link& link) {
  const bool signs = end_.root_link > 0 || options_.key;
  const bool was_write = end_.link > 0 && end_.link != end_.root_link && number > 2;
  if (!signs || !was_write || unknown_before_ || !end_.root_due() || link.kind == LinkKind::kRoot)
    return;
  add(Difference::kUnsigned, number - 1, link, "a root was due behind this link");
  end_.root_link = number - 1;  // told once: counted anew from here
  end_.root_ns = end_.time_ns;
}

void ChainCheck::begin(std::uint64_t number, const Link& link) {
  if (number != 1) add(Difference::kAdded, number, link, "a chain begins once");
  end_.store = link.store;
  had_before_ = link.had_before;
  commits_before_ = link.commit;
  report_.begin_ns = link.time_ns;
}

void ChainCheck::root(std::uint64_t number, const Link& link) {
  ++report_.roots;
  if (!report_.key) report_.key = link.key;
  if (link.key != *report_.key) add(Difference::kForged, number, link, "signed by another key");
  if (unknown_before_) return;
  if (!is_signed_by(link.key, signed_text(end_.head()), link.signature))
    add(Difference::kForged, number, link, "the signature is not of the links before it");
}

}  // namespace picket::storage
