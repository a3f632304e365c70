// Divides the forward pass of a TorchScript module into stages, where one block ends and the next begins.
//
// The graph is a list of nodes. Some only read constants and attributes of the module: each stage gets its own copy of those it
// needs. The others are the work. A node of the work belongs to the blocks whose tensors it reads. A cut between two blocks is
// a place where exactly one value passes from the work before it to the work behind it: a tensor, the output of the stage.
// Blocks between which there is no such place, or whose work is interleaved, share a stage.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace torch::jit {
struct Graph;
}

namespace tbft::models {

struct ScriptStage {
  std::set<int> blocks;                      // that it works for, by place; -1: for parameters that belong to none
  std::set<std::string> tensors;             // parameters and buffers that it reads
  std::size_t end = 0;                       // the place of the cut behind it
  std::shared_ptr<torch::jit::Graph> graph;  // from the module and the output of the stage before to its own output
};

// `graph`: of a method (module, images) -> logits, with all calls inlined. `block_of`: the block of each tensor by its dotted
// name. `refused`: places of cuts to avoid. Front to rear, in the order of the forward pass. `graph` must outlive nothing: the
// stages are copies.
std::vector<ScriptStage> divide(const std::shared_ptr<torch::jit::Graph>& graph, const std::map<std::string, int>& block_of,
                                const std::set<std::size_t>& refused);

// A layer, "BatchNorm" or "dropout", that is told by a constant whether it trains, as torch.jit.trace and freeze leave it;
// empty if there is none.
std::string fixed_mode(const torch::jit::Graph& graph);

}  // namespace tbft::models
