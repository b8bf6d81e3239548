// tests/support/certificates.hpp: a certificate authority of the tests' own.
#pragma once

#include <string>

namespace troupe::test {

/// PEM files of one CA and of a certificate that it has signed, made by openssl in a folder that must exist.
struct certificates {
  /// `name` tells several CAs in one folder apart. Throws std::runtime_error when openssl does not do it.
  explicit certificates(const std::string& folder, const std::string& name = "cluster");

  std::string ca;
  std::string certificate;
  std::string key;
};

} // namespace troupe::test
