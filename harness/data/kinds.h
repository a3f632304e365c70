// The loaders behind dataset_kinds(), one a file. Each throws DataError, and BadDatasetSpec for parameters it does not know.
#pragma once

#include "harness/data/dataset.h"

namespace tbft::data {

// The official binary or Python version of CIFAR-10 (cifar-10-binary.tar.gz, cifar-10-python.tar.gz; torchvision leaves the
// latter). PATH is the folder of test_batch.bin and data_batch_{1..5}.bin, or of the same names without .bin, or its parent.
// part=train|test, default test: 10,000 images; train: 50,000. 32 px. PATH may also be the same images as files:
// imagefolder:DIR, or a folder that holds a folder a class.
Images load_cifar10(const DatasetSpec& spec);
bool is_cifar10(const std::string& path);
std::vector<std::string> cifar10_class_names();

// CIFAR-10-C as published (CIFAR-10-C.tar). PATH is the folder of labels.npy and CORRUPTION.npy (50,000 images each), or its
// parent. condition=CORRUPTION-SEVERITY, which is required, selects 10,000 of them.
Images load_cifar10_c(const DatasetSpec& spec);

// The same corruptions by our own generator (corruption/). PATH is a folder that `tbft data corrupt` wrote, or a clean data set
// of 32 px (imagefolder:DIR, cifar10:DIR, synthetic:), which is corrupted when it is loaded. seed=S (default 0) and
// frost=FOLDER are parameters of the corruption, all others of the clean set. condition=CORRUPTION-SEVERITY is required.
Images load_cifar10_c_like(const DatasetSpec& spec);

// PATH/CLASS/*.{jpg,jpeg,png}: classes and files in byte order of their names, labels from 0 in that order. All images have one
// size: their own, or that of torchvision's Resize(N) with resize=N and then CenterCrop(M) with crop=M (framing.h). The EXIF
// orientation is applied before; grey and palettes become RGB, 16 bits 8, alpha is dropped. A damaged file is an error that
// names it; skip_damaged=true leaves such files out, and says how many. limit=N takes the first N files of each class. Pixels
// of over 256 MiB are mapped from a file that is made once (pixel_cache.h), in the user's cache folder; cache=DIR names another
// folder, for smaller sets too, and cache=none keeps them in memory.
// classes=A,B,... names all classes in the order of their labels; folders may be missing, but folders of other names are an
// error.
Images load_image_folder(const DatasetSpec& spec);

// CIFAR-Flip: label y becomes classes - 1 - y (9 - y), pixels as they are. PATH and parameters are those of a CIFAR-10
// binary folder or of an image folder.
Images load_cifar_flip(const DatasetSpec& spec);

// Living-17 of BREEDS from an ImageNet-1k tree, PATH/train/WNID/*.JPEG and PATH/val/WNID/*.JPEG. Labels 0..16 are superclasses;
// living17.cpp says how the images become 128 px. part=target|source, default target, chooses two ImageNet classes of each
// superclass (living17_classes.h); split=all|train|val, default all for the target and train for the source (val is its
// validation). limit=N takes the first N files of each folder. Images are ordered by superclass, ImageNet class, folder, name.
Images load_living17(const DatasetSpec& spec);

// The shift of BREEDS over any labelled data set. PATH is the base. map=TABLE names the table that makes superclasses of its
// classes (superclass_table.h): pairs, cifar100, tinyimagenet, or the path of a TOML file. Labels follow the table. part=source
// selects the source classes, part=target (the default) the target classes; images of all others are skipped. split=train|test
// is the `part` of a base that has one; other parameters are the base's.
Images load_subpopulation(const DatasetSpec& spec);
// The same with the table `pairs`: cat/dog, automobile/truck, deer/horse and airplane/ship of CIFAR-10.
Images load_cifar10_pairs(const DatasetSpec& spec);

// The official binary or Python version of CIFAR-100 (cifar-100-binary.tar.gz, cifar-100-python.tar.gz). PATH is the folder of
// train.bin and test.bin, or of train and test, or its parent. Labels are the 20 superclasses. Of the 5 classes of each, 2 are
// part=source, 2 part=target (the default) and 1 is unused, drawn by seed=S (default 1). Class names list the chosen ones:
// "fish: ray, shark". split=train|test, default test (4,000 images) for the target and train (20,000) for the source. 32 px.
Images load_cifar100_super(const DatasetSpec& spec);
// The same files with the 100 classes as labels, in alphabetical order. part=train|test, default test: 10,000 images; train:
// 50,000.
Images load_cifar100(const DatasetSpec& spec);

// Tiny ImageNet as tiny-imagenet-200.zip unpacks: wnids.txt, words.txt, train/WNID/images, val/val_annotations.txt and
// val/images; also with val's images moved to folders val/WNID. PATH is that folder or its parent. Labels follow the sorted
// WordNet ids, and classes are called "n01443537: goldfish". part=train|test, default test: the 10,000 of val (test/ has no
// labels); train: 100,000. pixels=64|32, default 64: 32 is Pillow's antialiased Resize(32). limit=N takes the first N files of
// each class; skip_damaged and cache as in an image folder. Images are ordered by class, then by name.
Images load_tinyimagenet(const DatasetSpec& spec);

// Any labelled data set under named drifts. PATH is the base data set; condition=PART+PART... (drifted.h; default: none) names
// the drifts. seed=S (default 0) and frost=FOLDER are parameters of the corruptions, as in cifar10-c-like, all others of the
// base.
Images load_drifted(const DatasetSpec& spec);
// A condition is PART+PART... with at most one part of the output level. Parts of the input level are applied in the order
// written. `none` alone is the unchanged base. The table of parts is in drifted.cpp.
const ConditionGrammar& drifted_grammar();

// Procedural shapes, 10 classes, 32 px; see synthetic.cpp.
Images load_synthetic(const DatasetSpec& spec);

}  // namespace tbft::data
