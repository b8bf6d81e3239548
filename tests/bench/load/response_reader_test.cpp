#include "bench/load/response_reader.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace troupe::load {

namespace {

void feed(response_reader& reader, std::string_view bytes) {
  const auto space = reader.space();
  ASSERT_GE(space.size(), bytes.size());
  std::memcpy(space.data(), bytes.data(), bytes.size());
  reader.filled(bytes.size());
}

TEST(LoadResponseReader, ReadsAnAnswerThatComesByteByByte) {
  const std::string_view text = "HTTP/1.1 201 Created\r\ncontent-LENGTH:  5 \r\nX: y\r\n\r\nhello";
  response_reader reader;
  response answer;
  for (std::size_t i = 0; i < text.size(); ++i) {
    ASSERT_EQ(reader.read(answer), progress::more);
    feed(reader, text.substr(i, 1));
  }
  ASSERT_EQ(reader.read(answer), progress::whole);
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_TRUE(answer.keep_alive);
  EXPECT_FALSE(answer.retry_after);
}

TEST(LoadResponseReader, GoesOnWithTheNextAnswer) {
  response_reader reader;
  feed(reader,
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 503 Later\r\nRetry-After: 7\r\nConnection: close\r\n"
       "Content-Length: 0\r\n\r\n");
  response answer;
  ASSERT_EQ(reader.read(answer), progress::whole);
  EXPECT_EQ(answer.body, "a");
  reader.drop();
  ASSERT_EQ(reader.read(answer), progress::whole);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.retry_after, 7u);
  EXPECT_FALSE(answer.keep_alive);
  reader.drop();
  EXPECT_TRUE(reader.empty());
}

TEST(LoadResponseReader, RefusesWhatItDoesNotKnow) {
  for (const auto* text :
       {"HTTP/2 200\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
        "nonsense\r\n\r\n"}) {
    response_reader reader;
    response answer;
    feed(reader, text);
    EXPECT_EQ(reader.read(answer), progress::broken) << text;
  }
}

} // namespace

} // namespace troupe::load
