// Authenticates clients of a served meter and protects its readings against changes. Nothing is encrypted, so anyone on the
// network can see the readings.
//
// Client and server share a key and prove it to each other with HMAC-SHA256 over both nonces of the connection:
//   proof of a side  = HMAC(key, label | server nonce | client nonce), label "tbft 1 client" or "tbft 1 server"
//   key of the connection = the same with "tbft 1 frames"
//   tag of a frame   = first 16 bytes of HMAC(key of the connection, u8 side | u64 number | payload), side 0 for the server's
//                      frames and 1 for the client's, number from 0 up.
// A replayed, dropped, reordered or changed frame has a wrong tag.
#pragma once

#include <optional>

#include "power/protocol/remote_frame.h"
#include "tbft/power/server.h"

namespace tbft::power::remote {

// Random bytes; throws std::runtime_error if the system has none.
Digest random_nonce();

enum class Side : std::uint8_t { server = 0, client = 1 };
Digest proof(const Key& key, Side side, const Digest& server_nonce, const Digest& client_nonce);
// Compares in a time that does not depend on the bytes.
bool equal(ByteView a, ByteView b);

// The tags of one direction of one connection. Default: no key, no tags.
class Seal {
 public:
  Seal() = default;
  Seal(const Key& key, Side sender, const Digest& server_nonce, const Digest& client_nonce);

  // The next frame to send, including its length.
  Bytes close(ByteView payload);
  // The payload of the next frame received, or nullopt if its tag is wrong.
  std::optional<ByteView> open(ByteView sealed);

 private:
  Digest tag(ByteView payload);

  std::optional<Key> key_;
  Side sender_ = Side::server;
  std::uint64_t number_ = 0;
};

}  // namespace tbft::power::remote
