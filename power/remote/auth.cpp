#include "power/remote/auth.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace tbft::power::remote {
namespace {

constexpr std::size_t tag_size = 16;

Digest hmac(ByteView key, ByteView message) {
  Digest digest{};
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), message.data(), message.size(), digest.data(), &size) ==
          nullptr ||
      size != digest.size()) {
    throw std::runtime_error("HMAC-SHA256 is not available in OpenSSL");
  }
  return digest;
}

Digest labelled(const Key& key, std::string_view label, const Digest& server_nonce, const Digest& client_nonce) {
  Bytes message(label.begin(), label.end());
  message.insert(message.end(), server_nonce.begin(), server_nonce.end());
  message.insert(message.end(), client_nonce.begin(), client_nonce.end());
  return hmac(key, message);
}

// A file descriptor that closes itself.
struct File {
  int fd;
  explicit File(const std::filesystem::path& path) : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (fd >= 0) ::close(fd);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
};

}  // namespace

Key read_key_file(const std::filesystem::path& path, bool in_private_folder) {
  const auto fail = [&](std::string_view what) {
    throw BadMeterUri(fmt::format("key file {}: {}; make one with `(umask 077; openssl rand -hex 32 > {})`", path.string(),
                                  what, path.string()));
  };
  const File file(path);
  if (file.fd < 0) fail(std::strerror(errno));
  struct stat status {};
  if (::fstat(file.fd, &status) != 0 || !S_ISREG(status.st_mode)) fail("not a file");
  if (!in_private_folder && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw BadMeterUri(
        fmt::format("key file {}: others than its owner can open it; `chmod 600 {}`", path.string(), path.string()));
  }
  Key key(longest_key + 3);
  std::size_t size = 0;
  while (size < key.size()) {
    const ssize_t got = ::read(file.fd, key.data() + size, key.size() - size);
    if (got < 0) fail(std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  key.resize(size);
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  if (key.size() < shortest_key) fail(fmt::format("{} bytes, at least {} are needed", key.size(), shortest_key));
  if (key.size() > longest_key) fail(fmt::format("more than {} bytes", longest_key));
  return key;
}

Digest random_nonce() {
  Digest nonce{};
  if (RAND_bytes(nonce.data(), static_cast<int>(nonce.size())) != 1) throw std::runtime_error("OpenSSL has no random bytes");
  return nonce;
}

Digest proof(const Key& key, Side side, const Digest& server_nonce, const Digest& client_nonce) {
  return labelled(key, side == Side::server ? "tbft 1 server" : "tbft 1 client", server_nonce, client_nonce);
}

bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Seal::Seal(const Key& key, Side sender, const Digest& server_nonce, const Digest& client_nonce) : sender_(sender) {
  const Digest frames = labelled(key, "tbft 1 frames", server_nonce, client_nonce);
  key_.emplace(frames.begin(), frames.end());
}

Digest Seal::tag(ByteView payload) {
  Bytes message{static_cast<std::uint8_t>(sender_)};
  for (int shift = 56; shift >= 0; shift -= 8) message.push_back(static_cast<std::uint8_t>(number_ >> shift));
  ++number_;
  message.insert(message.end(), payload.begin(), payload.end());
  return hmac(*key_, message);
}

Bytes Seal::close(ByteView payload) {
  if (!key_) return frame(payload);
  const Digest digest = tag(payload);
  return frame(payload, ByteView(digest).first(tag_size));
}

std::optional<ByteView> Seal::open(ByteView sealed) {
  if (!key_) return sealed;
  if (sealed.size() <= tag_size) return std::nullopt;
  const ByteView payload = sealed.first(sealed.size() - tag_size);
  const Digest digest = tag(payload);
  if (!equal(ByteView(digest).first(tag_size), sealed.last(tag_size))) return std::nullopt;
  return payload;
}

}  // namespace tbft::power::remote
