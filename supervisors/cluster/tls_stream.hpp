// supervisors/cluster/tls_stream.hpp: one connection of CAF's middleman over TLS.
#pragma once

#include "actors/kernel/time.hpp"

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/rw_state.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/io/scribe.hpp>

#include <functional>
#include <memory>
#include <string>

struct ssl_st; // OpenSSL's SSL
struct ssl_ctx_st;

namespace troupe::cluster {

/// TLS over a socket that does not block, which stays its owner's.
class tls_session {
public:
  enum class side { connects, accepts };

  /// `failed` is told once, if nothing was ever read, why not: empty when the other side just went. `trusted` is told
  /// when this side trusts the other.
  tls_session(const std::shared_ptr<ssl_ctx_st>& with, int fd, side which,
              std::function<void(const std::string& why)> failed = {}, std::function<void()> trusted = {});
  ~tls_session();

  tls_session(const tls_session&) = delete;
  tls_session& operator=(const tls_session&) = delete;

  /// Blocks until both sides trust each other: empty, or why not within that time.
  std::string shake_hands(duration within);

  // What CAF's streams want; the first calls shake hands.
  caf::io::network::rw_state read_some(std::size_t& result, int, void* into, std::size_t bytes);
  caf::io::network::rw_state write_some(std::size_t& result, int, const void* from, std::size_t bytes);
  bool must_read_more(int, std::size_t threshold) const;

private:
  enum class step { done, wants_read, wants_write, failed };

  step shake();
  step step_of(int result);
  void tell_failed();
  std::string why_failed() const;

  struct deleter {
    void operator()(ssl_st* x) const;
  };
  std::unique_ptr<ssl_st, deleter> ssl_;
  int fd_;
  bool shaken_ = false;
  std::function<void(const std::string&)> failed_;
  std::function<void()> trusted_;
};

/// What CAF's broker of the nodes' protocol writes to and reads from.
class tls_scribe final : public caf::io::scribe {
public:
  /// Owns the socket from now on.
  tls_scribe(caf::io::network::default_multiplexer& multiplexer, int fd, std::shared_ptr<tls_session> session);

  void configure_read(caf::io::receive_policy::config config) override;
  void ack_writes(bool enable) override;
  caf::byte_buffer& wr_buf() override;
  caf::byte_buffer& rd_buf() override;
  void graceful_shutdown() override;
  void flush() override;
  std::string addr() const override;
  std::uint16_t port() const override;
  void add_to_loop() override;
  void remove_from_loop() override;

private:
  struct policy {
    std::shared_ptr<tls_session> session;
    caf::io::network::rw_state read_some(std::size_t& result, int fd, void* into, std::size_t bytes) {
      return session->read_some(result, fd, into, bytes);
    }
    caf::io::network::rw_state write_some(std::size_t& result, int fd, const void* from, std::size_t bytes) {
      return session->write_some(result, fd, from, bytes);
    }
    bool must_read_more(int fd, std::size_t threshold) const { return session->must_read_more(fd, threshold); }
  };

  bool launched_ = false;
  caf::io::network::stream_impl<policy> stream_;
};

} // namespace troupe::cluster
