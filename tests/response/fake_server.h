// Tiny servers on loopback for the response tests: plain sockets, own thread, one connection at a
// time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace picket::response {

class FakeServer {
 public:
  // `talk` has the whole conversation on one connection.
  explicit FakeServer(std::function<void(FakeServer&, int fd)> talk) : talk_(std::move(talk)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 8);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void note(std::string text) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(text));
  }
  std::vector<std::string> notes() const {
    const std::lock_guard lock(mutex_);
    return notes_;
  }

  static void say(int fd, const std::string& text) {
    [[maybe_unused]] const auto sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }
  // Up to and with the ending; empty when the peer is gone.
  static std::string hear(int fd, const std::string& ending) {
    std::string text;
    char c = 0;
    while (::recv(fd, &c, 1, 0) == 1) {
      text += c;
      if (text.ends_with(ending)) return text;
    }
    return {};
  }
  static std::string hear(int fd, std::size_t size) {
    std::string text(size, '\0');
    std::size_t got = 0;
    while (got < size) {
      const auto n = ::recv(fd, text.data() + got, size - got, 0);
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    text.resize(got);
    return text;
  }

 private:
  void serve() {
    for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      timeval patience{5, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      talk_(*this, fd);
      ::close(fd);
    }
  }

  std::function<void(FakeServer&, int)> talk_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> notes_;
  std::thread thread_;
};

// Speaks SMTP (RFC 5321) and notes each envelope and message; answers `data_answer` after the
// message.
inline std::function<void(FakeServer&, int)> smtp(std::string rcpt_answer = "250 ok",
                                                  std::string data_answer = "250 queued") {
  return [rcpt_answer, data_answer](FakeServer& server, int fd) {
    FakeServer::say(fd, "220 test ESMTP\r\n");
    for (std::string line; !(line = FakeServer::hear(fd, "\r\n")).empty();) {
      if (line.starts_with("EHLO")) {
        FakeServer::say(fd, "250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n");
      } else if (line.starts_with("DATA")) {
        FakeServer::say(fd, "354 go\r\n");
        server.note(FakeServer::hear(fd, "\r\n.\r\n"));
        FakeServer::say(fd, data_answer + "\r\n");
      } else if (line.starts_with("RCPT")) {
        server.note(line);
        FakeServer::say(fd, rcpt_answer + "\r\n");
      } else if (line.starts_with("QUIT")) {
        FakeServer::say(fd, "221 bye\r\n");
        return;
      } else if (line.starts_with("AUTH")) {
        server.note(line);
        FakeServer::say(fd, "334 \r\n");
        server.note(FakeServer::hear(fd, "\r\n"));
        FakeServer::say(fd, "235 welcome\r\n");
      } else {
        server.note(line);
        FakeServer::say(fd, "250 ok\r\n");
      }
    }
  };
}

// Answers every request with `answer` (status line and headers) and notes head and body.
inline std::function<void(FakeServer&, int)> http(std::string answer) {
  return [answer](FakeServer& server, int fd) {
    const std::string head = FakeServer::hear(fd, "\r\n\r\n");
    const std::size_t at = head.find("Content-Length: ");
    const std::size_t size = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    server.note(head);
    server.note(FakeServer::hear(fd, size));
    FakeServer::say(fd, answer + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  };
}

}  // namespace picket::response
