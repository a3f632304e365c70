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

}  // namespace tbft::models
