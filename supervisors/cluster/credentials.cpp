#include "supervisors/cluster/credentials.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace troupe::cluster {

namespace {

template <auto Free> struct deleter {
  template <class T> void operator()(T* x) const { Free(x); }
};
template <class T, auto Free> using owned = std::unique_ptr<T, deleter<Free>>;
using certificate_ptr = owned<X509, &X509_free>;
using bio_ptr = owned<BIO, &BIO_free>;

bio_ptr over(const std::string& text) {
  return bio_ptr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// In the order of the file.
std::vector<certificate_ptr> certificates_of(const std::string& text) {
  std::vector<certificate_ptr> result;
  const auto in = over(text);
  while (auto* x = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr))
    result.emplace_back(x);
  // What ends a file of certificates is that no other one begins; anything else is a broken one.
  const auto why = ERR_peek_last_error();
  if (ERR_GET_LIB(why) != ERR_LIB_PEM || ERR_GET_REASON(why) != PEM_R_NO_START_LINE)
    result.clear();
  ERR_clear_error();
  return result;
}

time_point time_of(const ASN1_TIME* x) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(x, &parts) != 1)
    return time_point{};
  return time_point{std::chrono::seconds{::timegm(&parts)}};
}

/// Nodes are clients of some and servers of others: a certificate has to be good for both.
time_point end_of_chain(X509_STORE* believed, const std::vector<certificate_ptr>& chain, time_point now,
                        const std::string& file) {
  auto end = time_point::max();
  for (const auto* role : {"ssl_server", "ssl_client"}) {
    const owned<X509_STORE_CTX, &X509_STORE_CTX_free> check{X509_STORE_CTX_new()};
    const owned<STACK_OF(X509), [](STACK_OF(X509) * x) { sk_X509_free(x); }> between{sk_X509_new_null()};
    for (std::size_t i = 1; i < chain.size(); ++i)
      sk_X509_push(between.get(), chain[i].get());
    X509_STORE_CTX_init(check.get(), believed, chain.front().get(), between.get());
    X509_STORE_CTX_set_default(check.get(), role);
    X509_STORE_CTX_set_time(check.get(), 0,
                            std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
    if (X509_verify_cert(check.get()) != 1) {
      const std::string why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
      ERR_clear_error();
      throw std::runtime_error{file + ": other nodes would not believe it: " + why};
    }
    const auto* verified = X509_STORE_CTX_get0_chain(check.get());
    for (int i = 0; i < sk_X509_num(verified); ++i)
      end = std::min(end, time_of(X509_get0_notAfter(sk_X509_value(verified, i))));
  }
  return end;
}

std::string text_of(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  if (!in)
    throw std::runtime_error{file + ": cannot be read: " + std::strerror(errno)};
  return std::move(text).str();
}

} // namespace

credentials::credentials(credential_files files, time_point now) : files_(std::move(files)), read_(read()) {
  used_ = load(read_, now);
}

credentials::looked credentials::look(time_point now) {
  try {
    auto found = read();
    if (found != read_) {
      auto next = load(found, now);
      read_ = std::move(found);
      const std::lock_guard lock{mutex_};
      used_ = std::move(next);
      refused_.clear();
      return {change::replaced, {}};
    }
    refused_.clear();
    return {};
  } catch (const std::runtime_error& e) {
    // Tried again each time: files may have been read while they were written, or become valid later.
    if (refused_ == e.what())
      return {};
    refused_ = e.what();
    return {change::refused, refused_};
  }
}

std::shared_ptr<SSL_CTX> credentials::in_use() const {
  const std::lock_guard lock{mutex_};
  return used_.context;
}

time_point credentials::ends() const {
  const std::lock_guard lock{mutex_};
  return used_.ends;
}

credentials::contents credentials::read() const {
  return {text_of(files_.certificate), text_of(files_.key), text_of(files_.ca)};
}

credentials::loaded credentials::load(const contents& x, time_point now) const {
  std::shared_ptr<SSL_CTX> context{SSL_CTX_new(TLS_method()), &SSL_CTX_free};
  if (!context)
    throw std::runtime_error{"OpenSSL makes no context"};
  const auto chain = certificates_of(x.certificate);
  if (chain.empty())
    throw std::runtime_error{files_.certificate + ": holds no certificate, or a broken one"};
  const owned<EVP_PKEY, &EVP_PKEY_free> key{
    PEM_read_bio_PrivateKey(over(x.key).get(), nullptr, nullptr, const_cast<char*>(""))};
  ERR_clear_error();
  if (!key)
    throw std::runtime_error{files_.key + ": holds no key, or one with a password"};
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    ERR_clear_error();
    throw std::runtime_error{files_.key + ": is not the key of " + files_.certificate};
  }
  const auto authorities = certificates_of(x.ca);
  if (authorities.empty())
    throw std::runtime_error{files_.ca + ": holds no certificate, or a broken one"};
  auto* const believed = SSL_CTX_get_cert_store(context.get());
  for (const auto& authority : authorities)
    X509_STORE_add_cert(believed, authority.get());
  const auto ends = end_of_chain(believed, chain, now, files_.certificate);

  bool good = SSL_CTX_use_certificate(context.get(), chain.front().get()) == 1
              && SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1
              && SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) == 1;
  for (std::size_t i = 1; i < chain.size(); ++i)
    good = good && SSL_CTX_add1_chain_cert(context.get(), chain[i].get()) == 1;
  if (!good) {
    const auto* why = ERR_reason_error_string(ERR_peek_last_error());
    const std::runtime_error failure{files_.certificate + ": OpenSSL does not take it: " + (why ? why : "no reason")};
    ERR_clear_error();
    throw failure;
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // A session that is taken up again would be believed by a certificate that was shown long ago.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  // What is to be written may stand elsewhere when it is tried again.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return {std::move(context), ends};
}

} // namespace troupe::cluster
