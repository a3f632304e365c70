#include "models/checkpoint/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "models/checkpoint/pickle_bytes.h"
#include "models/checkpoint/printable.h"

namespace tbft::models::pickle {
namespace {

// opaque: its result is not inspected; empty_dict: a dict whose arguments do not affect its items.
enum class Call { ordered_dict, rebuild_tensor, rebuild_parameter, storage, opaque, empty_dict };

struct KnownGlobal {
  std::string_view name;
  Call call;
  DType dtype = DType::float32;  // for a storage
};
constexpr std::array known_globals{
    KnownGlobal{"collections.OrderedDict", Call::ordered_dict},
    KnownGlobal{"torch._utils._rebuild_tensor_v2", Call::rebuild_tensor},
    KnownGlobal{"torch._utils._rebuild_parameter", Call::rebuild_parameter},
    KnownGlobal{"torch.DoubleStorage", Call::storage, DType::float64},
    KnownGlobal{"torch.FloatStorage", Call::storage, DType::float32},
    KnownGlobal{"torch.HalfStorage", Call::storage, DType::float16},
    KnownGlobal{"torch.BFloat16Storage", Call::storage, DType::bfloat16},
    KnownGlobal{"torch.LongStorage", Call::storage, DType::int64},
    KnownGlobal{"torch.IntStorage", Call::storage, DType::int32},
    KnownGlobal{"torch.ShortStorage", Call::storage, DType::int16},
    KnownGlobal{"torch.CharStorage", Call::storage, DType::int8},
    KnownGlobal{"torch.ByteStorage", Call::storage, DType::uint8},
    KnownGlobal{"torch.BoolStorage", Call::storage, DType::boolean},
    // Besides tensors: numbers of numpy (an accuracy), the device of a tensor, sizes.
    KnownGlobal{"numpy.core.multiarray.scalar", Call::opaque},
    KnownGlobal{"numpy._core.multiarray.scalar", Call::opaque},
    KnownGlobal{"numpy.core.multiarray._reconstruct", Call::opaque},
    KnownGlobal{"numpy._core.multiarray._reconstruct", Call::opaque},
    KnownGlobal{"numpy.ndarray", Call::opaque},
    KnownGlobal{"numpy.dtype", Call::opaque},
    KnownGlobal{"_codecs.encode", Call::opaque},
    KnownGlobal{"torch.device", Call::opaque},
    KnownGlobal{"torch.Size", Call::opaque},
    KnownGlobal{"collections.defaultdict", Call::empty_dict},
    KnownGlobal{"__builtin__.dict", Call::opaque},
    KnownGlobal{"builtins.dict", Call::opaque},
};

// Names for error messages of opcodes that are refused.
struct RefusedOpcode {
  unsigned char code;
  std::string_view name;
};
constexpr std::array refused_opcodes{
    RefusedOpcode{'i', "INST"},      RefusedOpcode{'o', "OBJ"},           RefusedOpcode{'P', "PERSID"},
    RefusedOpcode{0x81, "NEWOBJ"},   RefusedOpcode{0x82, "EXT1"},         RefusedOpcode{0x83, "EXT2"},
    RefusedOpcode{0x84, "EXT4"},     RefusedOpcode{0x8b, "LONG4"},        RefusedOpcode{0x92, "NEWOBJ_EX"},
    RefusedOpcode{'T', "BINSTRING"}, RefusedOpcode{0x93, "STACK_GLOBAL"},
};

// The pickle machine: a stack of value ids, marks into it, and a memo.
class Parser {
 public:
  Parser(std::span<const std::byte> bytes, std::string_view where) : in_(bytes, where) {}
  Document run();
  std::size_t position() const { return in_.position(); }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    in_.fail(text, std::forward<Args>(args)...);
  }

  // Stack.
  void push(Id id) {
    if (stack_.size() >= max_values) fail("more than {} values on the stack", max_values);
    stack_.push_back(id);
  }
  void create(Value value) {
    if (document_.values.size() >= max_values) fail("more than {} values", max_values);
    document_.values.push_back(std::move(value));
    push(static_cast<Id>(document_.values.size() - 1));
  }
  Id top() const {
    if (stack_.size() <= floor()) fail("the stack is empty");
    return stack_.back();
  }
  Id pop() {
    const Id id = top();
    stack_.pop_back();
    return id;
  }
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  std::vector<Id> pop_last(std::size_t count) {
    if (stack_.size() - floor() < count) fail("the stack is empty");
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    std::vector<Id> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    return items;
  }
  void mark() {
    if (marks_.size() >= max_marks) fail("more than {} open marks", max_marks);
    marks_.push_back(stack_.size());
  }
  std::vector<Id> pop_to_mark() {
    if (marks_.empty()) fail("no mark on the stack");
    std::vector<Id> items = pop_last(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }
  void remember(std::uint64_t key) {
    if (memo_.size() >= max_values) fail("more than {} memos", max_values);
    memo_[static_cast<std::uint32_t>(key)] = top();
  }
  void recall(std::uint64_t key) {
    const auto found = memo_.find(static_cast<std::uint32_t>(key));
    if (found == memo_.end()) fail("memo {} was never written", key);
    push(found->second);
  }

  // Typed access: a value of another type throws an error with the expected meaning.
  template <typename T>
  const T& as(Id id, std::string_view what) const {
    const T* value = std::get_if<T>(&document_.values[id]);
    if (value == nullptr) fail("{} is of another type", what);
    return *value;
  }
  template <typename T>
  T& target(std::string_view what) {
    T* value = std::get_if<T>(&document_.values[top()]);
    if (value == nullptr) fail("{} is of another type", what);
    return *value;
  }

  bool step();
  void check_protocol(std::uint64_t protocol) const;
  [[noreturn]] void refuse(Op op) const;
  void global();
  void set_items(const std::vector<Id>& items);
  void append(const std::vector<Id>& items);
  void reduce();
  void build();
  void persistent_id();
  Tensor rebuild_tensor(const std::vector<Id>& args) const;
  std::vector<std::int64_t> extents(Id id, std::string_view what) const;

  Cursor in_;
  Document document_;
  std::vector<Id> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, Id> memo_;
};

void Parser::global() {
  const std::string module = in_.line();
  const std::string name = module + "." + in_.line();
  const auto found = std::ranges::find(known_globals, name, &KnownGlobal::name);
  if (found == known_globals.end()) {
    throw CheckpointError(fmt::format("{} names {}; only tensors are read", in_.where(), printable(name)));
  }
  create(Global{static_cast<std::size_t>(found - known_globals.begin())});
}

void Parser::set_items(const std::vector<Id>& items) {
  if (items.size() % 2 != 0) fail("a key without a value");
  auto& dict = target<Dict>("what is given items").items;
  for (std::size_t i = 0; i < items.size(); i += 2) dict.emplace_back(items[i], items[i + 1]);
}

void Parser::append(const std::vector<Id>& items) {
  auto& list = target<List>("what is appended to").items;
  list.insert(list.end(), items.begin(), items.end());
}

std::vector<std::int64_t> Parser::extents(Id id, std::string_view what) const {
  const auto& items = as<Tuple>(id, what).items;
  if (items.size() > max_dims) fail("{} has {} dimensions", what, items.size());
  std::vector<std::int64_t> values;
  for (const Id item : items) {
    values.push_back(as<std::int64_t>(item, what));
    if (values.back() < 0) fail("{} has the negative entry {}", what, values.back());
  }
  return values;
}

// _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks[, metadata])
Tensor Parser::rebuild_tensor(const std::vector<Id>& args) const {
  if (args.size() != 6 && args.size() != 7) fail("a tensor of {} arguments", args.size());
  Tensor tensor{.storage = as<Storage>(args[0], "a tensor's storage"),
                .offset = as<std::int64_t>(args[1], "a tensor's offset"),
                .shape = extents(args[2], "a tensor's shape"),
                .strides = extents(args[3], "a tensor's strides")};
  if (tensor.offset < 0) fail("a tensor's offset is {}", tensor.offset);
  if (tensor.shape.size() != tensor.strides.size()) fail("a tensor's shape and strides differ in length");
  return tensor;
}

void Parser::reduce() {
  const Id args_id = pop();
  const KnownGlobal& function = known_globals[as<Global>(pop(), "what is called").index];
  const std::vector<Id>& args = as<Tuple>(args_id, "an argument list").items;
  switch (function.call) {
    case Call::ordered_dict:
      if (!args.empty()) fail("an OrderedDict with arguments");
      return create(Dict{});
    case Call::rebuild_tensor:
      return create(rebuild_tensor(args));
    case Call::rebuild_parameter:  // (data, requires_grad, backward_hooks)
      if (args.size() != 3) fail("a parameter of {} arguments", args.size());
      as<Tensor>(args[0], "a parameter's data");
      return push(args[0]);
    case Call::opaque:
      return create(Opaque{});
    case Call::empty_dict:
      return create(Dict{});
    case Call::storage:
      fail("{} is called; a storage comes by its persistent id", function.name);
  }
}

// Only an OrderedDict (a state dict's _metadata: versions of modules) and opaque values get attributes, which do not affect
// tensors.
void Parser::build() {
  pop();
  if (std::holds_alternative<Opaque>(document_.values[top()])) return;
  target<Dict>("what is given attributes");
}

// ("storage", torch.FloatStorage, "12", "cuda:0", 432), in the old format followed by None (not a view of another storage).
void Parser::persistent_id() {
  const std::vector<Id>& items = as<Tuple>(pop(), "a persistent id").items;
  if (items.size() == 6 && !std::holds_alternative<None>(document_.values[items[5]])) fail("a view of another storage");
  if ((items.size() != 5 && items.size() != 6) || as<std::string>(items[0], "a persistent id's kind") != "storage")
    fail("a persistent id of another kind");
  const KnownGlobal& type = known_globals[as<Global>(items[1], "a storage's type").index];
  const std::string& key = as<std::string>(items[2], "a storage's key");
  const std::int64_t count = as<std::int64_t>(items[4], "a storage's length");
  if (type.call != Call::storage) fail("{} is not a storage type", type.name);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (key.empty() || key.size() > 20 || !std::ranges::all_of(key, is_digit)) fail("the storage key {}", printable(key));
  if (count < 0) fail("a storage of {} elements", count);
  create(Storage{.dtype = type.dtype, .key = key, .count = count});
}

// Executes one opcode; false at STOP.
bool Parser::step() {
  const Op op = in_.opcode();
  // clang-format off
  switch (op) {
    case Op::none:        create(None{}); break;
    case Op::newtrue:     create(true); break;
    case Op::newfalse:    create(false); break;
    case Op::binint1:     create(static_cast<std::int64_t>(in_.unsigned_integer(1))); break;
    case Op::binint2:     create(static_cast<std::int64_t>(in_.unsigned_integer(2))); break;
    case Op::binint:      create(in_.signed_integer(4)); break;
    case Op::long1:       create(in_.signed_integer(in_.unsigned_integer(1))); break;
    case Op::binfloat:    create(in_.big_endian_double()); break;
    case Op::binunicode:  create(in_.text(in_.unsigned_integer(4))); break;
    case Op::mark:        mark(); break;
    case Op::empty_tuple: create(Tuple{}); break;
    case Op::tuple1:      create(Tuple{pop_last(1)}); break;
    case Op::tuple2:      create(Tuple{pop_last(2)}); break;
    case Op::tuple3:      create(Tuple{pop_last(3)}); break;
    case Op::tuple:       create(Tuple{pop_to_mark()}); break;
    case Op::empty_list:  create(List{}); break;
    case Op::append:      append(pop_last(1)); break;
    case Op::appends:     append(pop_to_mark()); break;
    case Op::empty_dict:  create(Dict{}); break;
    case Op::setitem:     set_items(pop_last(2)); break;
    case Op::setitems:    set_items(pop_to_mark()); break;
    case Op::binput:      remember(in_.unsigned_integer(1)); break;
    case Op::long_binput: remember(in_.unsigned_integer(4)); break;
    case Op::binget:      recall(in_.unsigned_integer(1)); break;
    case Op::long_binget: recall(in_.unsigned_integer(4)); break;
    case Op::global:      global(); break;
    case Op::reduce:      reduce(); break;
    case Op::build:       build(); break;
    case Op::binpersid:   persistent_id(); break;
    case Op::proto:       check_protocol(in_.unsigned_integer(1)); break;
    case Op::stop:        return false;
    default:              refuse(op);
  }
  // clang-format on
  return true;
}

void Parser::check_protocol(std::uint64_t protocol) const {
  if (protocol != 2) fail("pickle protocol {}; torch.save writes 2", protocol);
}

void Parser::refuse(Op op) const {
  const auto code = static_cast<unsigned char>(op);
  const auto known = std::ranges::find(refused_opcodes, code, &RefusedOpcode::code);
  fail("opcode 0x{:02x}{}; dicts of tensors do not need it", code,
       known == refused_opcodes.end() ? "" : fmt::format(" ({})", known->name));
}

Document Parser::run() {
  while (step()) {
  }
  document_.root = pop();
  if (!stack_.empty() || !marks_.empty()) fail("the pickle stops with values left on the stack");
  return std::move(document_);
}

}  // namespace

Document parse(std::span<const std::byte> bytes, std::string_view where) {
  if (bytes.size() > max_bytes) {
    throw CheckpointError(fmt::format("{} has {} bytes; a dict of tensors has at most {}", where, bytes.size(), max_bytes));
  }
  return Parser(bytes, where).run();
}

Document parse_front(std::span<const std::byte>& bytes, std::string_view where) {
  Parser parser(bytes.first(std::min(bytes.size(), max_bytes)), where);
  Document document = parser.run();
  bytes = bytes.subspan(parser.position());
  return document;
}

}  // namespace tbft::models::pickle
