#include "models/script/stages.h"

// Must come first, because clang 14 cannot compile libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace tbft::models {
namespace {

namespace jit = torch::jit;
using jit::Node;
using jit::Value;

// A node, and the nodes inside its branches and loops.
void visit(Node* node, const std::function<void(Node*)>& call) {
  call(node);
  for (jit::Block* block : node->blocks())
    for (Node* inner : block->nodes()) visit(inner, call);
}

// Whether a value is a number, a text, or a list of them: no tensor and no object of the module.
bool is_plain(const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::IntType:
    case c10::TypeKind::FloatType:
    case c10::TypeKind::BoolType:
    case c10::TypeKind::NumberType:
    case c10::TypeKind::StringType:
    case c10::TypeKind::NoneType:
    case c10::TypeKind::DeviceObjType:
      return true;
    case c10::TypeKind::ListType:
    case c10::TypeKind::TupleType:
    case c10::TypeKind::OptionalType:
      return std::ranges::all_of(type->containedTypes(), is_plain);
    default:
      return false;
  }
}

bool is_tensor(const Value* value) {
  return value->type()->kind() == c10::TypeKind::TensorType;
}

// The work of blocks that cannot be separated: places in the list of the work.
struct Span {
  std::size_t first = 0, last = 0;
  std::set<int> blocks;
};

class Forward {
 public:
  Forward(std::shared_ptr<jit::Graph> graph, const std::map<std::string, int>& block_of)
      : graph_(std::move(graph)), block_of_(block_of) {
    find_attributes();
    find_work();
    find_lives();
  }

  std::vector<ScriptStage> stages(const std::set<std::size_t>& refused) const;

 private:
  // From its place `from` until `until` a value is needed.
  struct Life {
    Value* value;
    std::size_t from, until;
  };

  void find_attributes();
  void find_work();
  void find_lives();
  bool is_free(const Node* node, const jit::AliasDb& aliases) const;
  bool is_known(const Value* value) const { return attributes_.contains(value) || free_.contains(value->node()); }
  std::set<std::string> tensors_of(Node* node) const;
  std::size_t last_use(const Value* value) const;
  std::vector<Span> spans() const;
  Value* passed_at(std::size_t place) const;
  std::optional<std::size_t> cut_between(const Span& before, const Span& after, const std::set<std::size_t>& refused) const;
  std::shared_ptr<jit::Graph> copy(std::size_t begin, std::size_t end, Value* in, Value* out) const;

  std::shared_ptr<jit::Graph> graph_;
  const std::map<std::string, int>& block_of_;
  std::unordered_map<const Value*, std::string> attributes_;  // their dotted names; the module itself is ""
  std::unordered_set<const Node*> free_;
  std::vector<Node*> work_;
  std::unordered_map<const Node*, std::size_t> place_;  // in work_
  std::vector<std::set<std::string>> tensors_;          // that each node of work_ reads
  std::vector<Life> lives_;
  bool may_cut_ = true;
};

void Forward::find_attributes() {
  attributes_[graph_->inputs()[0]] = "";
  const auto look = [&](Node* node) {
    if (node->kind() == jit::prim::SetAttr) may_cut_ = false;  // an attribute is not the same everywhere
    if (node->kind() != jit::prim::GetAttr) return;
    const auto parent = attributes_.find(node->input());
    if (parent == attributes_.end()) return;
    const std::string& name = node->s(jit::attr::name);
    attributes_[node->output()] = parent->second.empty() ? name : parent->second + "." + name;
  };
  for (Node* node : graph_->nodes()) visit(node, look);
}

// Whether a node gives the same wherever it is run: a constant, an attribute, or a number made of such.
bool Forward::is_free(const Node* node, const jit::AliasDb& aliases) const {
  if (node->kind() == jit::prim::Constant) return true;
  if (node->kind() == jit::prim::GetAttr) return attributes_.contains(node->output());
  if (!node->blocks().empty() || node->hasSideEffects() || node->isNondeterministic()) return false;
  const auto* schema = node->maybeSchema();
  if (schema != nullptr && schema->is_mutable()) return false;
  return std::ranges::all_of(node->inputs(), [&](const Value* value) { return is_known(value) && is_plain(value->type()); }) &&
         std::ranges::all_of(node->outputs(),
                             [&](const Value* value) { return is_plain(value->type()) && !aliases.hasWriters(value); });
}

void Forward::find_work() {
  const jit::AliasDb aliases(graph_);
  for (Node* node : graph_->nodes()) {
    if (is_free(node, aliases)) {
      free_.insert(node);
      continue;
    }
    place_[node] = work_.size();
    work_.push_back(node);
    tensors_.push_back(tensors_of(node));
  }
}

std::set<std::string> Forward::tensors_of(Node* node) const {
  std::set<std::string> found;
  const auto add_below = [&](const std::string& prefix) {
    for (const auto& [name, block] : block_of_)
      if (prefix.empty() || name.starts_with(prefix + ".")) found.insert(name);
  };
  visit(node, [&](Node* inner) {
    if (inner->kind() == jit::prim::GetAttr) return;
    for (const Value* value : inner->inputs()) {
      const auto attribute = attributes_.find(value);
      if (attribute == attributes_.end()) continue;
      const auto kind = value->type()->kind();
      if (block_of_.contains(attribute->second))
        found.insert(attribute->second);
      else if (kind == c10::TypeKind::ClassType || kind == c10::TypeKind::InterfaceType)
        add_below(attribute->second);  // a call that could not be inlined
      else if (!is_plain(value->type()) && !is_tensor(value) && kind != c10::TypeKind::OptionalType)
        add_below("");  // a list of tensors, which may be any
    }
  });
  return found;
}

// The place of the last node of the work that uses a value, or one behind the work for the result.
std::size_t Forward::last_use(const Value* value) const {
  std::size_t last = 0;
  for (const auto& use : value->uses()) {
    const Node* user = use.user;
    while (user->owningBlock() != graph_->block()) user = user->owningBlock()->owningNode();
    const auto place = place_.find(user);
    last = std::max(last, place == place_.end() ? work_.size() : place->second);
  }
  return last;
}

void Forward::find_lives() {
  lives_.push_back({graph_->inputs()[1], 0, last_use(graph_->inputs()[1])});
  for (std::size_t place = 0; place < work_.size(); ++place)
    for (Value* value : work_[place]->outputs())
      if (value->hasUses()) lives_.push_back({value, place + 1, last_use(value)});
}

// From the first to the last node of each block; those that overlap are one. What belongs to no block is cut where it meets a
// block.
std::vector<Span> Forward::spans() const {
  std::map<int, Span> of_block;
  std::vector<Span> all;
  bool in_none = false;  // the last node with tensors reads those of no block alone
  for (std::size_t place = 0; place < work_.size(); ++place) {
    if (tensors_[place].empty()) continue;
    std::set<int> blocks;
    for (const std::string& name : tensors_[place]) blocks.insert(block_of_.at(name));
    for (const int block : blocks) {
      if (block < 0) continue;
      of_block.try_emplace(block, Span{place, place, {block}}).first->second.last = place;
    }
    const bool only_none = blocks == std::set<int>{-1};
    if (only_none && in_none)
      all.back().last = place;
    else if (blocks.contains(-1))
      all.push_back({place, place, blocks});
    in_none = only_none;
  }
  for (const auto& [block, span] : of_block) all.push_back(span);
  std::ranges::sort(all, {}, &Span::first);
  std::vector<Span> merged;
  for (const Span& span : all) {
    if (merged.empty() || span.first > merged.back().last) {
      merged.push_back(span);
      continue;
    }
    merged.back().last = std::max(merged.back().last, span.last);
    merged.back().blocks.insert(span.blocks.begin(), span.blocks.end());
  }
  return merged;
}

// The one value that passes from the work before a place to the rest; null if there are several, or it is no tensor.
Value* Forward::passed_at(std::size_t place) const {
  Value* passed = nullptr;
  for (const Life& life : lives_) {
    if (life.from > place || life.until < place) continue;
    if (passed != nullptr || !is_tensor(life.value)) return nullptr;
    passed = life.value;
  }
  return passed;
}

// The last possible one: behind a pooling, the output is smaller.
std::optional<std::size_t> Forward::cut_between(const Span& before, const Span& after,
                                                const std::set<std::size_t>& refused) const {
  if (!may_cut_) return std::nullopt;
  for (std::size_t place = after.first; place > before.last; --place)
    if (!refused.contains(place) && passed_at(place) != nullptr) return place;
  return std::nullopt;
}

std::vector<ScriptStage> Forward::stages(const std::set<std::size_t>& refused) const {
  std::vector<Span> groups;
  std::vector<ScriptStage> result;
  for (const Span& span : spans()) {
    const auto cut = groups.empty() ? std::optional<std::size_t>(0) : cut_between(groups.back(), span, refused);
    if (!cut) {
      groups.back().last = span.last;
      groups.back().blocks.insert(span.blocks.begin(), span.blocks.end());
      continue;
    }
    if (!result.empty()) result.back().end = *cut;
    groups.push_back(span);
    result.emplace_back();
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i < result.size(); ++i) {
    ScriptStage& stage = result[i];
    const bool is_last = i + 1 == result.size();
    if (is_last) stage.end = work_.size();
    stage.blocks = groups[i].blocks;
    for (std::size_t place = begin; place < stage.end; ++place)
      stage.tensors.insert(tensors_[place].begin(), tensors_[place].end());
    Value* in = begin == 0 ? graph_->inputs()[1] : passed_at(begin);
    stage.graph = copy(begin, stage.end, in, is_last ? graph_->outputs()[0] : passed_at(stage.end));
    begin = stage.end;
  }
  return result;
}

std::shared_ptr<jit::Graph> Forward::copy(std::size_t begin, std::size_t end, Value* in, Value* out) const {
  // The free nodes that this work needs, directly or through others.
  std::unordered_set<const Node*> needed;
  const std::function<void(const Value*)> need = [&](const Value* value) {
    if (!free_.contains(value->node()) || !needed.insert(value->node()).second) return;
    for (const Value* input : value->node()->inputs()) need(input);
  };
  for (std::size_t place = begin; place < end; ++place)
    visit(work_[place], [&](Node* node) {
      for (const Value* value : node->inputs()) need(value);
      for (const jit::Block* block : std::as_const(*node).blocks())
        for (const Value* value : block->outputs()) need(value);
    });
  need(out);

  auto stage = std::make_shared<jit::Graph>();
  std::unordered_map<const Value*, Value*> copies;
  copies[graph_->inputs()[0]] = stage->addInput("self")->setType(graph_->inputs()[0]->type());
  copies[in] = stage->addInput("x")->setType(in->type());
  for (Node* node : graph_->nodes()) {
    const auto place = place_.find(node);
    const bool works = place != place_.end() && place->second >= begin && place->second < end;
    if (!works && !needed.contains(node)) continue;
    Node* clone = stage->appendNode(stage->createClone(node, [&](Value* value) { return copies.at(value); }));
    for (std::size_t i = 0; i < node->outputs().size(); ++i) copies[node->outputs()[i]] = clone->outputs()[i];
  }
  stage->registerOutput(copies.at(out));
  return stage;
}

bool is_constant(const Node& node, std::size_t input) {
  return node.inputs().size() > input && node.input(input)->node()->kind() == jit::prim::Constant;
}

}  // namespace

std::vector<ScriptStage> divide(const std::shared_ptr<jit::Graph>& graph, const std::map<std::string, int>& block_of,
                                const std::set<std::size_t>& refused) {
  return Forward(graph, block_of).stages(refused);
}

std::string fixed_mode(const jit::Graph& graph) {
  static const auto batch_norm = c10::Symbol::fromQualString("aten::batch_norm");
  static const std::array dropouts{c10::Symbol::fromQualString("aten::dropout"), c10::Symbol::fromQualString("aten::dropout_"),
                                   c10::Symbol::fromQualString("aten::feature_dropout"),
                                   c10::Symbol::fromQualString("aten::alpha_dropout")};
  std::string found;
  const std::function<void(const jit::Block&)> look = [&](const jit::Block& block) {
    for (const Node* node : block.nodes()) {
      // batch_norm(input, weight, bias, running_mean, running_var, training, ...), dropout(input, p, train)
      if (node->kind() == batch_norm && is_constant(*node, 5) && !node->input(3)->mustBeNone()) found = "BatchNorm";
      if (std::ranges::find(dropouts, node->kind()) != dropouts.end() && is_constant(*node, 2) && found.empty())
        found = "dropout";
      for (const jit::Block* inner : node->blocks()) look(*inner);
    }
  };
  look(*graph.block());
  return found;
}

}  // namespace tbft::models
