#include "adapters/email/built_in.hpp"
#include "adapters/email/renderer.hpp"
#include "supervisors/ctl/ctl.hpp"

#include <algorithm>
#include <iostream>

namespace troupe::ctl {

namespace {

/// The sample of the built-in template of that name; a template of somebody's own gets the richest one.
std::string_view sample_for(const std::string& name) {
  std::string_view richest;
  for (const auto& x : email::built_in_templates()) {
    if (x.name == name)
      return x.sample;
    if (x.sample.size() > richest.size())
      richest = x.sample;
  }
  return richest;
}

} // namespace

int preview_mail(const std::string& folder, const std::string& name, mail_part part) {
  const email::renderer templates{folder};
  for (const auto& problem : templates.problems())
    std::cerr << "troupe ctl: template " << problem << '\n';
  const auto names = templates.names();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    std::cerr << "troupe ctl: there is no template \"" << name << "\", only";
    for (const auto& known : names)
      std::cerr << ' ' << known;
    std::cerr << '\n';
    return 1;
  }
  const auto made = templates.render(name, sample_for(name));
  if (!made) {
    std::cerr << "troupe ctl: " << name << " cannot be rendered; mails of it get the default template\n";
    return 1;
  }
  switch (part) {
    case mail_part::html: std::cout << made->html; break;
    case mail_part::text: std::cout << made->text; break;
    case mail_part::all:
      std::cout << "Subject: " << made->subject << "\n\n---- text ----\n"
                << made->text << "\n---- HTML ----\n"
                << made->html;
  }
  return templates.problems().empty() ? 0 : 1;
}

} // namespace troupe::ctl
