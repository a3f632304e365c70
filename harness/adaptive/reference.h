// What the source data look like to the base model: all that a diagnosis needs of them, so that they may stay elsewhere.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/training/observation.h"

namespace tbft::adaptive {

// The channel statistics of one layer's input over the source, class by class. An image's descriptor is (mean, log variance) of
// each channel, D = 2 x channels; its residual is what is left after the mean of its predicted class, whitened by the
// covariance of these residuals. Label shift, a missing class or a single one thus move nothing.
struct LayerModel {
  std::string name;
  std::int64_t channels = 0;
  std::vector<double> scale;      // [D], standard deviation over the source
  std::vector<double> mean;       // [classes, D], scaled
  std::vector<double> whitening;  // lower triangle by rows, D (D + 1) / 2
};

// Numbers of a sample that are compared with samples of the source.
// A shift is the squared length, over D, of the mean whitened residual, estimated without bias (it may fall below 0). What is
// common to all labels is estimated over pairs of images with different labels alone; the label shift is the rest of it, at the
// front and at the rear together. Front is the mean over the normalisation layers on the trunk of the first block, rear the
// last one of the network. The names of the divergences are those of the file's format: of the first, second and third block.
inline constexpr std::array sample_statistics{"front_shift",       "front_common",      "label_shift",      "certainty",
                                              "divergence_layer1", "divergence_layer2", "divergence_layer3"};
using SampleStatistics = std::array<double, sample_statistics.size()>;

// What samples of n source images give, each statistic sorted. The class mixture of each is drawn anew, every mixture as likely
// as another: the target's need not be the source's.
struct SourceRange {
  std::int64_t n = 0;
  std::array<std::vector<double>, sample_statistics.size()> values;
  std::vector<double> content;  // content_score() of each sample, sorted

  // How new the content looks: label_shift less certainty, each in standard deviations of these samples from their mean.
  double content_score(const SampleStatistics& sample) const;
};

struct Reference {
  std::int64_t classes = 0;
  std::int64_t images = 0;                // of the source
  std::vector<std::int64_t> confusion;    // [label, predicted], images of the source
  std::vector<LayerModel> layers;         // front to rear
  std::vector<SourceRange> ranges;        // by rising n
  std::string checkpoint_sha256, source;  // provenance, from whoever calibrates
  std::vector<std::string> class_names;   // of the source's labels, likewise; empty where nobody said
};

// Too few images, classes without images, layers or classes that do not fit, a malformed file.
struct ReferenceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// From held-out source images (training images flatter the base model) and for samples of each size in `sizes`. Half of the
// images make the layer models, the other half is sampled `replicates` times. Throws ReferenceError where the source has under
// 200 images, or under three times the largest size.
Reference calibrate(const Observation& source, const std::vector<std::int64_t>& sizes, std::uint64_t seed,
                    int replicates = 400);

// The statistics of all images of `sample`. Throws ReferenceError where its layers or classes are not the reference's.
SampleStatistics statistics_of(const Reference& reference, const Observation& sample);

nlohmann::json to_json(const Reference& reference);
Reference reference_from_json(const nlohmann::json& json);  // throws ReferenceError
// A file of to_json(), at most 64 MiB, for the checkpoint of this hash. Throws ReferenceError with the path where it is none or
// of another checkpoint, std::system_error where it cannot be read.
Reference read_reference(const std::filesystem::path& path, const std::string& checkpoint_sha256);

}  // namespace tbft::adaptive
