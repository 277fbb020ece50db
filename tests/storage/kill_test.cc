// kill -9 of a process that writes, for real: own process, own disk.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <string>

#include "storage/store.h"
#include "tests/storage/scratch.h"

namespace picket::storage {
namespace {

// Runs the writer until it has acknowledged `acks` commits, kills it, and answers the last number
// that it acknowledged.
std::uint64_t write_and_kill(const std::string& path, int acks) {
  int pipe[2];
  EXPECT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  std::string program = PICKET_STORE_WRITER;
  std::string argument = path;
  char* const argv[] = {program.data(), argument.data(), nullptr};
  pid_t child = 0;
  EXPECT_EQ(::posix_spawn(&child, program.c_str(), &actions, nullptr, argv, environ), 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  std::uint64_t last = 0;
  std::uint64_t number = 0;
  for (int i = 0; i < acks && ::read(pipe[0], &number, sizeof number) == sizeof number; ++i)
    last = number;
  ::kill(child, SIGKILL);
  while (::read(pipe[0], &number, sizeof number) == sizeof number)
    last = number;  // what it said before
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << status;
  return last;
}

TEST(Kill, NothingAcknowledgedIsLost) {
  const Scratch scratch;
  std::uint64_t before = 0;
  for (const int acks : {1, 7, 40, 3, 90, 15}) {
    const std::uint64_t acked = write_and_kill(scratch.path(), acks);
    EXPECT_GT(acked, before);
    const Result<std::unique_ptr<Store>> store = Store::open({.path = scratch.path()});
    ASSERT_TRUE(store) << store.error().what;
    const std::uint64_t commits = (*store)->last_commit();
    EXPECT_GE(commits, acked);
    EXPECT_LE(commits, acked + 1);
    const Ledger ledger = (*store)->ledger()->front();
    EXPECT_EQ(ledger.residual(), 0);
    EXPECT_EQ(ledger.stored, (*store)->next_seq(SourceId{0}));
    EXPECT_EQ(**(*store)->state("rows"), std::to_string(ledger.stored));
    EXPECT_EQ((*store)->offsets().at("tail"), std::to_string(commits));
    std::uint64_t next = 0;
    const auto scanned = (*store)->scan({.newest_first = false}, [&](const StoredRow& row) {
      EXPECT_EQ(row.record.raw, "record " + std::to_string(next));
      EXPECT_EQ(row.record.seq, next++);
      return true;
    });
    ASSERT_OK(scanned);
    EXPECT_EQ(next, ledger.stored);
    before = commits;
  }
}

}  // namespace
}  // namespace picket::storage
