// Finds data sets and checkpoints in a folder, for `tbft reproduce`. Examines names only and opens no image.
#pragma once

#include <filesystem>
#include <string>

namespace tbft {

// Data sets are specs for load_dataset(), checkpoints are paths; empty where the folder has none.
struct Material {
  std::string cifar10_train, cifar10_test;      // cifar10:DIR?part=... or imagefolder:DIR/...
  std::string cifar10_c;                        // the official .npy files
  std::string cifar100;                         // the official binary version
  std::string imagenet;                         // train/<wnid>/, val/<wnid>/
  std::filesystem::path cifar10_base;           // for the images above
  std::filesystem::path cifar10_lossless_base;  // for CIFAR-10-C, which was made from lossless images
  std::filesystem::path living17_base;
};

// Searches `folder` two levels deep: CIFAR-10 as *.bin or as {train,test}/CLASS/; CIFAR-10-C as gaussian_noise.npy and
// labels.npy; checkpoints by name, *cifar10*.pth and *living17*.pth. Of several CIFAR-10 checkpoints, the one named *jpeg* is
// used for images in folders (JPEG), and another one for lossless images. A single one is used for both. Throws
// std::runtime_error where `folder` is not a folder.
Material find_material(const std::filesystem::path& folder);

}  // namespace tbft
