// SVG, labels, axes and gnuplot itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "plots/figure.h"
#include "plots/gnuplot.h"
#include "plots/labels.h"
#include "plots/style.h"
#include "tests/support/scoped_environment.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/plots/figure_sample.h"

namespace tbft::plots {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Svg, FilesHaveTheirOwnTitleAndPlainColoursThatFollowADarkTheme) {
  const std::string svg = draw(one(rows(), "accuracy"), Terminal::svg);
  EXPECT_THAT(svg, AllOf(Not(HasSubstr("Gnuplot")), Not(HasSubstr("GNUPLOT")), Not(HasSubstr("var("))));
  EXPECT_THAT(svg, AllOf(HasSubstr("<title>Accuracy by strategy: cifar-flip, output drift</title>"), HasSubstr("'#1d54c1'"),
                         HasSubstr("prefers-color-scheme:dark"), HasSubstr("[stroke=\"#1d54c1\"]{stroke:#2f67d5}")));
  EXPECT_EQ(count(svg, "<title>"), 1U);
}

TEST(Svg, PagesHaveVariablesWithAFallbackForEveryColour) {
  for (const Figure& figure : Drawn(rows()).figures) {
    const std::string svg = draw(figure, Terminal::page);
    EXPECT_THAT(svg, AllOf(HasSubstr("var(--figure-text,#1a1a1a)"), HasSubstr("var(--figure-background,#ffffff)")))
        << figure.name;
    EXPECT_THAT(svg, AllOf(Not(HasSubstr("<title>")), Not(HasSubstr("<?xml")), Not(HasSubstr("id=\"gnuplot")))) << figure.name;
    EXPECT_THAT(svg,
                AllOf(Not(HasSubstr("rgb(")), Not(HasSubstr("\"black\"")), Not(testing::ContainsRegex("['\"]#[0-9a-f]{6}"))))
        << figure.name;
  }
}

TEST(Svg, TextIsTextInAFontOfTheSystem) {
  const std::string svg = draw(one(rows(), "accuracy"), Terminal::svg);
  EXPECT_THAT(svg, AllOf(HasSubstr("<text>block1</text>"), HasSubstr("font-family=\"sans-serif\""),
                         HasSubstr("font-weight=\"bold\""), Not(HasSubstr("sans-serif:Bold"))));
}

TEST(Svg, ColoursInTextsStay) {
  auto cells = rows();
  for (auto& cell : cells) cell.dataset = "rgb(1, 2, 3) black";
  EXPECT_THAT(draw(one(cells, "accuracy"), Terminal::svg), HasSubstr("<text>Accuracy by strategy: rgb(1, 2, 3) black, output"));
}

TEST(Svg, NamesOfSymbolsInTextsStay) {
  auto cells = rows();
  for (auto& cell : cells) {
    if (cell.strategy == "fc") cell.strategy = "gpPt7-gpDot";
  }
  EXPECT_THAT(draw(one(cells, "accuracy"), Terminal::page), HasSubstr("gpPt7-gpDot</text>"));
}

TEST(Svg, PartsOfOnePictureHaveDifferentIds) {
  const std::string svg = draw(one(rows(), "published"), Terminal::page);
  EXPECT_EQ(count(svg, "<svg"), 2U);
  EXPECT_THAT(svg, AllOf(HasSubstr("id='gpPt0_5'"), HasSubstr("id='gpPt1_5'"), Not(HasSubstr("id='gpPt5'"))));
}

TEST(Labels, CoverNeitherEachOtherNorPoints) {
  std::vector<LabelledPoint> points;
  for (int i = 0; i < 8; ++i) points.push_back({100.0 + 6 * i, 100.0 + 5 * (i % 3), "strategy" + std::to_string(i)});
  const auto boxes = place_labels(points, {}, 300, 250);
  const auto apart = [](const Rect& a, const Rect& b) {
    return a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  };
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    EXPECT_GE(boxes[i].left, 0);
    EXPECT_LE(boxes[i].right, 300);
    for (std::size_t j = 0; j < boxes.size(); ++j) {
      EXPECT_TRUE(i == j || apart(boxes[i], boxes[j])) << i << " " << j;
      EXPECT_TRUE(apart(boxes[i], {points[j].x - 4, points[j].y - 4, points[j].x + 4, points[j].y + 4})) << i << " " << j;
    }
  }
}

TEST(Labels, StandInsideTheGraphAndOffObstacles) {
  const std::vector<LabelledPoint> points{{298, 2, "corner"}};
  const std::vector<Rect> wall{{200, 0, 290, 20}};
  const Rect box = place_labels(points, wall, 300, 250).front();
  EXPECT_LE(box.right, 300);
  EXPECT_GE(box.top, 0);
  EXPECT_TRUE(box.top >= 20 || box.right <= 200) << box.left << " " << box.top;
}

TEST(Axis, IsRoundedOutwardsWithinItsLimits) {
  const Axis inside = axis_of(41, 78, 0, 100);
  EXPECT_LE(inside.from, 41);
  EXPECT_GE(inside.to, 78);
  EXPECT_GE(inside.from, 30);
  EXPECT_LE(inside.to, 90);
  EXPECT_EQ(axis_of(0, 99.9, 0, 100).to, 100);
  EXPECT_EQ(axis_of(0, 99.9, 0, 100).from, 0);
  const Axis one_value = axis_of(100, 100, 0, 100);
  EXPECT_LT(one_value.from, one_value.to);
  EXPECT_EQ(axis_of(0, 0, 0, 100).to, 0.5);
}

TEST(Gnuplot, ItsOwnWordsComeWithAFailure) {
  try {
    draw({"bad", "", "", {}, {{"", "plot nonsense\n"}}}, Terminal::svg);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("figure bad"), HasSubstr("nonsense")));
  }
}

TEST(Gnuplot, OneThatHangsIsStopped) {
  const tbft::test::TemporaryFolder folder;
  std::ofstream(folder / "gnuplot") << "#!/bin/sh\nexec sleep 600\n";
  std::filesystem::permissions(folder / "gnuplot", std::filesystem::perms(0755));
  const tbft::test::ScopedEnvironment path("PATH", (folder.path().string() + ":" + std::getenv("PATH")).c_str());
  std::string what;
  try {
    draw({"slow", "", "", {}, {{"", "plot x\n"}}}, Terminal::svg, std::chrono::milliseconds(50));
  } catch (const NoGnuplot& error) {
    what = error.what();
  }
  EXPECT_THAT(what, HasSubstr("gnuplot was stopped"));
}

}  // namespace
}  // namespace tbft::plots
