#include "supervisors/cluster/tls_stream.hpp"

#include <caf/io/network/native_socket.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace troupe::cluster {

using caf::io::network::rw_state;

void tls_session::deleter::operator()(ssl_st* x) const {
  SSL_free(x);
}

tls_session::tls_session(const std::shared_ptr<SSL_CTX>& with, int fd, side which,
                         std::function<void(const std::string&)> failed, std::function<void()> trusted)
  : ssl_(SSL_new(with.get())), fd_(fd), failed_(std::move(failed)), trusted_(std::move(trusted)) {
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd) != 1)
    throw std::runtime_error{"OpenSSL makes no session"};
  if (which == side::accepts)
    SSL_set_accept_state(ssl_.get());
  else
    SSL_set_connect_state(ssl_.get());
}

tls_session::~tls_session() = default;

std::string tls_session::shake_hands(duration within) {
  const auto until = std::chrono::steady_clock::now() + within;
  for (;;) {
    const auto next = shake();
    if (next == step::done)
      return {};
    if (next == step::failed)
      return why_failed();
    const auto left = std::chrono::duration_cast<duration>(until - std::chrono::steady_clock::now());
    pollfd waits{fd_, static_cast<short>(next == step::wants_read ? POLLIN : POLLOUT), 0};
    if (left.count() <= 0 || ::poll(&waits, 1, static_cast<int>(left.count())) == 0)
      return "it does not speak TLS in time";
  }
}

tls_session::step tls_session::shake() {
  if (shaken_)
    return step::done;
  ERR_clear_error();
  errno = 0;
  const auto next = step_of(SSL_do_handshake(ssl_.get()));
  if (next == step::done) {
    shaken_ = true;
    if (const auto told = std::exchange(trusted_, {}))
      told();
  } else if (next == step::failed) {
    tell_failed();
  }
  return next;
}

void tls_session::tell_failed() {
  if (const auto told = std::exchange(failed_, {}))
    told(why_failed());
}

tls_session::step tls_session::step_of(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE: return step::done;
    case SSL_ERROR_WANT_READ: return step::wants_read;
    case SSL_ERROR_WANT_WRITE: return step::wants_write;
    default: return step::failed;
  }
}

std::string tls_session::why_failed() const {
  if (const auto verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK)
    return X509_verify_cert_error_string(verdict);
  const auto why = ERR_peek_last_error();
  if (why == 0 || ERR_GET_REASON(why) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return errno != 0 ? std::strerror(errno) : "";
  const auto* text = ERR_reason_error_string(why);
  return text ? text : "no reason";
}

// CAF polls for writing as long as it has something to write, and stops that after want_read until something was read.
rw_state tls_session::read_some(std::size_t& result, int, void* into, std::size_t bytes) {
  result = 0;
  if (const auto first = shake(); first != step::done)
    return first == step::failed ? rw_state::failure
                                 : (first == step::wants_read ? rw_state::want_read : rw_state::success);
  if (bytes == 0)
    return rw_state::indeterminate;
  ERR_clear_error();
  const int got = SSL_read(ssl_.get(), into, static_cast<int>(std::min<std::size_t>(bytes, INT_MAX)));
  const auto next = step_of(got);
  if (next == step::done) {
    result = static_cast<std::size_t>(got);
    failed_ = {};
  } else if (next == step::failed) {
    tell_failed();
    return rw_state::failure;
  }
  return rw_state::success;
}

rw_state tls_session::write_some(std::size_t& result, int, const void* from, std::size_t bytes) {
  result = 0;
  if (const auto first = shake(); first != step::done)
    return first == step::failed ? rw_state::failure
                                 : (first == step::wants_read ? rw_state::want_read : rw_state::success);
  if (bytes == 0)
    return rw_state::indeterminate;
  ERR_clear_error();
  const int put = SSL_write(ssl_.get(), from, static_cast<int>(std::min<std::size_t>(bytes, INT_MAX)));
  const auto next = step_of(put);
  if (next == step::done)
    result = static_cast<std::size_t>(put);
  return next == step::failed ? rw_state::failure : rw_state::success;
}

bool tls_session::must_read_more(int, std::size_t threshold) const {
  return static_cast<std::size_t>(SSL_pending(ssl_.get())) >= threshold;
}

// ---- scribe --------------------------------------------------------------------------------------------------------

tls_scribe::tls_scribe(caf::io::network::default_multiplexer& multiplexer, int fd, std::shared_ptr<tls_session> session)
  : scribe(caf::io::network::conn_hdl_from_socket(fd)), stream_(multiplexer, fd, policy{std::move(session)}) {}

void tls_scribe::configure_read(caf::io::receive_policy::config config) {
  stream_.configure_read(config);
  if (std::exchange(launched_, true))
    return;
  stream_.start(this);
  stream_.force_empty_write(this); // Whoever has to speak first in TLS may have nothing to say yet.
}

void tls_scribe::ack_writes(bool enable) {
  stream_.ack_writes(enable);
}

caf::byte_buffer& tls_scribe::wr_buf() {
  return stream_.wr_buf();
}

caf::byte_buffer& tls_scribe::rd_buf() {
  return stream_.rd_buf();
}

void tls_scribe::graceful_shutdown() {
  stream_.graceful_shutdown();
  detach(&stream_.backend(), false);
}

void tls_scribe::flush() {
  stream_.flush(this);
}

std::string tls_scribe::addr() const {
  const auto address = caf::io::network::remote_addr_of_fd(stream_.fd());
  return address ? *address : "";
}

std::uint16_t tls_scribe::port() const {
  const auto port = caf::io::network::remote_port_of_fd(stream_.fd());
  return port ? *port : std::uint16_t{0};
}

void tls_scribe::add_to_loop() {
  stream_.activate(this);
}

void tls_scribe::remove_from_loop() {
  stream_.passivate();
}

} // namespace troupe::cluster
