#include "power/protocol/tc66_frame.h"

#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace tbft::power::tc66 {
namespace {

// The key is the same in every device and published, so it is not a secret.
constexpr std::array<std::uint8_t, 32> key{0x58, 0x21, 0xfa, 0x56, 0x01, 0xb2, 0xf0, 0x26, 0x87, 0xff, 0x12,
                                           0x04, 0x62, 0x2a, 0x4f, 0xb0, 0x86, 0xf4, 0x02, 0x60, 0x81, 0x6f,
                                           0x9a, 0x0b, 0xa7, 0xf1, 0x06, 0x61, 0x9a, 0xb8, 0x72, 0x88};
constexpr std::size_t cipher_block = 16;
constexpr std::size_t block = 64;
constexpr std::size_t checked = 60;  // bytes of a block covered by its CRC
// The nominal range is 20 V and 5 A.
constexpr double most_V = 30;
constexpr double most_A = 7;
constexpr std::array<std::string_view, 3> block_names{"pac1", "pac2", "pac3"};

std::uint32_t u32(std::span<const std::uint8_t> bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8U | bytes[at + i];
  return value;
}

bool begins_with(std::span<const std::uint8_t> bytes, std::string_view name) {
  return bytes.size() >= name.size() &&
         std::ranges::equal(bytes.first(name.size()), name, {}, {}, [](char c) { return static_cast<std::uint8_t>(c); });
}

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

}  // namespace

struct Cipher {
  explicit Cipher(bool encrypts) : context(EVP_CIPHER_CTX_new()) {
    if (!context || EVP_CipherInit_ex(context.get(), EVP_aes_256_ecb(), nullptr, key.data(), nullptr, encrypts ? 1 : 0) != 1 ||
        EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1) {
      throw std::runtime_error("tc66: OpenSSL has no AES-256-ECB");
    }
  }
  // Decrypts whole cipher blocks. In ECB blocks are independent, so the context needs no reset between calls.
  void apply(std::span<const std::uint8_t> from, std::span<std::uint8_t> to) const {
    int written = 0;
    if (EVP_CipherUpdate(context.get(), to.data(), &written, from.data(), static_cast<int>(from.size())) != 1 ||
        written != static_cast<int>(from.size())) {
      throw std::runtime_error("tc66: OpenSSL failed to decrypt");
    }
  }
  std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context;
};

std::uint16_t crc16(std::span<const std::uint8_t> bytes) {
  unsigned crc = 0xFFFF;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ 0xA001U : crc >> 1U;
  }
  return static_cast<std::uint16_t>(crc);
}

std::optional<Frame> decode(const Bytes& plain) {
  for (std::size_t i = 0; i < block_names.size(); ++i) {
    const auto bytes = std::span(plain).subspan(i * block, block);
    if (!begins_with(bytes, block_names[i]) || u32(bytes, checked) != crc16(bytes.first(checked))) return std::nullopt;
  }
  Frame f;
  for (const std::uint8_t byte : std::span(plain).subspan(4, 4)) {
    if (byte >= 0x20 && byte < 0x7f) f.model += static_cast<char>(byte);
  }
  f.serial = u32(plain, 12);
  f.volts_V = u32(plain, 48) * 1e-4;
  f.amps_A = u32(plain, 52) * 1e-5;
  f.power_W = u32(plain, 56) * 1e-4;
  if (f.volts_V > most_V || f.amps_A > most_A) return std::nullopt;
  f.load_ohm = u32(plain, 68) * 0.1;
  f.charge_Ah = u32(plain, 72) * 1e-3;
  f.energy_Wh = u32(plain, 76) * 1e-3;
  f.temperature_C = (u32(plain, 88) != 0 ? -1.0 : 1.0) * u32(plain, 92);
  f.d_plus_V = u32(plain, 96) * 1e-2;
  f.d_minus_V = u32(plain, 100) * 1e-2;
  return f;
}

Bytes encrypt(const Bytes& plain) {
  Bytes out{};
  Cipher(true).apply(plain, out);
  return out;
}

Stream::Stream() : cipher_(std::make_unique<Cipher>(false)) {}
Stream::~Stream() = default;

std::optional<Frame> Stream::next() {
  // The cipher text has no start mark: a frame begins where a cipher block decrypts to the first block's name.
  std::array<std::uint8_t, cipher_block> head{};
  for (;;) {
    const auto bytes = queue_.bytes();
    std::size_t start = 0;
    for (; start + cipher_block <= bytes.size(); ++start) {
      cipher_->apply(bytes.subspan(start, cipher_block), head);
      if (begins_with(head, block_names[0])) break;
    }
    queue_.drop(start);
    if (queue_.bytes().size() < frame_bytes) return std::nullopt;
    Bytes plain{};
    cipher_->apply(queue_.bytes().first(frame_bytes), plain);
    auto frame = decode(plain);
    queue_.drop(frame ? frame_bytes : 1);
    if (frame) return frame;
    ++rejected_;
  }
}

}  // namespace tbft::power::tc66
