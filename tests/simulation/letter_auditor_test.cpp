// The auditor of dead letters notices each kind of wrong by itself.
#include "tests/simulation/letter_auditor.hpp"

#include "actors/dead_letter/stored.hpp"
#include "actors/outlet/stored.hpp"

#include <gtest/gtest.h>

namespace troupe::simulation {
namespace {

const std::string place = "copy/order/order-1";
const std::string letter = dead_letter::id_of(place + "/2/1").value;
const std::string of_mail = dead_letter::id_of("notification/m").value;

class LetterAuditor : public testing::Test {
protected:
  template <class Event> static journal::stored_event stored(std::string context, std::string key, const Event& what) {
    auto form = encode(what);
    journal::stored_event x;
    x.stream = {std::move(context), std::move(key)};
    x.type = std::move(form.type);
    x.schema = form.schema;
    x.data = std::move(form.data);
    x.personal = std::move(form.personal);
    return x;
  }

  void park(const outlet::event& what) { audit.follow_parking(stored("outlet", place, what)); }
  void write(const dead_letter::event& what, const std::string& id = letter) {
    audit.follow_letter(stored("dead_letter", id, what));
  }

  /// The second event of the order.
  void give_up() {
    park(outlet::parked{{"copy", "order", "order-1"}, {7, 2, "order.priced"}});
    park(outlet::given_up{7, ec::refused});
  }

  void expect(std::string_view part) const {
    EXPECT_NE(violation.find(part), std::string::npos) << '"' << violation << '"';
  }

  std::string violation;
  letter_auditor audit{[this](std::string what) {
    if (violation.empty())
      violation = std::move(what);
  }};
};

TEST_F(LetterAuditor, AcceptsEventsInTheirOrderAndWhatWasGivenUpBetween) {
  audit.passed_on("order-1", 1);
  audit.taken("order-1", 1);
  give_up();
  audit.passed_on("order-1", 3);
  audit.taken("order-1", 3);
  write(dead_letter::recorded{});
  park(outlet::letter_recorded{1});
  audit.check_taken("order-1", 3);
  dead_letter::entry open;
  open.id = {letter};
  audit.close({open});
  EXPECT_EQ(violation, "");
  EXPECT_TRUE(audit.given_up("copy/order", "order-1"));
}

TEST_F(LetterAuditor, RefusesAnEventThatOvertakesAnother) {
  audit.taken("order-1", 1);
  audit.passed_on("order-1", 3);
  expect("event 3 of order order-1 was passed on before event 2 was taken or given up");
}

TEST_F(LetterAuditor, RefusesAnEventThatNobodyGot) {
  audit.taken("order-1", 1);
  audit.check_taken("order-1", 2);
  expect("event 2 of order order-1 was neither passed on nor given up");
}

TEST_F(LetterAuditor, RefusesThatALetterIsLost) {
  give_up();
  audit.close({});
  expect("its letter " + letter + " is lost");
}

TEST_F(LetterAuditor, RefusesThatTheLetterOfAMailIsLost) {
  audit.gave_up("notification/order-1/confirmation");
  audit.close({});
  expect("is lost");
}

TEST_F(LetterAuditor, RefusesThatTheLetterOfAnOrderInReviewIsLost) {
  audit.gave_up("order/order-1");
  audit.close({});
  expect("is lost");
}

TEST_F(LetterAuditor, AcceptsALetterOfTheOutletInsteadOfOneThatItCouldNotMake) {
  const outlet::place reviews{"reviews", "order", "order-1"};
  audit.gave_up("order/order-1");
  audit.follow_parking(stored("outlet", reviews.key(), outlet::event{outlet::parked{reviews, {7, 2, "order.x"}}}));
  audit.follow_parking(stored("outlet", reviews.key(), outlet::event{outlet::given_up{7, ec::overloaded}}));
  const auto instead = dead_letter::id_of(reviews.key() + "/2/1").value;
  audit.close({});
  expect("its letter " + instead + " is lost");
}

TEST_F(LetterAuditor, RefusesThatAMailIsPutBackWhichNobodyReplays) {
  audit.gave_up("notification/m");
  write(dead_letter::recorded{}, of_mail);
  audit.took_up("notification/m");
  expect("nobody replays its letter");
}

TEST_F(LetterAuditor, AcceptsAReplayThatIsCarriedOutAfterItWasThoughtFailed) {
  audit.gave_up("notification/m");
  write(dead_letter::recorded{}, of_mail);
  write(dead_letter::replay_requested{}, of_mail);
  write(dead_letter::replay_failed{1, ec::interrupted}, of_mail);
  audit.took_up("notification/m");
  EXPECT_EQ(violation, "");
  audit.gave_up("notification/m");
  audit.took_up("notification/m");
  expect("nobody replays its letter");
}

TEST_F(LetterAuditor, RefusesALetterThatDoesNotTellThatItsMailWasGivenUpAgain) {
  audit.gave_up("notification/m");
  write(dead_letter::recorded{}, of_mail);
  write(dead_letter::replay_requested{}, of_mail);
  audit.took_up("notification/m");
  write(dead_letter::replayed{1}, of_mail);
  audit.gave_up("notification/m");
  audit.close({});
  expect("was given up 2 times");
}

TEST_F(LetterAuditor, AcceptsALetterThatIsOpenAgain) {
  audit.gave_up("notification/m");
  write(dead_letter::recorded{}, of_mail);
  write(dead_letter::replay_requested{}, of_mail);
  audit.took_up("notification/m");
  write(dead_letter::replayed{1}, of_mail);
  audit.gave_up("notification/m");
  write(dead_letter::recurred{2, "expired", "again", 1}, of_mail);
  dead_letter::entry open;
  open.id = {of_mail};
  audit.close({open});
  EXPECT_EQ(violation, "");
}

TEST_F(LetterAuditor, RefusesALetterOfWhatNobodyGaveUp) {
  write(dead_letter::recorded{});
  expect("of what nobody gave up");
}

TEST_F(LetterAuditor, RefusesANoteOfALetterThatIsNotDurable) {
  give_up();
  park(outlet::letter_recorded{1});
  expect("is said to be recorded before it is durable");
}

TEST_F(LetterAuditor, RefusesWhatIsParkedForEver) {
  park(outlet::parked{{"copy", "order", "order-1"}, {7, 2, "order.priced"}});
  audit.close({});
  expect("are parked for ever");
}

TEST_F(LetterAuditor, RefusesADirectoryThatForgets) {
  give_up();
  write(dead_letter::recorded{});
  audit.close({});
  expect("is open, and the directory says otherwise");
}

TEST_F(LetterAuditor, RefusesASecondReplayOfTheSameLetter) {
  give_up();
  write(dead_letter::recorded{});
  write(dead_letter::replay_requested{});
  write(dead_letter::replayed{1});
  write(dead_letter::replay_requested{});
  expect("is replayed and is replayed");
}

TEST_F(LetterAuditor, RefusesThatAnOperatorIsToldOfWhatIsNotDurable) {
  dead_letter::view x;
  x.id = {letter};
  audit.told(x);
  expect("is not durable");
}

} // namespace
} // namespace troupe::simulation
