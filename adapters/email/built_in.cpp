#include "adapters/email/built_in.hpp"

namespace troupe::email {

namespace {

// Tables and inline styles, because that is what mail programs understand.
constexpr std::string_view confirmation_html = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your order {{orderId}} is confirmed</title>
</head>
<body style="margin:0;padding:24px 12px;background:#eef1f4;font-family:Helvetica,Arial,sans-serif;color:#1d2733">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table role="presentation" width="560" cellpadding="0" cellspacing="0" style="max-width:560px;width:100%;background:#ffffff;border-radius:8px;border:1px solid #d9e0e7">
<tr><td style="padding:28px 32px 8px 32px;border-top:5px solid #0f766e;border-radius:8px 8px 0 0">
<div style="font-size:13px;letter-spacing:1px;text-transform:uppercase;color:#0f766e">Order confirmed</div>
<h1 style="margin:8px 0 4px 0;font-size:24px;line-height:30px">Thank you for your order</h1>
<p style="margin:0;font-size:15px;line-height:22px;color:#52606d">We have your payment, and your goods are set aside for you.</p>
</td></tr>
<tr><td style="padding:16px 32px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="font-size:13px;line-height:20px;color:#52606d;background:#f6f8fa;border-radius:6px">
<tr><td style="padding:12px 16px">Order<br><strong style="color:#1d2733;font-family:Menlo,Consolas,monospace">{{orderId}}</strong></td>
<td style="padding:12px 16px" align="right">Placed on<br><strong style="color:#1d2733">{{placedOn}}</strong></td></tr>
</table>
</td></tr>
<tr><td style="padding:0 32px 8px 32px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="font-size:15px;line-height:22px;border-collapse:collapse">
<tr style="font-size:12px;text-transform:uppercase;color:#7b8794">
<td style="padding:8px 0;border-bottom:1px solid #d9e0e7">Item</td>
<td style="padding:8px 0;border-bottom:1px solid #d9e0e7" align="right">Quantity</td>
<td style="padding:8px 0;border-bottom:1px solid #d9e0e7" align="right">Price</td>
<td style="padding:8px 0;border-bottom:1px solid #d9e0e7" align="right">Amount</td></tr>
{{#items}}<tr>
<td style="padding:10px 8px 10px 0;border-bottom:1px solid #eef1f4">{{sku}}</td>
<td style="padding:10px 0;border-bottom:1px solid #eef1f4" align="right">{{quantity}}</td>
<td style="padding:10px 0 10px 8px;border-bottom:1px solid #eef1f4;color:#52606d;white-space:nowrap" align="right">{{price}}</td>
<td style="padding:10px 0 10px 8px;border-bottom:1px solid #eef1f4;white-space:nowrap" align="right">{{amount}}</td></tr>
{{/items}}<tr>
<td colspan="3" style="padding:14px 0;font-weight:bold">Total</td>
<td style="padding:14px 0 14px 8px;font-weight:bold;white-space:nowrap" align="right">{{total}}</td></tr>
</table>
</td></tr>
<tr><td style="padding:8px 32px 28px 32px;font-size:13px;line-height:20px;color:#7b8794">Please name the order's number when you write to us about it.</td></tr>
</table>
</td></tr></table>
</body>
</html>
)";

constexpr std::string_view confirmation_text = R"(Thank you for your order.

We have your payment, and your goods are set aside for you.

Order      {{orderId}}
Placed on  {{placedOn}}

{{#items}}{{quantity}} x {{sku}}
    {{price}} each, {{amount}}
{{/items}}
Total      {{total}}

Please name the order's number when you write to us about it.
)";

constexpr std::string_view confirmation_sample = R"({
  "orderId": "019f0000-0000-7000-8000-000000000001", "placedOn": "2026-03-01", "total": "40.70 EUR",
  "items": [
    {"sku": "espresso-beans-1kg", "quantity": 2, "price": "12.90 EUR", "amount": "25.80 EUR"},
    {"sku": "cups <small> & \"round\"", "quantity": 1, "price": "14.90 EUR", "amount": "14.90 EUR"}
  ]
})";

constexpr std::string_view default_html = R"(<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>News about your order</title></head>
<body style="margin:24px;font-family:Helvetica,Arial,sans-serif;font-size:15px;line-height:22px;color:#1d2733">
<p>There is news about your order{{#orderId}} <strong>{{orderId}}</strong>{{/orderId}}.</p>
{{#total}}<p>Its total is {{total}}.</p>{{/total}}
<p>The shop that you ordered from shows what it is.</p>
</body>
</html>
)";

constexpr std::string_view default_text =
  R"(There is news about your order{{#orderId}} {{orderId}}{{/orderId}}.
{{#total}}
Its total is {{total}}.
{{/total}}
The shop that you ordered from shows what it is.
)";

constexpr built_in_template all[] = {
  {"default", "News about your order", default_text, default_html, confirmation_sample},
  {"order_confirmation", "Your order {{orderId}} is confirmed", confirmation_text, confirmation_html,
   confirmation_sample},
};

} // namespace

std::span<const built_in_template> built_in_templates() {
  return all;
}

} // namespace troupe::email
