// Tables that make superclasses of the classes of a data set: source classes, on which a base model is trained, and target
// classes, which it meets later.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/dataset.h"

namespace tbft::data {

struct Superclass {
  std::string name;
  std::vector<std::string> source, target;  // classes of the data set, at least one each
};

// A table in TOML, once for each superclass, in the order of the labels:
//   [[superclass]]
//   name = "feline"
//   source = ["tabby", "cougar"]
//   target = ["Persian cat", "lion"]
// Class names are compared as class_names.h says, and no class may appear twice. Throws DataError "ORIGIN:LINE: what".
std::vector<Superclass> parse_superclasses(std::string_view toml, const std::string& origin);

// A table that is compiled in, from tables/NAME.toml.
struct ShippedTable {
  std::string_view name, toml;
};
std::span<const ShippedTable> shipped_tables();

// Whether map=TEXT names a file: a path with a '/', or one that ends in .toml. Otherwise it is the name of a shipped table.
bool is_superclass_file(std::string_view map);

// The table that map=TEXT means: a shipped one, or a file of at most 1 MiB. Throws BadDatasetSpec for an unknown name and
// DataError for a file that cannot be read.
std::vector<Superclass> find_superclasses(const std::string& map);

}  // namespace tbft::data
