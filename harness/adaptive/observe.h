// The torch side of a diagnosis: one forward pass that looks on. No torch in this header.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>

#include "harness/adaptive/observation.h"
#include "harness/data/dataset.h"

namespace tbft::adaptive {

class Observer {
 public:
  // Reads the base model; throws models::CheckpointError.
  explicit Observer(const std::filesystem::path& checkpoint);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  // The images of the given indices, in that order, through the base model in eval mode; nothing of it changes. `progress` gets
  // the number of images done, and may throw to end it. Throws std::invalid_argument where labels or pixels are not the
  // network's.
  Observation observe(const data::Images& images, std::span<const std::int64_t> indices,
                      const std::function<void(std::int64_t)>& progress = {});

  std::int64_t classes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft::adaptive
