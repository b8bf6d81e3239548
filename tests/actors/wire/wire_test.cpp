// What travels between nodes of two releases is frozen: the number of its type, and its bytes.
#include "supervisors/message_types.hpp"
#include "tests/actors/wire/samples.hpp"
#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <set>
#include <sstream>

namespace troupe::wire {
namespace {

struct message_type {
  caf::type_id_t id = 0;
  std::string name;
  bool stays = false; // on its node
};

template <class Block> void list_block(std::vector<message_type>& to) {
  [&]<std::size_t... Offsets>(std::index_sequence<Offsets...>) {
    const auto list = [&]<std::size_t Offset>() {
      constexpr auto id = static_cast<caf::type_id_t>(Block::begin + Offset);
      const auto name = caf::type_name_by_id_v<id>;
      to.push_back({id,
                    {name.begin(), name.end()},
                    static_cast<bool>(caf::is_allowed_unsafe_message_type_v<caf::type_by_id_t<id>>)});
    };
    (list.template operator()<Offsets>(), ...);
  }
  (std::make_index_sequence<Block::end - Block::begin>{});
}

template <class... Blocks> std::vector<message_type> list_all(block_list<Blocks...>) {
  std::vector<message_type> result;
  (list_block<Blocks>(result), ...);
  return result;
}

/// "troupe::order::place" is in "wire/order.place.hex".
std::string file_of(std::string_view type) {
  if (type.starts_with("troupe::"))
    type.remove_prefix(8);
  std::string out;
  for (const char c : type)
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '_')
      out += c;
    else if (!out.empty() && out.back() != '.')
      out += '.';
  if (out.back() == '.')
    out.pop_back();
  return "wire/" + out + ".hex";
}

std::string hex(const caf::byte_buffer& bytes) {
  if (bytes.empty())
    return "-";
  std::string out;
  for (const auto x : bytes)
    for (const int shift : {4, 0})
      out += "0123456789abcdef"[(static_cast<unsigned>(x) >> shift) & 15];
  return out;
}

caf::byte_buffer unhex(std::string_view text) {
  caf::byte_buffer out;
  if (text != "-")
    for (; text.size() > 1; text.remove_prefix(2))
      out.push_back(static_cast<caf::byte>(std::stoi(std::string{text.substr(0, 2)}, nullptr, 16)));
  return out;
}

std::string first_line(caf::type_id_t id, const std::string& type) {
  return std::to_string(id) + ' ' + type;
}

std::string frozen_form(caf::type_id_t id, const samples_of_type& x) {
  auto out = first_line(id, x.type);
  for (const auto& each : x.samples)
    out += '\n' + each.name + ' ' + hex(each.bytes);
  return out;
}

TEST(Wire, HasASampleOfEveryMessageThatMayTravel) {
  for (const auto& x : list_all(message_blocks{}))
    EXPECT_EQ(all_samples().by_type().contains(x.id), !x.stays) << x.name;
}

TEST(Wire, KnowsEveryRegisteredMessage) {
  std::set<caf::type_id_t> known;
  for (const auto& x : list_all(message_blocks{}))
    known.insert(x.id);
  const auto registered = caf::detail::global_meta_objects();
  for (std::size_t id = caf::first_custom_type_id; id < registered.size(); ++id) {
    const auto name = registered[id].type_name;
    EXPECT_TRUE(name.empty() || known.contains(static_cast<caf::type_id_t>(id)))
      << std::string{name.begin(), name.end()};
  }
}

TEST(Wire, SetsEveryFieldInASample) {
  for (const auto& [id, x] : all_samples().by_type())
    for (const auto& field : x.fields.never_seen())
      ADD_FAILURE() << x.type << " has no sample with: " << field;
}

TEST(Wire, SendsTheFrozenBytesUnderTheFrozenNumber) {
  for (const auto& [id, x] : all_samples().by_type()) {
    const auto now = frozen_form(id, x);
    test::freeze_new(file_of(x.type), now);
    EXPECT_EQ(now, test::golden(file_of(x.type)));
  }
}

TEST(Wire, ReadsTheFrozenBytes) {
  for (const auto& [id, x] : all_samples().by_type()) {
    std::istringstream in{test::golden(file_of(x.type))};
    std::string line;
    std::getline(in, line);
    for (const auto& each : x.samples) {
      std::string name, text;
      in >> name >> text;
      EXPECT_EQ(each.load(unhex(text)), loaded::same) << x.type << ' ' << each.name;
    }
  }
}

TEST(Wire, ForgetsNoFrozenMessage) {
  std::map<std::string, std::string> known;
  for (const auto& x : list_all(message_blocks{}))
    if (!x.stays)
      known[file_of(x.name)] = first_line(x.id, x.name);
  for (const auto& file : std::filesystem::directory_iterator{test::source_folder() / "tests/golden/wire"}) {
    const auto path = "wire/" + file.path().filename().string();
    const auto text = test::golden(path);
    EXPECT_EQ(known[path], text.substr(0, text.find('\n'))) << path;
  }
}

TEST(Wire, RefusesBytesThatEndTooSoon) {
  for (const auto& [id, x] : all_samples().by_type())
    for (const auto& each : x.samples)
      for (std::size_t length = 0; length < each.bytes.size(); ++length)
        EXPECT_EQ(each.load({each.bytes.data(), length}), loaded::nothing)
          << x.type << ' ' << each.name << ' ' << length;
}

TEST(Wire, TakesFlippedBitsForAnErrorOrAValue) {
  std::size_t flipped = 0;
  std::size_t unnoticed = 0; // all bits of a true or a presence mean the same
  for (const auto& [id, x] : all_samples().by_type())
    for (const auto& each : x.samples)
      for (std::size_t bit = 0; bit < each.bytes.size() * 8; ++bit) {
        auto bytes = each.bytes;
        bytes[bit / 8] ^= static_cast<caf::byte>(1 << (bit % 8));
        const auto result = each.load(bytes);
        EXPECT_NE(result, loaded::unstable) << x.type << ' ' << each.name << ' ' << bit;
        ++flipped;
        unnoticed += result == loaded::same;
      }
  EXPECT_LT(unnoticed * 20, flipped);
}

TEST(Wire, RefusesNumbersOfNoValue) {
  for (const int number : {0, 5, 255})
    EXPECT_FALSE(
      load<pause::get>(unhex(std::string{"0123456789abcdef"[number >> 4]} + "0123456789abcdef"[number & 15] + "0161")))
      << number;
  EXPECT_TRUE(load<pause::get>(unhex("040161"))) << "the highest that there is";
}

} // namespace
} // namespace troupe::wire
