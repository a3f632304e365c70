#include "models/checkpoint/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "models/checkpoint/pickle_bytes.h"
#include "models/checkpoint/pickle_calls.h"
#include "models/checkpoint/printable.h"

namespace tbft::models::pickle {
namespace {

// The pickle machine: a stack of value ids, marks into it, and a memo.
class Parser {
 public:
  Parser(std::span<const std::byte> bytes, std::string_view where, const Limits& limits) : in_(bytes, where), limits_(limits) {}
  Document run();
  std::size_t position() const { return in_.position(); }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    in_.fail(text, std::forward<Args>(args)...);
  }

  // Stack.
  void push(Id id) {
    if (stack_.size() >= limits_.values) fail("more than {} values on the stack", limits_.values);
    stack_.push_back(id);
  }
  void create(Value value) {
    if (document_.values.size() >= limits_.values) fail("more than {} values", limits_.values);
    document_.values.push_back(std::move(value));
    push(static_cast<Id>(document_.values.size() - 1));
  }
  Id top() const {
    if (stack_.size() <= floor()) fail("the stack is empty");
    return stack_.back();
  }
  Value& target() { return document_.values[top()]; }
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
  void pop_one() {
    if (stack_.size() == floor() && !marks_.empty())
      marks_.pop_back();
    else
      pop();
  }
  void remember(std::uint64_t key) {
    if (memo_.size() >= limits_.values) fail("more than {} memos", limits_.values);
    memo_[static_cast<std::uint32_t>(key)] = top();
  }
  void recall(std::uint64_t key) {
    const auto found = memo_.find(static_cast<std::uint32_t>(key));
    if (found == memo_.end()) fail("memo {} was never written", key);
    push(found->second);
  }

  bool step();
  bool step_of_building(Op op);
  void check_protocol(std::uint64_t protocol) const;
  void integer(std::optional<std::int64_t> value);
  void set_items(const std::vector<Id>& items);
  void append(const std::vector<Id>& items);
  void global(std::string_view module, std::string_view name);
  void global_from_stack();
  void reduce(const std::vector<Id>& function_and_args);
  void new_object(Id type);
  void build();

  Cursor in_;
  Limits limits_;
  Document document_;
  std::vector<Id> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, Id> memo_;
};

void Parser::check_protocol(std::uint64_t protocol) const {
  if (protocol < 1 || protocol > 5) fail("pickle protocol {}; Python writes 1 to 5", protocol);
}

void Parser::integer(std::optional<std::int64_t> value) {
  create(value ? Value(*value) : Value(Opaque{.name = "int"}));
}

// A class that extends dict is Opaque until it gets items.
void Parser::set_items(const std::vector<Id>& items) {
  if (items.size() % 2 != 0) fail("a key without a value");
  Value& value = target();
  if (std::holds_alternative<Opaque>(value) && !items.empty()) value = Dict{};
  auto* dict = std::get_if<Dict>(&value);
  if (dict == nullptr && !std::holds_alternative<Opaque>(value)) fail("what is given items is of another type");
  for (std::size_t i = 0; i < items.size(); i += 2) dict->items.emplace_back(items[i], items[i + 1]);
}

// The items of sets and of classes that extend list are dropped.
void Parser::append(const std::vector<Id>& items) {
  Value& value = target();
  if (std::holds_alternative<Opaque>(value)) return;
  auto* list = std::get_if<List>(&value);
  if (list == nullptr) fail("what is appended to is of another type");
  list->items.insert(list->items.end(), items.begin(), items.end());
}

void Parser::global(std::string_view module, std::string_view name) {
  in_.spend(module.size() + name.size());
  create(Global{document_.owned.emplace_back(fmt::format("{}.{}", module, name))});
}

void Parser::global_from_stack() {
  const auto names = pop_last(2);
  const auto* module = std::get_if<Text>(&document_.at(names[0]));
  const auto* name = std::get_if<Text>(&document_.at(names[1]));
  if (module == nullptr || name == nullptr) fail("a name is of another type");
  global(*module, *name);
}

void Parser::reduce(const std::vector<Id>& function_and_args) {
  const auto* args = std::get_if<Tuple>(&document_.at(function_and_args[1]));
  if (args == nullptr) fail("an argument list is of another type");
  create(result_of(document_, in_, function_and_args[0], args->items));
}

void Parser::new_object(Id type) {
  const auto* global = std::get_if<Global>(&document_.at(type));
  create(Opaque{.name = global != nullptr ? global->name : "an object"});
}

// The state of an object is dropped, except an array's.
void Parser::build() {
  const Id state = pop();
  Value& value = target();
  if (const auto* opaque = std::get_if<Opaque>(&value); opaque != nullptr && opaque->name == "numpy.ndarray")
    if (auto array = array_of(document_, state)) value = *std::move(array);
}

// Executes one opcode; false at STOP.
bool Parser::step() {
  const Op op = in_.opcode();
  // clang-format off
  switch (op) {
    case Op::proto:            check_protocol(in_.unsigned_integer(1)); break;
    case Op::frame:            in_.unsigned_integer(8); break;
    case Op::stop:             return false;
    case Op::none:             create(None{}); break;
    case Op::newtrue:          create(true); break;
    case Op::newfalse:         create(false); break;
    case Op::binint1:          create(static_cast<std::int64_t>(in_.unsigned_integer(1))); break;
    case Op::binint2:          create(static_cast<std::int64_t>(in_.unsigned_integer(2))); break;
    case Op::binint:           integer(in_.signed_integer(4)); break;
    case Op::long1:            integer(in_.signed_integer(in_.unsigned_integer(1))); break;
    case Op::long4:            integer(in_.signed_integer(in_.unsigned_integer(4))); break;
    case Op::binfloat:         create(in_.big_endian_double()); break;
    case Op::short_binunicode:
    case Op::short_binstring:
    case Op::short_binbytes:   create(in_.text(in_.unsigned_integer(1))); break;
    case Op::binunicode:
    case Op::binstring:
    case Op::binbytes:         create(in_.text(in_.unsigned_integer(4))); break;
    case Op::binunicode8:
    case Op::binbytes8:
    case Op::bytearray8:       create(in_.text(in_.unsigned_integer(8))); break;
    case Op::mark:             mark(); break;
    case Op::empty_tuple:      create(Tuple{}); break;
    case Op::tuple1:           create(Tuple{pop_last(1)}); break;
    case Op::tuple2:           create(Tuple{pop_last(2)}); break;
    case Op::tuple3:           create(Tuple{pop_last(3)}); break;
    case Op::tuple:            create(Tuple{pop_to_mark()}); break;
    case Op::empty_list:       create(List{}); break;
    case Op::list:             create(List{pop_to_mark()}); break;
    case Op::append:           append(pop_last(1)); break;
    case Op::additems:
    case Op::appends:          append(pop_to_mark()); break;
    case Op::empty_dict:       create(Dict{}); break;
    case Op::setitem:          set_items(pop_last(2)); break;
    case Op::setitems:         set_items(pop_to_mark()); break;
    case Op::pop:              pop_one(); break;
    case Op::pop_mark:         pop_to_mark(); break;
    case Op::dup:              push(top()); break;
    case Op::binput:           remember(in_.unsigned_integer(1)); break;
    case Op::long_binput:      remember(in_.unsigned_integer(4)); break;
    case Op::memoize:          remember(memo_.size()); break;
    case Op::binget:           recall(in_.unsigned_integer(1)); break;
    case Op::long_binget:      recall(in_.unsigned_integer(4)); break;
    default:                   return step_of_building(op);
  }
  // clang-format on
  return true;
}

// The opcodes with which Python imports, calls and constructs; here they make values without doing so.
bool Parser::step_of_building(Op op) {
  switch (op) {
    case Op::global: {
      const auto module = in_.line();
      global(module, in_.line());
      break;
    }
    case Op::stack_global:
      global_from_stack();
      break;
    case Op::reduce:
      reduce(pop_last(2));
      break;
    case Op::newobj:
      new_object(pop_last(2).front());
      break;
    case Op::newobj_ex:
      new_object(pop_last(3).front());
      break;
    case Op::inst: {
      const auto module = in_.line();
      global(module, in_.line());
      new_object(pop());
      const Id object = pop();
      pop_to_mark();
      push(object);
      break;
    }
    case Op::obj: {
      const auto items = pop_to_mark();
      if (items.empty()) fail("an object without a class");
      new_object(items.front());
      break;
    }
    case Op::build:
      build();
      break;
    case Op::dict: {
      const auto items = pop_to_mark();
      create(Dict{});
      set_items(items);
      break;
    }
    case Op::empty_set:
      create(Opaque{.name = "set"});
      break;
    case Op::frozenset:
      pop_to_mark();
      create(Opaque{.name = "frozenset"});
      break;
    case Op::ext1:
    case Op::ext2:
    case Op::ext4:
      in_.unsigned_integer(op == Op::ext1 ? 1 : op == Op::ext2 ? 2 : 4);
      create(Opaque{.name = "an extension"});
      break;
    case Op::persid:
      in_.line();
      create(Opaque{.name = "a persistent id"});
      break;
    case Op::binpersid:
      create(persistent_value(document_, in_, pop()));
      break;
    case Op::next_buffer:
      create(Opaque{.name = "a buffer"});
      break;
    case Op::readonly_buffer:
      top();
      break;
    default:
      fail("opcode 0x{:02x}, which the protocols 1 to 5 do not have", static_cast<unsigned>(op));
  }
  return true;
}

Document Parser::run() {
  std::size_t steps = 0;
  while (step())
    if (++steps > max_steps) fail("more than {} opcodes", max_steps);
  document_.root = pop();
  if (!stack_.empty() || !marks_.empty()) fail("the pickle stops with values left on the stack");
  return std::move(document_);
}

}  // namespace

const Value* Document::find(const Dict& dict, Text key) const {
  const auto found = std::find_if(dict.items.rbegin(), dict.items.rend(), [&](const auto& item) {
    const auto* text = std::get_if<Text>(&at(item.first));
    return text != nullptr && *text == key;
  });
  return found == dict.items.rend() ? nullptr : &at(found->second);
}

Document parse(std::span<const std::byte> bytes, std::string_view where, const Limits& limits) {
  if (bytes.size() > limits.bytes)
    throw CheckpointError(fmt::format("{} has {} bytes; at most {} are read", where, bytes.size(), limits.bytes));
  return Parser(bytes, where, limits).run();
}

Document parse_front(std::span<const std::byte>& bytes, std::string_view where, const Limits& limits) {
  Parser parser(bytes.first(std::min(bytes.size(), limits.bytes)), where, limits);
  Document document = parser.run();
  bytes = bytes.subspan(parser.position());
  return document;
}

}  // namespace tbft::models::pickle
