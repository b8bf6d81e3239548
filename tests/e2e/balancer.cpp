#include "tests/e2e/balancer.hpp"

#include "tests/e2e/http_client.hpp"
#include "tests/e2e/node.hpp"
#include "tests/support/places.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace troupe::test {

namespace {

std::string read(const std::filesystem::path& x) {
  std::ifstream in{x};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Wherever it stands; it must stand somewhere.
void replace(std::string& in, const std::string& what, const std::string& with) {
  auto at = in.find(what);
  if (at == std::string::npos)
    throw std::runtime_error{"the shipped configuration has no \"" + what + '"'};
  for (; at != std::string::npos; at = in.find(what, at + with.size()))
    in.replace(at, what.size(), with);
}

/// From the first line with `begin` to the line before `end`.
void remove_block(std::string& in, const std::string& begin, const std::string& end) {
  const auto at = in.find(begin);
  const auto until = in.find(end, at);
  if (at == std::string::npos || until == std::string::npos)
    throw std::runtime_error{"the shipped configuration has no \"" + begin + '"'};
  in.erase(at, until - at);
}

std::string local(std::uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

std::string haproxy_configuration(const std::array<balanced, 3>& nodes, std::uint16_t port) {
  auto text = read(source_folder() / "deploy/haproxy/haproxy.cfg");
  replace(text, "    log /dev/log local0\n    user haproxy\n    group haproxy\n", "    log stdout format raw local0\n");
  replace(text, "    bind :80\n", "    bind " + local(port) + '\n');
  replace(text, "    bind :443 ssl crt /etc/haproxy/shop.pem alpn h2,http/1.1\n", "");
  replace(text, "    http-request redirect scheme https code 308 unless { ssl_fc }\n", "");
  remove_block(text, "# For Prometheus", "frontend metrics");
  text.erase(text.find("frontend metrics"));
  replace(text, "check port 7777", "check");
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto number = std::to_string(i + 1);
    const auto shipped = "10.0.0.1" + number + ":9001";
    replace(text, shipped + '\n', local(nodes[i].commerce) + " port " + std::to_string(nodes[i].operations) + '\n');
    replace(text, shipped, local(nodes[i].commerce));
  }
  return text;
}

std::string nginx_configuration(const std::array<balanced, 3>& nodes, std::uint16_t port,
                                const std::filesystem::path& folder) {
  auto text = read(source_folder() / "deploy/nginx/troupe.conf");
  remove_block(text, "server {\n    listen 80;", "server {\n    listen 443");
  replace(text, "listen 443 ssl http2;", "listen " + local(port) + ';');
  for (const auto* line :
       {"    ssl_certificate     /etc/nginx/shop.pem;\n", "    ssl_certificate_key /etc/nginx/shop.key;\n",
        "    ssl_protocols TLSv1.2 TLSv1.3;\n", "    ssl_session_tickets off;\n"})
    replace(text, line, "");
  for (std::size_t i = 0; i < nodes.size(); ++i)
    replace(text, "10.0.0.1" + std::to_string(i + 1) + ":9001", local(nodes[i].commerce));
  const auto in = folder.string();
  std::string temporary;
  for (const std::string kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    temporary += "  " + kind + "_temp_path " + in + "/nginx-" + kind + ";\n";
  return "daemon off;\nmaster_process off;\nerror_log stderr notice;\npid " + in
         + "/nginx.pid;\nevents {}\nhttp {\n"
           "  access_log off;\n"
         + temporary + text + "}\n";
}

const char* path_of(balancer::kind x) {
  return x == balancer::kind::haproxy ? "/usr/sbin/haproxy" : "/usr/sbin/nginx";
}

} // namespace

bool balancer::is_installed(kind x) {
  return std::filesystem::exists(path_of(x));
}

balancer::balancer(kind x, const std::filesystem::path& folder, const std::array<balanced, 3>& nodes) {
  const auto port = unused_port();
  url_ = "http://" + local(port);
  const auto file = (folder / "balancer.conf").string();
  std::vector<std::string> command{path_of(x)};
  if (x == kind::haproxy) {
    std::ofstream{file} << haproxy_configuration(nodes, port);
    command.insert(command.end(), {"-db", "-f", file});
  } else {
    std::ofstream{file} << nginx_configuration(nodes, port, folder);
    command.insert(command.end(), {"-p", folder.string(), "-e", "stderr", "-c", file});
  }
  running_ = std::make_unique<program>(std::move(command));
  // It answers before it knows of a node: with an error of its own.
  http_client looks{url_, std::chrono::seconds{2}};
  if (!eventually(std::chrono::seconds{10}, [&] { return looks.get("/").status % 500 > 3; }))
    throw std::runtime_error{"it does not come up: " + running_->output() + running_->errors()};
}

} // namespace troupe::test
