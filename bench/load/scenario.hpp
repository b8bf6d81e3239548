// bench/load/scenario.hpp: what is asked, and which answers are right.
#pragma once

#include "bench/load/response_reader.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::load {

enum class verdict {
  right,
  busy,  // 429 or 503: a correct refusal, to be asked again later
  wrong, // anything else that the scenario does not expect
};

struct judgement {
  load::verdict verdict = load::verdict::right;
  std::string why; // of a verdict other than right; few different ones, because they are counted
  std::string id;  // of what was made, if something was
  std::string state;
};

class scenario {
public:
  virtual ~scenario() = default;

  /// Appends the whole request number `i`.
  virtual void write(std::uint64_t i, std::string& out) = 0;

  /// Of the answer to request `i`.
  virtual judgement judge(std::uint64_t i, const response& answer) = 0;

  /// What only shows when every answer is there.
  virtual std::vector<judgement> judge_all() { return {}; }
};

/// Right when the status is one of these. 429 and 503 are busy unless they are among them.
judgement judge_status(const response& answer, std::initializer_list<int> right);

// ---- get -----------------------------------------------------------------------------------------------------------

class get_scenario : public scenario {
public:
  get_scenario(const std::string& host, const std::string& target, int status);

  void write(std::uint64_t i, std::string& out) override;
  judgement judge(std::uint64_t i, const response& answer) override;

private:
  std::string request_;
  int status_;
};

// ---- orders --------------------------------------------------------------------------------------------------------

struct order_options {
  std::vector<std::string> skus;
  std::size_t lines = 2; // of one order, of different SKUs
  double hot_share = 0;  // of orders whose first line is the first SKU, which no other line is then
  std::string currency = "EUR";
  std::string method = "tok_ok";
  std::string provider;               // the node's default when empty
  unsigned wait_seconds = 30;         // 0: the answer is 202 once the order is durable
  std::string expected = "confirmed"; // status of an order that was waited for
  bool any_end = false;               // or in any; an order that has not ended within the wait is right, too
  std::uint64_t seed = 1;             // of the choice of SKUs
  std::string key_prefix;             // of Idempotency-Key, which is sent when this is not empty
};

/// Places orders. The same seed places the same ones.
class order_scenario : public scenario {
public:
  order_scenario(const std::string& host, order_options with);

  void write(std::uint64_t i, std::string& out) override;
  judgement judge(std::uint64_t i, const response& answer) override;

  /// The same id in two answers.
  std::vector<judgement> judge_all() override;

  /// The SKUs of order `i`, and its Idempotency-Key if it has one.
  std::vector<std::string> skus_of(std::uint64_t i);
  std::string key_of(std::uint64_t i) const;

  /// Of every order that was acknowledged.
  const std::vector<std::string>& order_ids() const { return ids_; }

private:
  void choose_lines(std::uint64_t i);

  order_options with_;
  std::string head_;
  std::string body_start_;
  std::string body_end_;
  std::string body_;
  std::vector<std::size_t> lines_;
  std::vector<std::string> ids_;
};

// ---- setup ---------------------------------------------------------------------------------------------------------

/// Puts each SKU on sale and stocks it: two requests a SKU, number 2n and 2n + 1 for SKU n.
class stock_scenario : public scenario {
public:
  stock_scenario(std::string host, std::vector<std::string> skus, std::uint64_t units, std::string operator_key,
                 std::string currency);

  std::uint64_t requests() const { return 2 * skus_.size(); }

  void write(std::uint64_t i, std::string& out) override;
  judgement judge(std::uint64_t i, const response& answer) override;

private:
  std::string host_;
  std::vector<std::string> skus_;
  std::string units_;
  std::string operator_key_;
  std::string currency_;
};

} // namespace troupe::load
