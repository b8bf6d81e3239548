// supervisors/cluster/credentials.hpp: what a node shows to others, and whom it believes.
#pragma once

#include "actors/kernel/time.hpp"

#include <memory>
#include <mutex>
#include <string>

struct ssl_ctx_st; // OpenSSL's SSL_CTX

namespace troupe::cluster {

/// Paths of PEM files.
struct credential_files {
  std::string certificate; // and those between it and the CA, if there are any
  std::string key;
  std::string ca; // one or several, as while a CA is replaced
};

/// A certificate, its key and the CAs that others' certificates have to come from, as one whole: a connection is made
/// by what was read together, and files that do not fit together are never used. Safe on any thread.
class credentials {
public:
  /// Reads the files. Throws std::runtime_error, naming the file, when they cannot be used at `now`.
  credentials(credential_files files, time_point now);

  enum class change { none, replaced, refused };
  struct looked {
    change what = change::none;
    std::string why; // when they are refused; what was in use stays
  };

  /// Reads the files anew, and uses them from the next connection on if they have changed and are good. The same
  /// refusal is told once. One thread at a time.
  looked look(time_point now);

  /// Whether the files that are there could not be used. On the thread that looks.
  bool is_refused() const { return !refused_.empty(); }

  /// For TLS 1.3, demanding a certificate of the other side. What one connection has got stays good for it.
  std::shared_ptr<ssl_ctx_st> in_use() const;

  /// When the first certificate of the chain in use ends, the CA's included.
  time_point ends() const;

private:
  struct contents {
    std::string certificate;
    std::string key;
    std::string ca;
    bool operator==(const contents&) const = default;
  };
  struct loaded {
    std::shared_ptr<ssl_ctx_st> context;
    time_point ends;
  };

  contents read() const;
  loaded load(const contents& x, time_point now) const;

  credential_files files_;
  contents read_;       // what is in use; of look alone, as is the next
  std::string refused_; // why, the last time
  mutable std::mutex mutex_;
  loaded used_;
};

} // namespace troupe::cluster
