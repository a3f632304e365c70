#include "models/read_model.h"

#include <stdexcept>

#include "models/families/family.h"

namespace tbft::models {

bool fits_a_family(const StateDict& state) {
  try {
    recognise(state);
    return true;
  } catch (const CheckpointError&) {
    return false;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

Checkpoint read_model(const std::filesystem::path& path, const std::string& key) {
  return read_checkpoint(path, {.key = key, .fits = fits_a_family});
}

Normalisation normalisation_of(const NetworkFile& file, const Normalisation& usual) {
  return {.mean = file.mean.value_or(usual.mean), .deviation = file.deviation.value_or(usual.deviation)};
}

Architecture recognise(const StateDict& state, const NetworkFile& file) {
  Architecture network = recognise(state, file.pixels);
  network.normalisation = normalisation_of(file, network.normalisation);
  return network;
}

}  // namespace tbft::models
