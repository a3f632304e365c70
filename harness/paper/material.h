// What a folder of data and checkpoints holds, for `tbft reproduce`. Looks at names and folders, opens no image.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace tbft {

// Data sets as specs for load_dataset(), checkpoints as paths; empty where the folder has none.
struct Material {
  std::string cifar10_train, cifar10_test;      // cifar10:DIR?part=... or imagefolder:DIR/...
  std::string cifar10_c;                        // the official .npy files
  std::string cifar100;                         // the official binary version
  std::string imagenet;                         // train/<wnid>/, val/<wnid>/
  std::filesystem::path cifar10_base;           // for the images above
  std::filesystem::path cifar10_lossless_base;  // for CIFAR-10-C, which was made from lossless images
  std::filesystem::path living17_base;
};

// Looks in `folder`, in its sub-folders and in theirs: CIFAR-10 as *.bin or as {train,test}/CLASS/; CIFAR-10-C as
// gaussian_noise.npy and labels.npy; checkpoints by name, *cifar10*.pth and *living17*.pth. Of several CIFAR-10 checkpoints the
// one named *jpeg* is for images in folders (JPEG), another one for lossless images; one alone serves for both. Throws
// std::runtime_error where `folder` is none.
Material find_material(const std::filesystem::path& folder);

}  // namespace tbft
