#include "gateways/http/request_reader.hpp"

#include <gtest/gtest.h>

#include <string>

namespace troupe::gateway {
namespace {

/// Where a reader with short limits ends when the bytes come in pieces of that size.
request_reader::step after(std::string bytes, std::size_t piece) {
  request_reader reader{{.head_bytes_max = 512, .body_bytes_max = 256, .chunk_line_bytes_max = 128}};
  for (std::string unread; !bytes.empty();) {
    unread += bytes.substr(0, piece);
    bytes.erase(0, piece);
    unread.erase(0, reader.take(unread));
    if (reader.at() == request_reader::step::complete || reader.at() == request_reader::step::refused)
      break;
  }
  return reader.at();
}

std::string with_trailer(std::size_t size) {
  return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Sum: "
         + std::string(size, 'x') + "\r\n\r\n";
}

TEST(RequestReader, RefusesALongTrailerHoweverItsBytesArrive) {
  for (const std::size_t piece : {1, 4, 7, 64, 1'000}) {
    EXPECT_EQ(after(with_trailer(60), piece), request_reader::step::complete) << piece;
    EXPECT_EQ(after(with_trailer(160), piece), request_reader::step::refused) << piece;
  }
}

} // namespace
} // namespace troupe::gateway
