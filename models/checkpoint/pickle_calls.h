// What Python's calls in a pickle would give. None is made: the few functions behind tensors, arrays, bytes and dicts are known
// here, and everything else gives an Opaque value.
#pragma once

#include <optional>
#include <vector>

#include "models/checkpoint/pickle.h"
#include "models/checkpoint/pickle_bytes.h"

namespace tbft::models::pickle {

// function(*args). Throws CheckpointError at the cursor's place for a tensor with impossible arguments.
Value result_of(Document& document, Cursor& at, Id function, const std::vector<Id>& args);

// What a persistent id stands for: a storage, or an Opaque value. Throws CheckpointError for a storage with impossible entries.
Value persistent_value(const Document& document, const Cursor& at, Id id);

// The array that numpy.ndarray.__setstate__ makes of a state; nullopt unless it is one of uint8 with as many bytes as it says.
std::optional<Array> array_of(const Document& document, Id state);

}  // namespace tbft::models::pickle
