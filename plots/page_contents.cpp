#include "plots/page_contents.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace tbft::plots {

namespace {

using Pieces = std::vector<std::string>;

constexpr std::size_t least_pieces = 3;  // titles of fewer pieces are already short

Pieces pieces_of(std::string_view title) {
  Pieces pieces;
  constexpr std::string_view comma = ", ";
  while (true) {
    const std::size_t end = title.find(comma);
    pieces.emplace_back(title.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    title.remove_prefix(end + comma.size());
  }
}

// Removes the pieces that all of these titles have, but leaves each of them at least one.
void remove_shared(std::span<Pieces* const> titles) {
  if (titles.size() < 2) return;
  const Pieces candidates = *titles.front();
  for (const std::string& piece : candidates) {
    const bool shared = std::ranges::all_of(
        titles, [&](const Pieces* title) { return title->size() > 1 && std::ranges::find(*title, piece) != title->end(); });
    if (!shared) continue;
    for (Pieces* title : titles) title->erase(std::ranges::find(*title, piece));
  }
}

std::size_t common_prefix(const Pieces& a, const Pieces& b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

std::string joined(const Pieces& pieces, std::size_t count) {
  return fmt::format("{}", fmt::join(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(count), ", "));
}

}  // namespace

std::vector<ContentsEntry> contents_of(const std::vector<std::string>& titles) {
  std::vector<Pieces> pieces;
  pieces.reserve(titles.size());
  for (const std::string& title : titles) pieces.push_back(pieces_of(title));
  std::vector<Pieces*> long_titles;
  for (Pieces& title : pieces) {
    if (title.size() >= least_pieces) long_titles.push_back(&title);
  }
  remove_shared(long_titles);
  std::vector<ContentsEntry> entries;
  entries.reserve(titles.size());
  for (std::size_t first = 0; first < pieces.size();) {
    // The titles from `first` on that begin like it, each with something left for its label.
    std::size_t end = first + 1, common = pieces[first].size() - 1;
    while (end < pieces.size()) {
      const std::size_t with_next = std::min({common, common_prefix(pieces[first], pieces[end]), pieces[end].size() - 1});
      if (with_next == 0) break;
      common = with_next;
      ++end;
    }
    const bool inner = end - first > 1;
    const std::string heading = inner ? joined(pieces[first], common) : "";
    std::vector<Pieces*> group;
    for (std::size_t i = first; i < end; ++i) {
      if (inner) pieces[i].erase(pieces[i].begin(), pieces[i].begin() + static_cast<std::ptrdiff_t>(common));
      group.push_back(&pieces[i]);
    }
    remove_shared(group);
    for (const Pieces* label : group)
      entries.push_back({label == group.front() ? heading : "", joined(*label, label->size()), inner});
    first = end;
  }
  return entries;
}

}  // namespace tbft::plots
