#include "harness/data/load_images.h"

namespace tbft {

data::Images load_images(const data::DatasetSpec& spec, Console& console) {
  console.progress("loading " + data::to_string(spec));
  auto images = data::load_dataset(spec);
  for (const auto& note : images.notes) console.warning(note);
  return images;
}

data::Images load_images(const std::string& spec, Console& console) {
  return load_images(data::parse_dataset_spec(spec), console);
}

}  // namespace tbft
