#include "supervisors/sandbox/inbox_page.hpp"

#include "adapters/payment/wire_text.hpp"

namespace troupe::sandbox {

namespace {

namespace wire = payment::wire;

/// No script, no form, and nothing from anywhere else: a mail may come from whoever reaches the sandbox.
constexpr std::string_view policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; "
                                    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view style = R"(
:root{color-scheme:light dark;--ground:#eef1f4;--card:#fff;--ink:#1d2733;--soft:#5b6875;--line:#d9e0e7;--mark:#0f766e}
@media(prefers-color-scheme:dark){:root{--ground:#14191f;--card:#1d242c;--ink:#e6ebf0;--soft:#98a5b3;--line:#323c47;--mark:#5eead4}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,Helvetica,Arial,sans-serif}
main{max-width:1120px;margin:0 auto;padding:28px 16px 48px}
h1{font-size:22px;margin:0 0 2px;overflow-wrap:anywhere}
a{color:inherit;text-decoration:none}
.soft{color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;margin-top:18px;overflow:hidden}
.row{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr) 300px;gap:4px 18px;padding:13px 18px;border-top:1px solid var(--line)}
.row:first-child{border-top:0}
.row:hover,.row:focus{background:color-mix(in srgb,var(--mark) 8%,transparent)}
.row>:last-child{text-align:right}
.row>*{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.tag{display:inline-block;font-size:12px;line-height:18px;padding:0 8px;border-radius:9px;border:1px solid var(--line);color:var(--soft)}
.bad{color:#fff;background:#b42318;border-color:#b42318}
.empty{padding:48px 18px;text-align:center;color:var(--soft)}
dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:4px 18px;margin:0;padding:16px 18px}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
iframe{display:block;width:100%;height:620px;border:0;background:#fff}
h2{font-size:13px;font-weight:600;margin:0;padding:10px 18px;border-bottom:1px solid var(--line);color:var(--soft)}
pre{margin:0;padding:16px 18px;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,Menlo,Consolas,monospace}
@media(max-width:640px){.row{grid-template-columns:minmax(0,1fr)}.row>:last-child{text-align:left}.row .subject{grid-row:2;grid-column:1/-1}}
)";

/// Text as it may stand in HTML, between tags and in quoted attributes.
std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : text)
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      case '\0': out += "\xef\xbf\xbd"; break;
      default: out += c;
    }
  return out;
}

http::response page(const std::string& title, const std::string& body) {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>";
  out.append(escaped(title)).append("</title><style>").append(style).append("</style></head><body><main>");
  out.append(body).append("</main></body></html>\n");
  return {200,
          {{"Content-Type", "text/html; charset=utf-8"},
           {"Content-Security-Policy", std::string{policy}},
           {"X-Content-Type-Options", "nosniff"},
           {"Referrer-Policy", "no-referrer"},
           {"Cache-Control", "no-store"}},
          std::move(out)};
}

std::string shown_time(time_point x) {
  const auto text = to_rfc3339(x);
  return text.substr(0, 10) + ' ' + text.substr(11, 8);
}

void member(std::string& out, std::string_view name, std::string_view value) {
  if (out.back() != '{')
    out += ',';
  wire::append_json(out, name);
  out += ':';
  wire::append_json(out, value);
}

void append_head(std::string& out, const email::letter& x) {
  out += "{\"number\":";
  wire::append(out, static_cast<std::int64_t>(x.number));
  member(out, "at", to_rfc3339(x.at));
  member(out, "by", x.by);
  member(out, "id", x.id);
  member(out, "key", x.key);
  member(out, "from", x.from);
  member(out, "to", x.to);
  member(out, "subject", x.subject);
  out += ",\"bounced\":";
  out += x.bounced ? "true" : "false";
}

void append_entry(std::string& out, std::string_view name, const std::string& value) {
  if (!value.empty())
    out.append("<dt>").append(name).append("</dt><dd>").append(escaped(value)).append("</dd>");
}

} // namespace

http::response inbox_page(const email::inbox& x) {
  std::string body = "<h1>Sandbox inbox</h1><div class=\"soft\">" + std::to_string(x.taken())
                     + (x.taken() == 1 ? " mail was" : " mails were")
                     + " sent through the sandbox. Nothing here has left this machine. "
                       "<a href=\"/_sandbox/inbox.json\"><u>as JSON</u></a></div><div class=\"card\">";
  if (x.letters().empty())
    body += "<div class=\"empty\">No mail yet. Place an order, and look again.</div>";
  for (auto at = x.letters().rbegin(); at != x.letters().rend(); ++at) {
    body += "<a class=\"row\" href=\"/_sandbox/inbox/" + std::to_string(at->number) + "\"><span>" + escaped(at->to)
            + "</span><span class=\"subject\"><strong>" + escaped(at->subject) + "</strong></span><span>";
    if (at->bounced)
      body += "<span class=\"tag bad\">bounced</span> ";
    body += "<span class=\"tag\">" + escaped(at->by) + "</span> <span class=\"soft\">" + shown_time(at->at)
            + "</span></span></a>";
  }
  return page("Sandbox inbox", body + "</div>");
}

http::response letter_page(const email::letter& x) {
  std::string body = "<div class=\"soft\"><a href=\"/_sandbox/inbox\">&larr; Inbox</a></div><h1>" + escaped(x.subject)
                     + "</h1><div class=\"card\"><dl>";
  append_entry(body, "From", x.from);
  append_entry(body, "To", x.to);
  append_entry(body, "Sent", shown_time(x.at) + " UTC, by " + x.by);
  append_entry(body, "Id", x.id);
  append_entry(body, "Key", x.key == x.id ? std::string{} : x.key);
  if (x.bounced)
    body += "<dt>Then</dt><dd><span class=\"tag bad\">bounced</span></dd>";
  body += "</dl></div>";
  if (!x.html.empty())
    // An empty sandbox attribute allows nothing: no scripts, no forms, no links that leave the frame, no origin.
    body += "<div class=\"card\"><h2>As the customer sees it</h2><iframe sandbox title=\"The mail\" srcdoc=\""
            + escaped(x.html) + "\"></iframe></div>";
  if (!x.text.empty())
    body += "<div class=\"card\"><h2>As text</h2><pre>" + escaped(x.text) + "</pre></div>";
  return page(x.subject, body);
}

std::string inbox_json(const email::inbox& x, std::string_view to) {
  std::string out = "{\"taken\":";
  wire::append(out, static_cast<std::int64_t>(x.taken()));
  out += ",\"mails\":[";
  for (auto at = x.letters().rbegin(); at != x.letters().rend(); ++at) {
    if (at->to.find(to) == std::string::npos)
      continue;
    if (out.back() != '[')
      out += ',';
    append_head(out, *at);
    out += '}';
  }
  return out + "]}";
}

std::string letter_json(const email::letter& x) {
  std::string out;
  append_head(out, x);
  member(out, "text", x.text);
  member(out, "html", x.html);
  return out + '}';
}

} // namespace troupe::sandbox
