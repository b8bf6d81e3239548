#include "supervisors/ctl/table.hpp"

#include <algorithm>

namespace troupe::ctl {

namespace {

/// Characters, not bytes: continuation bytes of UTF-8 take no place.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
    std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

} // namespace

std::string printable(std::string text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    const bool two_bytes = byte == 0xC2 && next >= 0x80 && next <= 0x9F; // U+0080 to U+009F
    i += two_bytes;
    out += two_bytes || byte < 0x20 || byte == 0x7F ? '?' : text[i];
  }
  return out;
}

std::string paint(const std::string& text, style x, bool color) {
  if (!color)
    return text;
  const char* code = "1";
  switch (x) {
    case style::strong: code = "1"; break;
    case style::good: code = "32"; break;
    case style::waiting: code = "33"; break;
    case style::bad: code = "31"; break;
  }
  return std::string{"\033["} + code + "m" + text + "\033[0m";
}

void table::print(std::ostream& out, bool color) {
  auto& widths = widths_;
  const bool first = widths.empty();
  if (first)
    for (const auto& cell : head_)
      widths.push_back(width_of(cell));
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i]));
  const auto line = [&](const std::vector<std::string>& row, bool strong) {
    std::string text;
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size())
        text.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    out << (strong ? paint(text, style::strong, color) : text) << '\n';
  };
  if (first)
    line(head_, true);
  for (const auto& row : rows_)
    line(row, false);
  rows_.clear();
}

} // namespace troupe::ctl
