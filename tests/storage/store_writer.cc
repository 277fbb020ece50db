// Commits for ever, and writes the number of each acknowledged commit to stdout: kill_test kills
// it.
#include <unistd.h>

#include <cstdio>
#include <string>

#include "storage/store.h"

int main(int argc, char** argv) {
  using namespace picket;
  if (argc != 2) return 3;
  Result<std::unique_ptr<storage::Store>> store = storage::Store::open({.path = argv[1]});
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().what.c_str());
    return 1;
  }
  const Result<SourceId> source = (*store)->source_id("web");
  if (!source) return 1;
  for (;;) {
    const std::uint64_t number = (*store)->last_commit() + 1;
    const std::uint64_t first = (*store)->next_seq(*source);
    Batch batch;
    for (std::uint64_t i = 0; i < 1 + number % 50; ++i) {
      batch.add("record " + std::to_string(first + i), *source, first + i, 1);
      batch.begin_event();
    }
    storage::Commit commit;
    commit.add(batch, {});
    commit.put_state("rows", std::to_string(first + batch.records().size()));
    commit.put_offset("tail", std::to_string(number));
    if (!(*store)->commit(commit)) return 1;
    if (::write(STDOUT_FILENO, &number, sizeof number) != sizeof number) return 0;
  }
}
