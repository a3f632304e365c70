// What all figures share: kinds, titles, panels, hostile input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "plots/figure.h"
#include "plots/gnuplot.h"
#include "plots/labels.h"
#include "plots/style.h"
#include "tests/unit/plots/figure_sample.h"

namespace tbft::plots {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST(Figures, EveryKindIsDrawnAsSvgAndPngAndForPages) {
  const Drawn drawn(rows());
  EXPECT_THAT(drawn.figures, SizeIs(figure_kinds().size()));
  for (const Figure& figure : drawn.figures) {
    EXPECT_THAT(draw(figure, Terminal::svg), AllOf(HasSubstr("<svg"), HasSubstr("</svg>"))) << figure.name;
    EXPECT_TRUE(draw(figure, Terminal::png).starts_with("\x89PNG")) << figure.name;
    EXPECT_EQ(count(draw(figure, Terminal::page), "<svg"), figure.panels.size()) << figure.name;
  }
}

TEST(Figures, SubtitlesNameProtocolProcessorAndNetwork) {
  auto cells = rows();
  for (auto& cell : cells) {
    cell.protocol = "paper";
    cell.board = "Raspberry Pi 5";
    cell.network = "ResNet-26";
  }
  for (const Figure& figure : Drawn(cells).figures) {
    EXPECT_THAT(figure.title, Not(HasSubstr("Raspberry"))) << figure.name;
    if (figure.name == "idle") continue;  // of all runs
    EXPECT_THAT(figure.subtitle, HasSubstr("Paper protocol, Raspberry Pi 5, ResNet-26")) << figure.name;
    EXPECT_THAT(draw(figure, Terminal::svg), HasSubstr("<text>Paper protocol, Raspberry Pi 5, ResNet-26")) << figure.name;
  }
}

TEST(Figures, LongTitlesAreBrokenIntoLinesThatFit) {
  auto cells = rows();
  for (auto& cell : cells) {
    cell.dataset = "a data set " + std::string(60, 'x') + " with a name of many words that fits on no line";
    cell.board = "a board with a name that is as long as that of the data set, if not longer than it";
  }
  const Figure figure = one(cells, "accuracy");
  const std::string svg = draw(figure, Terminal::svg);
  std::string words;
  const std::regex text(R"(font-size="(13|11)\.00"[^>]*>\s*<text>([^<]*)</text>)");
  for (auto at = std::sregex_iterator(svg.begin(), svg.end(), text); at != std::sregex_iterator(); ++at) {
    EXPECT_LE(6.0 * static_cast<double>((*at)[2].length()), figure.frame.width) << (*at)[2];
    words += (*at)[2].str() + " ";
  }
  EXPECT_THAT(words, AllOf(HasSubstr("fits on no line"), HasSubstr("if not longer than it")));
}

TEST(Figures, TrainingSizesAreOneRowOfPanelsWithTheSameAxes) {
  auto cells = rows();
  for (auto cell : rows()) {
    cell.train_size = 0.2;
    cell.accuracy_pct = *cell.accuracy_pct / 2;
    cells.push_back(cell);
  }
  for (const char* kind : {"accuracy", "accuracy-energy", "saving", "phases"}) {
    const Figure figure = one(cells, kind);
    ASSERT_THAT(figure.panels, SizeIs(2)) << kind;
    EXPECT_EQ(figure.panels[0].title, "10 % of the data for training");
    EXPECT_EQ(figure.panels[1].title, "20 % of the data for training");
    EXPECT_EQ(range_of(figure.panels[0].script, 'x'), range_of(figure.panels[1].script, 'x')) << kind;
    EXPECT_EQ(range_of(figure.panels[0].script, 'y'), range_of(figure.panels[1].script, 'y')) << kind;
    EXPECT_THAT(draw(figure, Terminal::svg), HasSubstr("viewBox=\"0 0 " + std::to_string(2 * figure.frame.width) + " "))
        << kind;
  }
}

TEST(Legend, ManyItemsHaveDifferentNumbers) {
  const std::vector<LegendItem> items(150, LegendItem{"run", blue, 7});
  Frame frame;
  const std::string script = add_legend(frame, items);
  std::set<std::string> numbers;
  const std::regex label("set label ([0-9]+)");
  for (auto at = std::sregex_iterator(script.begin(), script.end(), label); at != std::sregex_iterator(); ++at)
    EXPECT_TRUE(numbers.insert((*at)[1]).second) << (*at)[1];
  EXPECT_THAT(numbers, SizeIs(300));
}

TEST(Figures, AThousandStrategiesAreDrawnWithoutNames) {
  auto cells = rows();
  for (int i = 0; i < 1000; ++i) cells.push_back(row("own" + std::to_string(i), 0, 20 + i % 50, 100 + i));
  const Figure figure = one(cells, "accuracy-energy");
  EXPECT_THAT(figure.subtitle, HasSubstr("Points without names"));
  EXPECT_THAT(scripts(figure), Not(HasSubstr("own999")));
  EXPECT_THAT(one(rows(), "accuracy-energy").subtitle, Not(HasSubstr("without names")));
}

TEST(Figures, PicturesTooLargeForPngSaySo) {
  Figure figure = one(rows(), "accuracy");
  EXPECT_THAT(script_of(figure, Terminal::png), HasSubstr("set terminal pngcairo size 960,"));
  figure.frame.width = 20'000;
  EXPECT_THAT(script_of(figure, Terminal::png), HasSubstr("set terminal pngcairo size 20000,"));
  figure.frame.width = 40'000;
  EXPECT_THROW(script_of(figure, Terminal::png), std::runtime_error);
  EXPECT_NO_THROW(script_of(figure, Terminal::svg));
}

TEST(Figures, TextOfAFileCannotLeaveItsQuotes) {
  auto cells = rows();
  for (auto& cell : cells) {
    if (cell.strategy == "none") cell.strategy = "x\"; system(\"touch /nowhere\") #`date`";
    cell.dataset = "<script>alert(1)</script>\"";
    cell.board = "\"\nsystem(\"touch /nowhere\")";
  }
  for (const Figure& figure : Drawn(cells).figures) {
    for (const Terminal terminal : {Terminal::svg, Terminal::page}) {
      EXPECT_THAT(script_of(figure, terminal), AllOf(Not(HasSubstr("`")), Not(HasSubstr("\nsystem")))) << figure.name;
      EXPECT_THAT(draw(figure, terminal), Not(HasSubstr("<script"))) << figure.name;
    }
    EXPECT_THAT(figure.name, Not(testing::ContainsRegex("[^a-zA-Z0-9-]")));
  }
}

TEST(Figures, ValuesThatDifferByRoundingAreDrawn) {
  auto cells = rows();
  for (auto& cell : cells) {
    cell.idle_W = 5 + 1e-12 * static_cast<double>(*cell.repetition);
    cell.idle_drift_W = 1e-13;
    cell.accuracy_pct = 70 + 1e-12 * static_cast<double>(*cell.repetition);
    if (cell.train_gross_J) cell.train_gross_J = 1e-12;
  }
  for (const Figure& figure : Drawn(cells).figures) EXPECT_NO_THROW(draw(figure, Terminal::svg)) << figure.name;
}

TEST(Figures, ValuesBeyondReasonAreDrawn) {
  auto cells = rows();
  for (auto& cell : cells) {
    cell.idle_W = 1.7e308;
    if (!cell.train_gross_J) continue;
    cell.train_gross_J = 1.7e308;
    cell.gross_J = 1.7e308;
  }
  for (const Figure& figure : Drawn(cells).figures) EXPECT_NO_THROW(draw(figure, Terminal::svg)) << figure.name;
}

TEST(Figures, NothingToDrawIsNoFigure) {
  EXPECT_THAT(Drawn({}).figures, IsEmpty());
}

TEST(Figures, AnUnknownKindListsTheKinds) {
  EXPECT_THROW(Drawn(rows(), {"pie"}), std::invalid_argument);
}

}  // namespace
}  // namespace tbft::plots
