// adapters/payment/stripe/twin_parameters.hpp: the parameters that the twin takes; like Stripe, it refuses any other.
#pragma once

#include <string_view>

namespace troupe::payment::stripe {

inline constexpr std::string_view create_parameters[] = {"amount",
                                                         "currency",
                                                         "automatic_payment_methods",
                                                         "capture_method",
                                                         "confirm",
                                                         "confirmation_method",
                                                         "customer",
                                                         "description",
                                                         "error_on_requires_action",
                                                         "expand",
                                                         "metadata",
                                                         "off_session",
                                                         "payment_method",
                                                         "payment_method_data",
                                                         "payment_method_options",
                                                         "payment_method_types",
                                                         "receipt_email",
                                                         "return_url",
                                                         "setup_future_usage",
                                                         "shipping",
                                                         "statement_descriptor",
                                                         "statement_descriptor_suffix",
                                                         "transfer_group",
                                                         "use_stripe_sdk"};
inline constexpr std::string_view confirm_parameters[] = {"capture_method",
                                                          "error_on_requires_action",
                                                          "expand",
                                                          "off_session",
                                                          "payment_method",
                                                          "payment_method_data",
                                                          "payment_method_options",
                                                          "payment_method_types",
                                                          "receipt_email",
                                                          "return_url",
                                                          "setup_future_usage",
                                                          "shipping",
                                                          "use_stripe_sdk"};
inline constexpr std::string_view capture_parameters[] = {
  "amount_to_capture", "expand", "final_capture", "metadata", "statement_descriptor", "statement_descriptor_suffix"};
inline constexpr std::string_view cancel_parameters[] = {"cancellation_reason", "expand"};
inline constexpr std::string_view refund_parameters[] = {"amount", "expand", "metadata", "payment_intent", "reason"};
inline constexpr std::string_view cancellation_reasons[] = {"duplicate", "fraudulent", "requested_by_customer",
                                                            "abandoned"};

} // namespace troupe::payment::stripe
