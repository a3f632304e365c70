// CIFAR-100 in its authors' binary and Python versions: with its 100 classes, and labelled by superclass. With superclasses the
// base model is trained on two of the five classes of each and adapted to two others.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/data/cifar_file.h"
#include "harness/data/kinds.h"
#include "harness/data/params.h"
#include "harness/data/rng.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

constexpr auto fetch_binary =
    "fetch cifar-100-binary.tar.gz (168513733 bytes, SHA-256 58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec) "
    "from https://www.cs.toronto.edu/~kriz/cifar.html";
constexpr auto fetch_python =
    "fetch cifar-100-python.tar.gz (169001437 bytes) from https://www.cs.toronto.edu/~kriz/cifar.html";

struct CoarseClass {
  std::string_view name;
  std::array<std::string_view, 5> classes;
};
// The superclasses in the order of their numbers in the files.
constexpr std::array<CoarseClass, 20> superclasses{{
    {"aquatic_mammals", {"beaver", "dolphin", "otter", "seal", "whale"}},
    {"fish", {"aquarium_fish", "flatfish", "ray", "shark", "trout"}},
    {"flowers", {"orchid", "poppy", "rose", "sunflower", "tulip"}},
    {"food_containers", {"bottle", "bowl", "can", "cup", "plate"}},
    {"fruit_and_vegetables", {"apple", "mushroom", "orange", "pear", "sweet_pepper"}},
    {"household_electrical_devices", {"clock", "keyboard", "lamp", "telephone", "television"}},
    {"household_furniture", {"bed", "chair", "couch", "table", "wardrobe"}},
    {"insects", {"bee", "beetle", "butterfly", "caterpillar", "cockroach"}},
    {"large_carnivores", {"bear", "leopard", "lion", "tiger", "wolf"}},
    {"large_man-made_outdoor_things", {"bridge", "castle", "house", "road", "skyscraper"}},
    {"large_natural_outdoor_scenes", {"cloud", "forest", "mountain", "plain", "sea"}},
    {"large_omnivores_and_herbivores", {"camel", "cattle", "chimpanzee", "elephant", "kangaroo"}},
    {"medium_mammals", {"fox", "porcupine", "possum", "raccoon", "skunk"}},
    {"non-insect_invertebrates", {"crab", "lobster", "snail", "spider", "worm"}},
    {"people", {"baby", "boy", "girl", "man", "woman"}},
    {"reptiles", {"crocodile", "dinosaur", "lizard", "snake", "turtle"}},
    {"small_mammals", {"hamster", "mouse", "rabbit", "shrew", "squirrel"}},
    {"trees", {"maple_tree", "oak_tree", "palm_tree", "pine_tree", "willow_tree"}},
    {"vehicles_1", {"bicycle", "bus", "motorcycle", "pickup_truck", "train"}},
    {"vehicles_2", {"lawn_mower", "rocket", "streetcar", "tank", "tractor"}},
}};

// Name and superclass of each class. The class numbers 0..99 follow the alphabetical order of the names.
struct Class {
  std::string_view name;
  std::size_t superclass;
};
std::vector<Class> numbered_classes() {
  std::vector<Class> classes;
  for (std::size_t i = 0; i < superclasses.size(); ++i) {
    for (const auto name : superclasses[i].classes) classes.push_back({name, i});
  }
  std::ranges::sort(classes, {}, &Class::name);
  return classes;
}

// The chosen classes. The five classes of a superclass are shuffled by (seed, superclass); the first two are source, the next
// two target.
using Chosen = std::array<std::array<std::string_view, 2>, superclasses.size()>;
Chosen choose(bool is_target, std::uint64_t seed) {
  constexpr std::uint64_t stream = 100;  // separates this stream from other uses of the same seed
  Chosen chosen{};
  for (std::size_t i = 0; i < superclasses.size(); ++i) {
    Rng rng(seed, stream, i);
    auto shuffled = superclasses[i].classes;
    for (std::size_t k = shuffled.size(); k > 1; --k) {
      std::swap(shuffled[k - 1], shuffled[static_cast<std::size_t>(rng.below(static_cast<int>(k)))]);
    }
    std::copy_n(shuffled.begin() + (is_target ? 2 : 0), 2, chosen[i].begin());
    std::ranges::sort(chosen[i]);
  }
  return chosen;
}

// Calls `use` with the superclass, the class and the colour planes of each image. Throws DataError where they do not belong
// together.
template <typename Use>
void read_records(const CifarFile& file, Use use) {
  const auto classes = numbered_classes();
  const auto damaged = [&](std::size_t record, const std::string& how) {
    return DataError(fmt::format("{}: record {} {}; {}", file.path.string(), record, how, file.fetch_again));
  };
  read_cifar_file(file, [&](std::size_t i, std::span<const std::uint8_t> labels, std::span<const std::uint8_t> planes) {
    const std::size_t superclass = labels[0], number = labels[1];
    if (superclass >= superclasses.size()) throw damaged(i, fmt::format("has superclass {}, there are 0 to 19", superclass));
    if (number >= classes.size()) throw damaged(i, fmt::format("has class {}, there are 0 to 99", number));
    const auto& own = classes[number];
    if (superclass != own.superclass) {
      throw damaged(i,
                    fmt::format("has class {} ({}) in superclass {} ({}); it belongs to {} ({})", number, own.name, superclass,
                                superclasses[superclass].name, own.superclass, superclasses[own.superclass].name));
    }
    use(superclass, number, planes);
  });
}

// The binary version where both are there: the same images.
CifarFile file_at(const fs::path& path, const std::string& name) {
  const auto python = folder_or_inner(path, "cifar-100-python") / name;
  const auto binary = folder_or_inner(path, "cifar-100-binary") / (name + ".bin");
  std::error_code error;
  const bool is_python = !fs::exists(binary, error) && fs::is_regular_file(python, error);
  return {.path = is_python ? python : binary,
          .python = is_python,
          .records = name == "train" ? 50'000U : 10'000U,
          .labels = {"coarse_labels", "fine_labels"},
          .what = is_python         ? "a file of CIFAR-100"
                  : name == "train" ? "CIFAR-100's train.bin"
                                    : "CIFAR-100's test.bin",
          .fetch_again = is_python ? fetch_python : fetch_binary};
}

}  // namespace

Images load_cifar100(const DatasetSpec& spec) {
  const Params params(spec, {"part"});
  params.require_path();
  const auto part = params.one_of("part", "test", {"train", "test"});
  Images images{.height = cifar_side, .width = cifar_side};
  for (const auto& own : numbered_classes()) images.class_names.emplace_back(own.name);
  const auto file = file_at(folder_of(spec), part);
  images.pixels.owned().reserve(file.records * cifar_pixels);
  read_records(file, [&](std::size_t, std::size_t number, std::span<const std::uint8_t> planes) {
    images.labels.push_back(static_cast<std::int64_t>(number));
    append_planes(planes, images);
  });
  return images;
}

Images load_cifar100_super(const DatasetSpec& spec) {
  const Params params(spec, {"part", "split", "seed"});
  params.require_path();
  const bool is_target = params.is_target();
  const bool is_train = params.one_of("split", is_target ? "test" : "train", {"train", "test"}) == "train";
  const auto chosen = choose(is_target, params.seed(1));
  Images images{.height = cifar_side, .width = cifar_side};
  for (std::size_t i = 0; i < superclasses.size(); ++i) {
    images.class_names.push_back(fmt::format("{}: {}, {}", superclasses[i].name, chosen[i][0], chosen[i][1]));
  }
  const auto file = file_at(folder_of(spec), is_train ? "train" : "test");
  const auto classes = numbered_classes();
  read_records(file, [&](std::size_t superclass, std::size_t number, std::span<const std::uint8_t> planes) {
    if (std::ranges::find(chosen[superclass], classes[number].name) == chosen[superclass].end()) return;
    images.labels.push_back(static_cast<std::int64_t>(superclass));
    append_planes(planes, images);
  });
  if (images.labels.empty())
    throw DataError(fmt::format("{}: no image of the chosen classes; {}", file.path.string(), file.fetch_again));
  return images;
}

}  // namespace tbft::data
