#include "actors/kernel/request_context.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe {
namespace {

const std::string sample = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceContext, IsWrittenAsItWasRead) {
  const auto x = trace_context::parse(sample);
  ASSERT_TRUE(x);
  EXPECT_EQ(x->traceparent(), sample);
  EXPECT_EQ(x->trace_id(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(x->span, 0xb7ad6b7169203331u);
  EXPECT_TRUE(x->sampled);
}

TEST(TraceContext, KeepsOnlyTheSampledFlag) {
  EXPECT_FALSE(trace_context::parse(sample.substr(0, 53) + "02")->sampled);
  EXPECT_EQ(trace_context::parse(sample.substr(0, 53) + "ff")->traceparent(), sample);
}

TEST(TraceContext, ReadsALaterVersionThatAppendsFields) {
  EXPECT_TRUE(trace_context::parse("01" + sample.substr(2)));
  EXPECT_TRUE(trace_context::parse("01" + sample.substr(2) + "-more"));
  EXPECT_FALSE(trace_context::parse("01" + sample.substr(2) + "more"));
}

TEST(TraceContext, RefusesEverythingElse) {
  const std::vector<std::string> wrong{"",
                                       sample + "-more",
                                       "ff" + sample.substr(2),
                                       sample.substr(0, 54),
                                       "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                                       "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                                       "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                                       "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
                                       "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
                                       "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};
  for (const auto& text : wrong)
    EXPECT_FALSE(trace_context::parse(text)) << text;
}

} // namespace
} // namespace troupe
