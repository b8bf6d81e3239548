// supervisors/ctl/table.hpp: columns for people's terminals.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace troupe::ctl {

enum class style { strong, good, waiting, bad };

/// `text` with a question mark for each control character: what a customer wrote must not steer the operator's
/// terminal.
std::string printable(std::string text);

/// `text` in the colour of `x`, or as it is.
std::string paint(const std::string& text, style x, bool color);

/// Left-aligned columns, as wide as their widest cell.
class table {
public:
  explicit table(std::vector<std::string> head) : head_(std::move(head)) {}

  /// One cell per column of the head.
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  /// Prints what was added since the last time; the head only once. Later rows keep to the columns of those before.
  void print(std::ostream& out, bool color);

private:
  std::vector<std::string> head_;
  std::vector<std::vector<std::string>> rows_; // not printed yet
  std::vector<std::size_t> widths_;
};

} // namespace troupe::ctl
