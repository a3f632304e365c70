#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "harness/data/dataset.h"
#include "harness/data/superclass_table.h"
#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/harness/encoded_image.h"

namespace tbft::data {
namespace {

using test::encoded;
using test::message_of;
using test::TemporaryFolder;
using test::write_file;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto pets = R"(# Comments are allowed.
[[superclass]]
name = "feline"
source = ["tabby", "cougar"]
target = ["Persian cat"]

[[superclass]]
name = "canine"
source = ["wolf"]
target = ["fox", "coyote"]
)";

// An image folder of the classes, two images of 1 x 1 each: red = 10 x place + number. Another class stands between them.
class Subpopulation : public testing::Test {
 protected:
  Subpopulation() {
    for (const auto* name : {"Persian_cat", "cougar", "coyote", "fox", "goose", "tabby", "wolf"}) {
      for (int k = 0; k < 2; ++k)
        write_file(folder_ / fmt::format("set/{}/{}.png", name, k), encoded(".png", 1, 1, {10 * place_ + k, 0, 0}));
      ++place_;
    }
    write_file(table(), pets);
  }
  std::string table() const { return (folder_ / "pets.toml").string(); }
  std::string spec(const std::string& params = "") const {
    return "subpopulation:imagefolder:" + (folder_ / "set").string() + "?map=" + table() + params;
  }
  static Images load(const std::string& spec) { return load_dataset(parse_dataset_spec(spec)); }
  static std::string error(const std::string& spec) {
    return message_of<DataError>([&] { load(spec); });
  }
  static std::vector<int> reds(const Images& images) {
    std::vector<int> values;
    for (std::int64_t i = 0; i < images.size(); ++i) values.push_back(images.image(i)[0]);
    return values;
  }

  TemporaryFolder folder_;
  int place_ = 0;
};

TEST_F(Subpopulation, LabelsAreTheSuperclassesOfTheTable) {
  const auto target = load(spec()), source = load(spec("&part=source"));
  EXPECT_THAT(target.class_names, ElementsAre("feline", "canine"));
  EXPECT_EQ(source.class_names, target.class_names);
  // In the order of the base: Persian_cat, coyote, fox.
  EXPECT_THAT(reds(target), ElementsAre(0, 1, 20, 21, 30, 31));
  EXPECT_THAT(target.labels, ElementsAre(0, 0, 1, 1, 1, 1));
  // cougar, tabby, wolf.
  EXPECT_THAT(reds(source), ElementsAre(10, 11, 50, 51, 60, 61));
  EXPECT_THAT(source.labels, ElementsAre(0, 0, 0, 0, 1, 1));
}

TEST_F(Subpopulation, ClassesAreFoundByWhatStandsBeforeTheColon) {
  write_file(folder_ / "imagenet/n02123045/0.png", encoded(".png", 1, 1, {5, 0, 0}));
  write_file(folder_ / "imagenet/n02123394/0.png", encoded(".png", 1, 1, {6, 0, 0}));
  write_file(table(), "[[superclass]]\nname = 'cat'\nsource = ['n02123045: tabby']\ntarget = ['n02123394: Persian cat']\n");
  const auto base = "subpopulation:" + (folder_ / "imagenet").string() + "?map=" + table();
  EXPECT_THAT(reds(load(base)), ElementsAre(6));
  EXPECT_THAT(reds(load(base + "&part=source")), ElementsAre(5));
}

TEST_F(Subpopulation, OtherParametersGoToTheBase) {
  EXPECT_THAT(reds(load(spec("&limit=1"))), ElementsAre(0, 20, 30));
  EXPECT_THAT(error(spec("&lmit=1")), HasSubstr("unknown parameter 'lmit'"));
  EXPECT_THAT(error(spec("&split=train")), HasSubstr("of an image folder name the folder, such as DIR/train"));
  EXPECT_THAT(error(spec("&part=test")), HasSubstr("part=test is not one of target, source"));
  // As an experiment names it: data.dataset = "subpopulation", and data.path is a whole spec.
  EXPECT_THAT(reds(load_dataset(dataset_at("subpopulation", spec("&limit=1")))), ElementsAre(0, 20, 30));
}

TEST_F(Subpopulation, SplitIsThePartOfTheBase) {
  write_file(table(), "[[superclass]]\nname = 'round'\nsource = ['disc']\ntarget = ['square']\n");
  const auto synthetic = "subpopulation:synthetic:?n=100&map=" + table();
  const auto train = load(synthetic + "&split=train"), test = load(synthetic + "&split=test");
  const auto whole = load("synthetic:?n=100&part=train");
  EXPECT_GT(train.size(), 0);
  EXPECT_NE(train.pixels, test.pixels);
  const auto square = std::ranges::find(whole.class_names, "square") - whole.class_names.begin();
  EXPECT_EQ(train.size(), std::ranges::count(whole.labels, square));
  EXPECT_THAT(error(synthetic + "&split=target"), HasSubstr("split=target is not one of train, test"));
}

TEST_F(Subpopulation, CanStandUnderADrift) {
  const auto drifted = "drifted:" + spec("&condition=flip");
  EXPECT_THAT(load(drifted).labels, ElementsAre(1, 1, 0, 0, 0, 0));
  EXPECT_EQ(drift_of(find_dataset("drifted"), parse_dataset_spec(drifted), ""), "feature+output");
  EXPECT_EQ(drift_of(find_dataset("subpopulation"), parse_dataset_spec(spec()), ""), "feature");
}

TEST_F(Subpopulation, NamesTheClassesThatTheBaseLacksAndTheNearest) {
  write_file(table(), "[[superclass]]\nname = 'feline'\nsource = ['taby', 'ocelot']\ntarget = ['cougar']\n");
  const auto message = error(spec("&part=source"));
  EXPECT_THAT(message,
              HasSubstr(": no class named taby (did you mean 'tabby'?), ocelot; wanted as source by the table " + table()));
  EXPECT_THAT(message, HasSubstr("this has Persian_cat, cougar, coyote"));
  EXPECT_EQ(load(spec()).size(), 2) << "the target has what it needs";
}

TEST_F(Subpopulation, NeedsATable) {
  const auto base = "subpopulation:" + (folder_ / "set").string();
  EXPECT_THAT(error(base), HasSubstr("needs map=TABLE, one of pairs, cifar100, tinyimagenet or a TOML file"));
  EXPECT_THAT(error(base + "?map=tinyimage"),
              HasSubstr("map=tinyimage: no such table; there are pairs, cifar100, tinyimagenet"));
  EXPECT_THAT(error(base + "?map=./none.toml"), HasSubstr("none.toml"));
  EXPECT_THAT(error(base + "?map=" + (folder_ / "set").string()), HasSubstr("set"));
  EXPECT_THAT(error("subpopulation:?map=pairs"), HasSubstr("needs a folder"));
}

std::string table_error(const std::string& toml) {
  return message_of<DataError>([&] { parse_superclasses(toml, "T"); });
}

TEST(SuperclassTable, IsReadInItsOrder) {
  const auto superclasses = parse_superclasses(pets, "T");
  ASSERT_EQ(superclasses.size(), 2U);
  EXPECT_EQ(superclasses[0].name, "feline");
  EXPECT_THAT(superclasses[0].source, ElementsAre("tabby", "cougar"));
  EXPECT_THAT(superclasses[1].target, ElementsAre("fox", "coyote"));
}

TEST(SuperclassTable, EveryMistakeIsOneLineWithItsPlace) {
  const std::string cat = "[[superclass]]\nname = 'cat'\nsource = ['tabby']\ntarget = ['Persian cat']\n";
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {"", "T: no [[superclass]] with a name, a source and a target"},
      {"# nothing\n", "T: no [[superclass]]"},
      {"[[superclass]\n", "T:1: "},
      {"[superclass]\nname = 'cat'\n", "T:1: unknown key 'superclass'; a table has only [[superclass]]"},
      {"superclass = []\n", "no [[superclass]]"},
      {"superclass = [1]\n", "T:1: expected [[superclass]]"},
      {cat + "[[superclas]]\nname = 'dog'\n", "T:5: unknown key 'superclas'"},
      {cat + "[[superclass]]\nsource = ['wolf']\ntarget = ['fox']\n", "T:5: a superclass has no name"},
      {cat + "[[superclass]]\nname = 7\n", "T:6: name: expected a name in quotes"},
      {cat + "[[superclass]]\nname = ' '\n", "T:6: name: expected a name in quotes"},
      {cat + "[[superclass]]\nname = 'dog'\nsorce = ['wolf']\n",
       "T:7: unknown key 'sorce'; a superclass has name, source, target"},
      {cat + "[[superclass]]\nname = 'dog'\nsource = ['wolf']\n",
       "T:5: dog has no target classes; write target = [\"CLASS\", ...]"},
      {cat + "[[superclass]]\nname = 'dog'\nsource = []\ntarget = ['fox']\n", "T:5: dog has no source classes"},
      {cat + "[[superclass]]\nname = 'dog'\nsource = 'wolf'\ntarget = ['fox']\n", "T:5: dog has no source classes"},
      {cat + "[[superclass]]\nname = 'dog'\nsource = ['wolf', 3]\ntarget = ['fox']\n",
       "T:7: source: expected a name in quotes"},
      {cat + "[[superclass]]\nname = 'Cat'\nsource = ['wolf']\ntarget = ['fox']\n", "T:5: superclass Cat is there twice"},
      {cat + "[[superclass]]\nname = 'dog'\nsource = ['wolf']\ntarget = ['persian_cat']\n",
       "T:5: class persian_cat is in the target of cat and in the target of dog"},
      {cat + "[[superclass]]\nname = 'dog'\nsource = ['wolf']\ntarget = ['fox', 'Wolf']\n",
       "T:5: class Wolf is in the source of dog and in the target of dog"},
      {cat + "[[superclass]]\nname = 'dog'\nsource = ['wolf', 'wolf']\ntarget = ['fox']\n",
       "T:5: class wolf is twice in the source of dog"},
  };
  for (const auto& [toml, message] : mistakes) {
    const auto error = table_error(toml);
    EXPECT_THAT(error, HasSubstr(message)) << toml;
    EXPECT_THAT(error, Not(HasSubstr("\n"))) << toml;
  }
}

std::string repeated(const std::string& text, int times) {
  std::string result;
  result.reserve(text.size() * static_cast<std::size_t>(times));
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

TEST(SuperclassTable, ThatIsHostileEndsInOneLine) {
  constexpr int many = 200'000;
  for (const auto& toml : {"a" + repeated(".a", many) + " = 1\n", "[a" + repeated(".a", many) + "]\n",
                           "a = " + repeated("[", many), "a = " + repeated("{a=", many), repeated("[{a.a.a=", many / 10),
                           "[[superclass]]\nname = \"a\\n\\u001b[31m\\u0000\"\nsource = [\"" + repeated("x", many) + "\"]\n"}) {
    const auto error = table_error(toml);
    EXPECT_THAT(error, AllOf(HasSubstr("T"), Not(HasSubstr("\n")), Not(HasSubstr("\x1b"))));
    EXPECT_LT(error.size(), 500U);
  }
}

TEST_F(Subpopulation, ATableOfOverAMebibyteIsNotRead) {
  write_file(table(), pets + repeated("# comment\n", 200'000));
  EXPECT_THAT(error(spec()), AllOf(HasSubstr(table()), HasSubstr("more than 1 MiB")));
}

// The ids of wnids.txt in the published archive, sorted.
constexpr std::array tiny_wnids{
    "n01443537", "n01629819", "n01641577", "n01644900", "n01698640", "n01742172", "n01768244", "n01770393", "n01774384",
    "n01774750", "n01784675", "n01855672", "n01882714", "n01910747", "n01917289", "n01944390", "n01945685", "n01950731",
    "n01983481", "n01984695", "n02002724", "n02056570", "n02058221", "n02074367", "n02085620", "n02094433", "n02099601",
    "n02099712", "n02106662", "n02113799", "n02123045", "n02123394", "n02124075", "n02125311", "n02129165", "n02132136",
    "n02165456", "n02190166", "n02206856", "n02226429", "n02231487", "n02233338", "n02236044", "n02268443", "n02279972",
    "n02281406", "n02321529", "n02364673", "n02395406", "n02403003", "n02410509", "n02415577", "n02423022", "n02437312",
    "n02480495", "n02481823", "n02486410", "n02504458", "n02509815", "n02666196", "n02669723", "n02699494", "n02730930",
    "n02769748", "n02788148", "n02791270", "n02793495", "n02795169", "n02802426", "n02808440", "n02814533", "n02814860",
    "n02815834", "n02823428", "n02837789", "n02841315", "n02843684", "n02883205", "n02892201", "n02906734", "n02909870",
    "n02917067", "n02927161", "n02948072", "n02950826", "n02963159", "n02977058", "n02988304", "n02999410", "n03014705",
    "n03026506", "n03042490", "n03085013", "n03089624", "n03100240", "n03126707", "n03160309", "n03179701", "n03201208",
    "n03250847", "n03255030", "n03355925", "n03388043", "n03393912", "n03400231", "n03404251", "n03424325", "n03444034",
    "n03447447", "n03544143", "n03584254", "n03599486", "n03617480", "n03637318", "n03649909", "n03662601", "n03670208",
    "n03706229", "n03733131", "n03763968", "n03770439", "n03796401", "n03804744", "n03814639", "n03837869", "n03838899",
    "n03854065", "n03891332", "n03902125", "n03930313", "n03937543", "n03970156", "n03976657", "n03977966", "n03980874",
    "n03983396", "n03992509", "n04008634", "n04023962", "n04067472", "n04070727", "n04074963", "n04099969", "n04118538",
    "n04133789", "n04146614", "n04149813", "n04179913", "n04251144", "n04254777", "n04259630", "n04265275", "n04275548",
    "n04285008", "n04311004", "n04328186", "n04356056", "n04366367", "n04371430", "n04376876", "n04398044", "n04399382",
    "n04417672", "n04456115", "n04465501", "n04486054", "n04487081", "n04501370", "n04507155", "n04532106", "n04532670",
    "n04540053", "n04560804", "n04562935", "n04596742", "n04597913", "n06596364", "n07579787", "n07583066", "n07614500",
    "n07615774", "n07695742", "n07711569", "n07715103", "n07720875", "n07734744", "n07747607", "n07749582", "n07753592",
    "n07768694", "n07871810", "n07873807", "n07875152", "n07920052", "n09193705", "n09246464", "n09256479", "n09332890",
    "n09428293", "n12267677"};

TEST(ShippedTables, CanBeRead) {
  for (const auto& table : shipped_tables()) EXPECT_THAT(parse_superclasses(table.toml, "T"), Not(IsEmpty())) << table.name;
}

TEST(ShippedTables, TinyImageNetHasTwoSourceAndTwoTargetClassesForEachSuperclass) {
  const auto superclasses = find_superclasses("tinyimagenet");
  EXPECT_EQ(superclasses.size(), 17U);
  const std::set<std::string_view> known(tiny_wnids.begin(), tiny_wnids.end());
  ASSERT_EQ(known.size(), 200U);
  for (const auto& superclass : superclasses) {
    for (const auto* classes : {&superclass.source, &superclass.target}) {
      EXPECT_EQ(classes->size(), 2U) << superclass.name;
      for (const auto& name : *classes) EXPECT_TRUE(known.contains(name.substr(0, name.find(':')))) << name;
    }
  }
}

}  // namespace
}  // namespace tbft::data
