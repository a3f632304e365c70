// Class names where two sets of labels meet: the images of a data set and the outputs of a model, or two data sets. A label is
// a number in the order of class folders, so a missing folder, a capital letter or another order would renumber it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/data/dataset.h"

namespace tbft::data {

// The labels of `images` become the places of their class names in `names`, and its class names become `names`. Names agree
// whatever their capitals, blanks, dashes and underscores; of "fish: ray, shark" what stands before the colon counts. `what` is
// the set's name for people. Returns what was renumbered, for the user; empty where nothing was. Throws DataError that lists
// the classes which are none of `names`.
std::string use_class_names(Images& images, const std::vector<std::string>& names, const std::string& what);

// The same where `names` are those of a model with so many outputs, from its checkpoint or its diagnosis reference; empty where
// nobody wrote them down. Classes that are new to the model are possible, since it may be about to learn them: the result says
// which output each label is. Throws DataError where some classes are known, others new, and labels would have moved. Where no
// names are known the result is a doubt: fewer classes than outputs, or an order that depends on capitals.
std::string fit_to_outputs(Images& images, const std::vector<std::string>& names, std::int64_t outputs,
                           const std::string& what);

// How many of `images` are in `known`, too, pixel for pixel and whatever their labels. Both are of one size.
std::int64_t count_shared(const Images& known, const Images& images);
// Images that are tuned on must not be tested on. A few doubles in a large public set are none of the user's fault: up to 1 %
// of `images` are let pass, with the returned line for the user. Throws DataError beyond that, in which `what` and `known_as`
// name the two sets.
std::string check_shared(const Images& known, const std::string& known_as, const Images& images, const std::string& what);

}  // namespace tbft::data
