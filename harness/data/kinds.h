// The loaders behind dataset_kinds(), one a file. Each throws DataError, and BadDatasetSpec for parameters it does not know.
#pragma once

#include "harness/data/dataset.h"

namespace tbft::data {

// Official CIFAR-10 binary version (cifar-10-binary.tar.gz): PATH holds test_batch.bin and data_batch_{1..5}.bin, or the
// folder cifar-10-batches-bin that does. part=train|test, default test: 10,000 images; train: 50,000. 32 px.
// PATH may also be the same images as files: imagefolder:DIR, or a folder that holds a folder a class.
Images load_cifar10(const DatasetSpec& spec);
bool is_cifar10(const std::string& path);

// PATH/CLASS/*.{jpg,jpeg,png}: classes and files in byte order of their names, labels from 0 in that order. All images have
// one size. EXIF rotation is ignored; grey becomes RGB, alpha is dropped. limit=N takes the first N files of each class.
Images load_image_folder(const DatasetSpec& spec);

// CIFAR-Flip: label y becomes classes - 1 - y (9 - y), pixels as they are. PATH and parameters are those of a CIFAR-10
// binary folder or of an image folder.
Images load_cifar_flip(const DatasetSpec& spec);

// Procedural shapes, 10 classes, 32 px; see synthetic.cpp.
Images load_synthetic(const DatasetSpec& spec);

}  // namespace tbft::data
