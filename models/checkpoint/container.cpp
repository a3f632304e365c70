#include "models/checkpoint/container.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

#include "models/checkpoint/archive.h"
#include "models/checkpoint/printable.h"
#include "models/checkpoint/safetensors.h"

namespace tbft::models {
namespace {

template <typename... Args>
[[noreturn]] void fail(const std::string& name, fmt::format_string<Args...> text, Args&&... args) {
  throw CheckpointError(fmt::format("{}: {}", name, fmt::format(text, std::forward<Args>(args)...)));
}

// "x.pth/data.pkl" gives "x.pth/".
std::string find_root(const Archive& archive) {
  constexpr std::string_view pickle_name = "/data.pkl";
  std::optional<std::string> root;
  for (const std::string& entry : archive.entries()) {
    if (entry.ends_with(pickle_name) && entry.find('/') == entry.size() - pickle_name.size()) {
      if (root) fail(archive.name(), "two folders hold a data.pkl: {} and {}", printable(*root), printable(entry));
      root = entry.substr(0, entry.find('/') + 1);
    }
  }
  if (!root) fail(archive.name(), "a zip archive without data.pkl, so not a checkpoint of torch.save");
  if (archive.contains(*root + "constants.pkl")) {
    fail(archive.name(),
         "a TorchScript archive, which is a program: an experiment with model.network = \"torchscript\" and --allow-script run "
         "it; "
         "or save model.state_dict() with torch.save");
  }
  return *root;
}

class ZipContainer : public Container {
 public:
  explicit ZipContainer(Archive archive) : archive_(std::move(archive)), root_(find_root(archive_)) {
    check_byte_order();
    const std::string entry = root_ + "data.pkl";
    if (const pickle::Limits limits; archive_.size(entry) > limits.bytes)
      fail(name(), "data.pkl has {} bytes; at most {} are read", archive_.size(entry), limits.bytes);
    pickle_ = archive_.read(entry);
    document_ = pickle::parse(pickle_, name() + ": data.pkl");
  }
  const std::string& name() const override { return archive_.name(); }
  std::string_view part() const override { return "data.pkl"; }
  const pickle::Document& document() const override { return document_; }

  std::vector<std::byte> read(const pickle::Storage& what) override {
    std::int64_t bytes = 0;
    const bool too_many = __builtin_mul_overflow(what.count, static_cast<std::int64_t>(size_of(what.dtype)), &bytes);
    const std::string entry = root_ + "data/" + std::string(what.key);
    if (too_many || archive_.size(entry) != static_cast<std::uint64_t>(bytes)) {
      fail(name(), "data/{} has {} bytes; the pickle says {} elements of {}", what.key, archive_.size(entry), what.count,
           to_string(what.dtype));
    }
    return archive_.read(entry);
  }

  std::vector<std::string> class_names() override {
    constexpr std::uint64_t max_bytes = 1U << 20U;
    const std::string entry = root_ + std::string(class_names_entry);
    if (!archive_.contains(entry)) return {};
    if (archive_.size(entry) > max_bytes) fail(name(), "{} has {} bytes", class_names_entry, archive_.size(entry));
    const auto bytes = archive_.read(entry);
    std::vector<std::string> names;
    for (auto begin = bytes.begin(); begin != bytes.end();) {
      const auto end = std::find(begin, bytes.end(), std::byte{'\n'});
      if (end == bytes.end()) fail(name(), "{} ends inside a name", class_names_entry);
      auto& text = names.emplace_back();
      std::transform(begin, end, std::back_inserter(text), [](std::byte byte) { return static_cast<char>(byte); });
      begin = end + 1;
    }
    return names;
  }

 private:
  void check_byte_order() {
    const std::string entry = root_ + "byteorder";
    if (!archive_.contains(entry)) return;  // torch before 2.1 writes no such entry, on little-endian machines
    constexpr std::string_view little = "little";
    if (archive_.size(entry) == little.size()) {
      const std::vector<std::byte> order = archive_.read(entry);
      if (std::memcmp(order.data(), little.data(), little.size()) == 0) return;
    }
    fail(name(), "was written on a big-endian machine; only little-endian tensors are read");
  }

  Archive archive_;
  std::string root_;  // the top folder in the archive: "archive/"
  std::vector<std::byte> pickle_;
  pickle::Document document_;
};

// The pickles of a magic number and of the protocol 1001, exactly as torch.save writes them.
constexpr std::array<unsigned char, 21> old_head{0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a,
                                                 0xa8, 0x50, 0x19, 0x2e, 0x80, 0x02, 0x4d, 0xe9, 0x03, 0x2e};

bool is_old(std::span<const std::byte> bytes) {
  return bytes.size() >= old_head.size() && std::memcmp(bytes.data(), old_head.data(), old_head.size()) == 0;
}

// After the head: a pickle describing the machine, the pickle of the saved object, a pickled list of storage keys, and for each
// key the number of elements (8 bytes) and the elements.
class OldContainer : public Container {
 public:
  OldContainer(std::span<const std::byte> bytes, std::string name) : name_(std::move(name)) {
    auto rest = bytes.subspan(old_head.size());
    const auto machine = pickle::parse_front(rest, name_ + ": the pickle of the machine");
    document_ = pickle::parse_front(rest, name_ + ": the pickle");
    const auto keys = pickle::parse_front(rest, name_ + ": the list of storages");
    check_byte_order(machine);
    index(keys, rest);
  }
  const std::string& name() const override { return name_; }
  std::string_view part() const override { return "the pickle"; }
  const pickle::Document& document() const override { return document_; }
  std::vector<std::byte> read(const pickle::Storage& what) override {
    const auto found = storages_.find(std::string(what.key));
    if (found == storages_.end()) fail(name_, "storage {} is missing", what.key);
    const auto& bytes = found->second;
    if (bytes.size() / size_of(what.dtype) != static_cast<std::uint64_t>(what.count) || bytes.size() % size_of(what.dtype) != 0)
      fail(name_, "storage {} has {} bytes; the pickle says {} elements of {}", what.key, bytes.size(), what.count,
           to_string(what.dtype));
    return {bytes.begin(), bytes.end()};
  }

 private:
  void check_byte_order(const pickle::Document& machine) const {
    const auto* facts = std::get_if<pickle::Dict>(&machine.at(machine.root));
    if (facts == nullptr) fail(name_, "damaged: no data on the machine that wrote it");
    for (const auto& [key, value] : facts->items) {
      const auto* fact = std::get_if<pickle::Text>(&machine.at(key));
      const auto* is_little = std::get_if<bool>(&machine.at(value));
      if (fact != nullptr && *fact == "little_endian" && is_little != nullptr && !*is_little)
        fail(name_, "was written on a big-endian machine; only little-endian tensors are read");
    }
  }

  void index(const pickle::Document& keys, std::span<const std::byte> rest) {
    std::map<std::string, DType> types;
    for (const auto& value : document_.values)
      if (const auto* storage = std::get_if<pickle::Storage>(&value)) types.emplace(std::string(storage->key), storage->dtype);
    const auto* list = std::get_if<pickle::List>(&keys.at(keys.root));
    if (list == nullptr) fail(name_, "damaged: the list of storages is not a list");
    for (const auto id : list->items) {
      const auto* key = std::get_if<pickle::Text>(&keys.at(id));
      const auto type = key == nullptr ? types.end() : types.find(std::string(*key));
      if (type == types.end()) fail(name_, "has a storage of a type that is not read, or that the pickle does not name");
      std::uint64_t count = 0;
      if (rest.size() < sizeof(count)) fail(name_, "cut short at storage {}", *key);
      std::memcpy(&count, rest.data(), sizeof(count));
      rest = rest.subspan(sizeof(count));
      if (count > rest.size() / size_of(type->second)) fail(name_, "cut short in storage {} of {} elements", *key, count);
      const auto bytes = static_cast<std::size_t>(count) * size_of(type->second);
      storages_.emplace(*key, rest.first(bytes));
      rest = rest.subspan(bytes);
    }
  }

  std::string name_;
  pickle::Document document_;
  std::map<std::string, std::span<const std::byte>> storages_;
};

// The old format, for a file that is in memory.
class OldFile : public Container {
 public:
  OldFile(std::vector<std::byte> bytes, std::string name) : bytes_(std::move(bytes)), container_(bytes_, std::move(name)) {}
  const std::string& name() const override { return container_.name(); }
  std::string_view part() const override { return container_.part(); }
  const pickle::Document& document() const override { return container_.document(); }
  std::vector<std::byte> read(const pickle::Storage& what) override { return container_.read(what); }

 private:
  std::vector<std::byte> bytes_;
  OldContainer container_;
};

std::vector<std::byte> read_bytes(std::ifstream& file, std::size_t at_most) {
  std::vector<std::byte> bytes(at_most);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

std::unique_ptr<Container> open_safetensors_file(const std::filesystem::path& path) {
  auto file = std::make_shared<std::ifstream>(path, std::ios::binary);
  const auto read_at = [file, name = path.string()](std::uint64_t offset, std::uint64_t count) {
    file->clear();
    file->seekg(static_cast<std::streamoff>(offset));
    auto bytes = read_bytes(*file, static_cast<std::size_t>(count));
    if (bytes.size() != count) fail(name, "cannot be read at byte {}", offset);
    return bytes;
  };
  return open_safetensors(path.string(), std::filesystem::file_size(path), read_at);
}

}  // namespace

std::unique_ptr<Container> open_container(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) {  // a pipe must not be read; Archive reports it as an error
    std::ifstream file(path, std::ios::binary);
    const auto head = read_bytes(file, old_head.size());
    if (is_safetensors(head)) return open_safetensors_file(path);
    if (is_old(head)) {
      file.clear();
      file.seekg(0);
      return std::make_unique<OldFile>(read_bytes(file, std::filesystem::file_size(path)), path.string());
    }
  }
  return std::make_unique<ZipContainer>(Archive(path));
}

std::unique_ptr<Container> open_container(std::span<const std::byte> bytes, std::string name) {
  if (is_old(bytes)) return std::make_unique<OldContainer>(bytes, std::move(name));
  if (is_safetensors(bytes)) {
    const auto read_at = [bytes](std::uint64_t offset, std::uint64_t count) {
      const auto part = bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(count));
      return std::vector<std::byte>(part.begin(), part.end());
    };
    return open_safetensors(std::move(name), bytes.size(), read_at);
  }
  return std::make_unique<ZipContainer>(Archive(bytes, std::move(name)));
}

}  // namespace tbft::models
