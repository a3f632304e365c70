// Matching labels by class name where two sets of labels meet: a data set and the outputs of a model, or two data sets. A label
// is a number in the order of the class folders, so a missing folder, a capital letter or another order would renumber it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/dataset.h"

namespace tbft::data {

// A class name as names are compared: without capitals, blanks, dashes and underscores, and without what follows a colon
// ("fish: ray, shark").
std::string comparable(std::string_view name);
// The index of each of `names` in `among`, or -1. A name that is equal letter for letter comes first.
std::vector<std::int64_t> indices_of(const std::vector<std::string>& names, const std::vector<std::string>& among);

// Renumbers the labels of `images` to the indices of their class names in `names`, and replaces its class names by `names`.
// `what` names the set in messages. Returns a message that says what was renumbered, or an empty text. Throws DataError that
// lists the classes missing from `names`.
std::string use_class_names(Images& images, const std::vector<std::string>& names, const std::string& what);

// The same for a model with `outputs` outputs, whose `names` come from its checkpoint or its diagnosis reference; `names` is
// empty where neither has them. Classes that the model does not know are allowed, because it may be about to learn them; the
// returned message then says which output each label is. Throws DataError where some classes are known, others are new, and
// labels would have been renumbered. Where no names are known, the returned message is a warning: fewer classes than outputs,
// or an order that depends on capitals.
std::string fit_to_outputs(Images& images, const std::vector<std::string>& names, std::int64_t outputs,
                           const std::string& what);

// Counts the images of `images` that are also in `known`, pixel for pixel, regardless of their labels. Both sets have the same
// image size.
std::int64_t count_shared(const Images& known, const Images& images);
// Checks that training images are not test images too. Large public sets contain a few duplicates, so up to 1 % of `images` is
// allowed, with a returned warning. Throws DataError beyond that. `what` and `known_as` name the two sets in messages.
std::string check_shared(const Images& known, const std::string& known_as, const Images& images, const std::string& what);

}  // namespace tbft::data
