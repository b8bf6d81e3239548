#include "tests/support/certificates.hpp"

#include "tests/support/program.hpp"

#include <stdexcept>
#include <vector>

namespace troupe::test {

namespace {

void openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "/usr/bin/openssl");
  if (const auto done = run(std::move(arguments)); done.how.exit_code != 0)
    throw std::runtime_error{"openssl: " + done.errors};
}

} // namespace

certificates::certificates(const std::string& folder, const std::string& name)
  : ca(folder + "/" + name + "-ca.pem"), certificate(folder + "/" + name + ".pem"), key(folder + "/" + name + ".key") {
  const auto ca_key = folder + "/" + name + "-ca.key";
  const auto request = folder + "/" + name + ".csr";
  const std::vector<std::string> curve{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"};
  std::vector<std::string> self_signed{"req",         "-x509",   "-days", "2",    "-subj",
                                       "/CN=" + name, "-keyout", ca_key,  "-out", ca};
  self_signed.insert(self_signed.end(), curve.begin(), curve.end());
  openssl(std::move(self_signed));
  std::vector<std::string> asked{"req", "-subj", "/CN=node of " + name, "-keyout", key, "-out", request};
  asked.insert(asked.end(), curve.begin(), curve.end());
  openssl(std::move(asked));
  openssl({"x509", "-req", "-days", "2", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-out",
           certificate});
}

} // namespace troupe::test
