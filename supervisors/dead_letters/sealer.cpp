#include "supervisors/dead_letters/sealer.hpp"

#include "supervisors/entropy.hpp"
#include "supervisors/operator_key.hpp"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace troupe {

namespace {

// A sealed text is a version, a nonce, as many bytes as the text has, and a tag.
constexpr char version = 1;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

using cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view x) {
  return reinterpret_cast<const unsigned char*>(x.data());
}

unsigned char* bytes_of(std::string& x, std::size_t from) {
  return reinterpret_cast<unsigned char*>(x.data()) + from;
}

int value_of(char digit) {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/// Whether `digits` are exactly `size` bytes in hex, which then stand in `out`.
bool read_hex(std::string_view digits, unsigned char* out, std::size_t size) {
  if (digits.size() != 2 * size)
    return false;
  for (std::size_t i = 0; i < size; ++i) {
    const int high = value_of(digits[2 * i]);
    const int low = value_of(digits[2 * i + 1]);
    if (high < 0 || low < 0)
      return false;
    out[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return true;
}

void ensure_done(bool done) {
  if (!done)
    throw std::runtime_error{"OpenSSL cannot encrypt with AES-256-GCM"};
}

} // namespace

sealer::sealer(const std::filesystem::path& file) {
  const auto loaded = load_operator_key(file, "dead letter key");
  if (!read_hex(loaded.key, key_.data(), key_.size()))
    throw std::runtime_error{
      "dead letter key " + file.string()
      + ": holds no 64 hex digits; restore it from a backup, or delete it and lose what it sealed"};
}

std::string sealer::seal(std::string_view text, std::string_view subject) const {
  std::string out(1 + nonce_bytes + text.size() + tag_bytes, '\0');
  out[0] = version;
  auto* nonce = bytes_of(out, 1);
  ensure_done(read_hex(random_secret(nonce_bytes), nonce, nonce_bytes));
  const cipher with{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
  int written = 0;
  ensure_done(
    with && EVP_EncryptInit_ex(with.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce) == 1
    && EVP_EncryptUpdate(with.get(), nullptr, &written, bytes_of(subject), static_cast<int>(subject.size())) == 1
    && EVP_EncryptUpdate(with.get(), bytes_of(out, 1 + nonce_bytes), &written, bytes_of(text),
                         static_cast<int>(text.size()))
         == 1
    && EVP_EncryptFinal_ex(with.get(), bytes_of(out, 1 + nonce_bytes + text.size()), &written) == 1
    && EVP_CIPHER_CTX_ctrl(with.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, bytes_of(out, out.size() - tag_bytes)) == 1);
  return out;
}

std::optional<std::string> sealer::open(std::string_view sealed, std::string_view subject) const {
  if (sealed.size() < 1 + nonce_bytes + tag_bytes || sealed[0] != version)
    return std::nullopt;
  const auto nonce = sealed.substr(1, nonce_bytes);
  const auto hidden = sealed.substr(1 + nonce_bytes, sealed.size() - 1 - nonce_bytes - tag_bytes);
  std::string tag{sealed.substr(sealed.size() - tag_bytes)};
  std::string out(hidden.size() + 1, '\0'); // Never empty, so that there is an address.
  const cipher with{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
  int written = 0;
  const bool good =
    with && EVP_DecryptInit_ex(with.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes_of(nonce)) == 1
    && EVP_DecryptUpdate(with.get(), nullptr, &written, bytes_of(subject), static_cast<int>(subject.size())) == 1
    && EVP_DecryptUpdate(with.get(), bytes_of(out, 0), &written, bytes_of(hidden), static_cast<int>(hidden.size())) == 1
    && EVP_CIPHER_CTX_ctrl(with.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1
    && EVP_DecryptFinal_ex(with.get(), bytes_of(out, hidden.size()), &written) == 1;
  if (!good)
    return std::nullopt;
  out.resize(hidden.size());
  return out;
}

} // namespace troupe
