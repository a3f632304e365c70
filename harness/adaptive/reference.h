// A summary of the source data as the base model processes them. It contains all that a diagnosis needs, so that the data need
// not be present.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/training/observation.h"

namespace tbft::adaptive {

// The channel statistics of one layer's input over the source, by class. An image's descriptor is (mean, log variance) of each
// channel, so D = 2 x channels. Its residual is the descriptor minus the mean of the image's predicted class, whitened by the
// covariance of these residuals. Label shift and missing classes therefore do not change it.
struct LayerModel {
  std::string name;
  std::int64_t channels = 0;
  std::vector<double> scale;      // [D], standard deviation over the source
  std::vector<double> mean;       // [classes, D], scaled
  std::vector<double> whitening;  // lower triangle by rows, D (D + 1) / 2 values
};

// The statistics of a sample that are compared with samples of the source.
// A shift is the squared length of the mean whitened residual, divided by D and estimated without bias, so that it may be below
// 0. The common part is estimated from pairs of images with different labels only; the label shift is the rest, at front and
// rear together. Front is the mean over the normalisation layers on the trunk of the first block; rear is the last such layer
// of the network. The divergences have the names of the file format: they belong to the first, second and third block (networks
// with more blocks: the others are not compared).
inline constexpr std::array sample_statistics{"front_shift",       "front_common",      "label_shift",      "certainty",
                                              "divergence_layer1", "divergence_layer2", "divergence_layer3"};
using SampleStatistics = std::array<double, sample_statistics.size()>;

// The sorted statistics of samples of n source images. Each sample has a new random class mixture, all mixtures being equally
// likely, because the target may have another mixture than the source.
struct SourceRange {
  std::int64_t n = 0;
  std::array<std::vector<double>, sample_statistics.size()> values;
  std::vector<double> content;  // content_score() of each sample, sorted

  // A score for new content: label_shift minus certainty, each standardised by mean and deviation of these samples.
  double content_score(const SampleStatistics& sample) const;
};

struct Reference {
  std::int64_t classes = 0;
  std::int64_t images = 0;                // of the source
  std::vector<std::int64_t> confusion;    // [label, predicted], number of images of the source
  std::vector<LayerModel> layers;         // front to rear
  std::vector<SourceRange> ranges;        // in ascending order of n
  std::string checkpoint_sha256, source;  // provenance, set by the caller of calibrate()
  std::vector<std::string> class_names;   // of the source's labels, set by the caller too; empty if unknown
};

// Too few images, classes without images, layers or classes that do not fit, or a malformed file.
struct ReferenceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Computes the reference from held-out source images, because the model is too accurate on its training images. `sizes` are the
// sample sizes. Half of the images fit the layer models; the other half is sampled `replicates` times. Throws ReferenceError if
// the source has fewer than 200 images, or fewer than three times the largest size.
Reference calibrate(const Observation& source, const std::vector<std::int64_t>& sizes, std::uint64_t seed,
                    int replicates = 400);

// The statistics of all images of `sample`. Throws ReferenceError if its layers or classes differ from the reference's.
SampleStatistics statistics_of(const Reference& reference, const Observation& sample);

nlohmann::json to_json(const Reference& reference);
Reference reference_from_json(const nlohmann::json& json);  // throws ReferenceError
// The largest file of a reference, which a network of many channels would exceed: the whitening has the square of their number.
inline constexpr std::size_t most_reference_bytes = std::size_t{1} << 26U;
// Writes a file of to_json(). Throws ReferenceError with the path, and writes nothing, if it would have more than
// most_reference_bytes; std::system_error if it cannot be written.
void write_reference(const std::filesystem::path& path, const Reference& reference);
// Reads such a file, made with the checkpoint of this hash. Throws ReferenceError with the path if it is malformed or belongs
// to another checkpoint, std::system_error if it cannot be read, std::runtime_error for more than most_reference_bytes.
Reference read_reference(const std::filesystem::path& path, const std::string& checkpoint_sha256);

}  // namespace tbft::adaptive
