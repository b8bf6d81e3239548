#include "gateways/http/json_schema.hpp"

#include "gateways/http/text_forms.hpp"

// Without this, the library ends the process where it cannot go on.
#define VALIJSON_USE_EXCEPTIONS 1
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

namespace troupe::gateway {

namespace {

using nlohmann::json;

// Builds the value as it reads, so that a refused text is never held as a whole.
class builder final : public nlohmann::json_sax<json> {
public:
  builder(json& root, std::size_t depth_max) : root_(root), depth_max_(depth_max) {}

  std::string refusal;

  bool null() override { return put(nullptr); }
  bool boolean(bool x) override { return put(x); }
  bool number_integer(number_integer_t x) override { return put(x); }

  bool number_unsigned(number_unsigned_t x) override {
    if (x > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max()))
      return refuse("the number " + std::to_string(x) + " does not fit 64 bits");
    return put(static_cast<number_integer_t>(x));
  }

  bool number_float(number_float_t x, const string_t& text) override {
    // The reader makes decimals of integers that do not fit, and would round them.
    if (text.find_first_of(".eE") == text.npos)
      return refuse("the number " + text.substr(0, 40) + " does not fit 64 bits");
    return put(x);
  }

  bool string(string_t& x) override { return put(std::move(x)); }
  bool binary(binary_t&) override { return refuse("binary values are not JSON"); }

  bool start_object(std::size_t) override { return open(json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_array() override { return close(); }

  bool key(string_t& x) override {
    auto& object = open_.back()->get_ref<json::object_t&>();
    const auto [where, fresh] = object.try_emplace(std::move(x));
    if (!fresh)
      return refuse("the member \"" + where->first.substr(0, 80) + "\" stands twice in one object");
    member_ = &where->second;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const json::exception& e) override {
    // The library's sentence starts with its own name and number and the byte that we name ourselves, and ends with
    // what it has read, which may be a person's.
    std::string what = e.what();
    if (what.starts_with("[json.exception"))
      what.erase(0, std::min(what.size(), what.find("] ") + 2));
    if (what.starts_with("parse error at"))
      what.erase(0, std::min(what.size(), what.find(": ") + 2));
    if (const auto read = what.find("; last read:"); read != what.npos) {
      const auto expected = what.rfind("; expected");
      what = what.substr(0, read) + (expected == what.npos || expected < read ? "" : what.substr(expected));
    }
    return refuse("at byte " + std::to_string(position) + ": " + what);
  }

private:
  template <class T> bool put(T&& x) {
    slot() = std::forward<T>(x);
    return true;
  }

  json& slot() {
    if (open_.empty())
      return root_;
    if (open_.back()->is_object())
      return *member_;
    return open_.back()->get_ref<json::array_t&>().emplace_back();
  }

  bool open(json empty) {
    if (open_.size() == depth_max_)
      return refuse("values nest deeper than " + std::to_string(depth_max_) + " levels");
    auto& place = slot();
    place = std::move(empty);
    open_.push_back(&place);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  bool refuse(std::string why) {
    refusal = std::move(why);
    return false;
  }

  json& root_;
  const std::size_t depth_max_;
  std::vector<json*> open_;
  json* member_ = nullptr;
};

// The library writes a path as {"<root>", "[items]", "[0]"}.
std::string pointer_of(const std::vector<std::string>& path) {
  std::string out;
  for (const auto& step : path)
    if (step.size() >= 2 && step.front() == '[' && step.back() == ']')
      out += pointer_step(std::string_view{step}.substr(1, step.size() - 2));
  return out;
}

std::string quoted_in(const std::string& text) {
  const auto begin = text.find('\'');
  const auto end = text.rfind('\'');
  return begin == text.npos || end == begin ? "" : text.substr(begin + 1, end - begin - 1);
}

// These repeat, about an enclosing value, what an entry of its own says about the value inside.
bool is_echo(const std::string& text) {
  return text.starts_with("Failed to validate against schema associated")
         || text.starts_with("Failed to validate item #")
         || text.starts_with("Failed to validate against additional properties");
}

field_error told(const valijson::ValidationResults::Error& e) {
  auto pointer = pointer_of(e.context);
  if (e.description.starts_with("Missing required property"))
    return {pointer + pointer_step(quoted_in(e.description)), "is required"};
  if (e.description.starts_with("Object contains a property"))
    return {pointer + pointer_step(quoted_in(e.description.substr(e.description.rfind(": ") + 1))), "is not known"};
  return {std::move(pointer), e.description};
}

} // namespace

json_reading read_json(std::string_view text, std::size_t depth_max) {
  json_reading out;
  builder sax{out.value, depth_max};
  if (!json::sax_parse(text.begin(), text.end(), &sax)) {
    out.refusal = std::move(sax.refusal);
    out.value = nullptr;
  }
  return out;
}

struct json_schema::compiled {
  text_forms forms;
  valijson::Schema rest;

  explicit compiled(json& document) : forms(document) {
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter{document}, rest);
  }
};

json_schema::json_schema(nlohmann::json document) {
  try {
    compiled_ = std::make_unique<const compiled>(document);
  } catch (const std::exception& e) {
    throw std::invalid_argument(std::string{"not a JSON schema: "} + e.what());
  }
}

json_schema::json_schema(json_schema&&) noexcept = default;
json_schema& json_schema::operator=(json_schema&&) noexcept = default;
json_schema::~json_schema() = default;

std::vector<field_error> json_schema::check(const nlohmann::json& value) const {
  valijson::Validator validator;
  const valijson::adapters::NlohmannJsonAdapter adapter{value};
  if (validator.validate(compiled_->rest, adapter, nullptr) && compiled_->forms.fit(value))
    return {};
  valijson::ValidationResults results;
  validator.validate(compiled_->rest, adapter, &results);
  std::vector<field_error> out; // one for each field, with all that is wrong with it
  const auto add = [&](field_error error) {
    const auto same = std::find_if(out.begin(), out.end(), [&](const auto& x) { return x.pointer == error.pointer; });
    if (same == out.end())
      out.push_back(std::move(error));
    else if (same->detail != error.detail)
      same->detail += "; " + error.detail;
  };
  for (const auto& e : results)
    if (!is_echo(e.description))
      add(told(e));
  for (auto& error : compiled_->forms.check(value))
    add(std::move(error));
  if (out.empty())
    out.push_back({"", "is not valid"});
  return out;
}

} // namespace troupe::gateway
