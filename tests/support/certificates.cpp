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

const std::vector<std::string> curve{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"};

} // namespace

certificates::certificates(const std::string& folder, const std::string& name)
  : ca(folder + "/" + name + "-ca.pem"), folder_(folder), ca_key_(folder + "/" + name + "-ca.key") {
  std::vector<std::string> self_signed{"req",         "-x509",   "-days", "2",    "-subj",
                                       "/CN=" + name, "-keyout", ca_key_, "-out", ca};
  self_signed.insert(self_signed.end(), curve.begin(), curve.end());
  openssl(std::move(self_signed));
  auto own = sign(name);
  certificate = std::move(own.certificate);
  key = std::move(own.key);
}

certificates::pair certificates::sign(const std::string& name, int days) const {
  const auto request = folder_ + "/" + name + ".csr";
  pair made{folder_ + "/" + name + ".pem", folder_ + "/" + name + ".key"};
  std::vector<std::string> asked{"req", "-subj", "/CN=node of " + name, "-keyout", made.key, "-out", request};
  asked.insert(asked.end(), curve.begin(), curve.end());
  openssl(std::move(asked));
  openssl({"x509", "-req", "-days", std::to_string(days), "-in", request, "-CA", ca, "-CAkey", ca_key_,
           "-CAcreateserial", "-out", made.certificate});
  return made;
}

} // namespace troupe::test
