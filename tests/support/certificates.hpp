// tests/support/certificates.hpp: a certificate authority of the tests' own.
#pragma once

#include <string>

namespace troupe::test {

/// PEM files of one CA and of a certificate that it has signed, made by openssl in a folder that must exist.
struct certificates {
  /// `name` tells several CAs in one folder apart. Throws std::runtime_error when openssl does not do it.
  explicit certificates(const std::string& folder, const std::string& name = "cluster");

  struct pair {
    std::string certificate;
    std::string key;
  };

  /// Another one of the same CA, good until `days` from now; one that has ended when that is less than nothing.
  pair sign(const std::string& name, int days = 2) const;

  std::string ca;
  std::string certificate;
  std::string key;

private:
  std::string folder_;
  std::string ca_key_;
};

} // namespace troupe::test
