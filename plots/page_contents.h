// The page's navigation: a link for each part and each table. Used by page.cpp alone.
#pragma once

#include <string>
#include <vector>

namespace tbft::plots {

struct ContentsEntry {
  std::string heading;  // above this entry: what it and the next ones have in common; may be empty
  std::string label;
  bool inner = false;  // stands under a heading
};

// Short labels for titles of the form "cifar-flip, output drift, 10 % of the data for training, paper protocol": what all such
// titles share is left out, and neighbours that begin alike get a heading and lose what they share. An empty title stays empty.
std::vector<ContentsEntry> contents_of(const std::vector<std::string>& titles);

}  // namespace tbft::plots
