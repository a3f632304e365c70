#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "plots/compare_page.h"
#include "plots/page.h"
#include "plots/page_contents.h"
#include "plots/page_parts.h"

namespace tbft::plots {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string page_with(std::vector<results::Section> sections) {
  return render_html({.parts = {{.anchor = "tables", .title = "Tables", .sections = std::move(sections)}}});
}

results::Section table(const std::string& title) {
  return {.title = title, .cells = {{"strategy", "n", "accuracy %", "verdict"}, {"fc", "3", "71.50 +- 0.71", "higher"}}};
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

std::vector<std::string> texts(const std::vector<ContentsEntry>& entries) {
  std::vector<std::string> result;
  for (const ContentsEntry& entry : entries) {
    if (!entry.heading.empty()) result.push_back(entry.heading + ":");
    result.push_back((entry.inner ? "  " : "") + entry.label);
  }
  return result;
}

TEST(Contents, LabelsLeaveOutWhatAllTitlesShare) {
  const auto entries = contents_of({"pairs, feature drift, 10 % of the data for training, paper protocol, Xeon",
                                    "flip, output drift, 10 % of the data for training, paper protocol, Xeon"});
  EXPECT_THAT(texts(entries), testing::ElementsAre("pairs, feature drift", "flip, output drift"));
}

TEST(Contents, NeighboursThatBeginAlikeGetAHeading) {
  const auto entries = contents_of(
      {"mean, Xeon", "c-like, input drift, fog-5, 10 %", "c-like, input drift, snow-5, 10 %", "flip, output drift, 20 %"});
  EXPECT_THAT(texts(entries),
              testing::ElementsAre("mean, Xeon", "c-like, input drift:", "  fog-5", "  snow-5", "flip, output drift, 20 %"));
}

TEST(Contents, NoLabelIsEmpty) {
  for (const auto& entry : contents_of({"a, b, c", "a, b, c", "a, b", "a", ""}))
    EXPECT_TRUE(!entry.label.empty() || entry.heading.empty());
  EXPECT_THAT(texts(contents_of({"a, b, c", "a, b, c"})), testing::ElementsAre("c", "c"));
}

TEST(PageParts, EveryTableHasALinkToAnAnchor) {
  const std::string html = page_with({table("one"), table("two"), table("")});
  for (const char* anchor : {"tables-1", "tables-2", "tables-3"}) {
    EXPECT_EQ(count(html, std::string("href=\"#") + anchor + "\""), 1U) << anchor;
    EXPECT_EQ(count(html, std::string(" id=\"") + anchor + "\""), 1U) << anchor;
  }
}

TEST(PageParts, ADetailIsFoldedAndHasALink) {
  auto detail = table("fog-5");
  detail.detail = true;
  const std::string html = page_with({table("mean"), detail});
  EXPECT_THAT(html, HasSubstr("<details id=\"tables-2\"><summary>fog-5</summary>"));
  EXPECT_THAT(html, HasSubstr("href=\"#tables-2\""));
  EXPECT_THAT(html, Not(HasSubstr("<details id=\"tables-1\"")));
  EXPECT_THAT(html, HasSubstr("<section id=\"tables-1\">"));
}

TEST(PageParts, PlusMinusIsOneSign) {
  auto section = table("t");
  section.captions = {"its +- excludes the gain", "a+-b is a name"};
  const std::string html = page_with({section});
  EXPECT_THAT(html, HasSubstr("71.50 \u00b1 0.71"));
  EXPECT_THAT(html, HasSubstr("its \u00b1 excludes"));
  EXPECT_THAT(html, HasSubstr("a+-b is a name"));
}

TEST(PageParts, ValuesOfTheProvenanceStayAsTheyAre) {
  const std::string html = render_html({.provenance = {{.title = "run", .cells = {{"what", "value"}, {"note", "1 +- 2"}}}}});
  EXPECT_THAT(html, HasSubstr("<details id=\"provenance-1\"><summary>run</summary>"));
  EXPECT_THAT(html, HasSubstr("1 +- 2"));
  EXPECT_THAT(html, HasSubstr("class=\"live facts\""));
}

TEST(PageParts, TextStandsAtTheLeftAndTheAccuracyIsFrozen) {
  const std::string html = page_with({table("t")});
  EXPECT_THAT(html, HasSubstr("<td>fc</td><td>3</td><td class=\"frozen\">71.50"));
  EXPECT_THAT(html, HasSubstr("<td class=\"text\">higher</td>"));
  EXPECT_THAT(html, HasSubstr("<th class=\"frozen\">accuracy %</th>"));
}

TEST(PageParts, TheBestCellsAreMarked) {
  auto section = table("t");
  section.winners = {{1, 2}};
  EXPECT_THAT(page_with({section}), HasSubstr("<td class=\"frozen best\">71.50"));
}

std::string bars(double value, double low, double high, bool significant) {
  return render_html(
      {.parts = {{.anchor = "d",
                  .title = "D",
                  .bars = {{.title = "t", .lines = {{"fc", value, low, high, "text", "lower", significant}}}}}}});
}

TEST(PageParts, EachPanelIsNamedForReadersWhoDoNotSeeIt) {
  const Picture picture{.title = "Accuracy", .svg = "<svg id='gpPt1'>gpPt1</svg><svg></svg>", .panels = {"10 %", "20 %"}};
  const std::string html = html_of(picture, 3);
  EXPECT_THAT(html, HasSubstr("aria-label=\"10 %: Accuracy\""));
  EXPECT_THAT(html, HasSubstr("aria-label=\"20 %: Accuracy\""));
  EXPECT_THAT(html, HasSubstr("id='f3p1'>gpPt1<"));
}

TEST(PageParts, TheKeyboardSkipsTheContents) {
  const std::string html = page_with({});
  EXPECT_LT(html.find("<a class=\"skip\" href=\"#main\">"), html.find("<header>"));
  EXPECT_THAT(html, HasSubstr("<main id=\"main\">"));
}

TEST(PageBars, ARatioStartsAtTheLineOfOne) {
  // The axis ends at 1.1 times the logarithm of 2.
  EXPECT_THAT(bars(2, 2, 2, true), HasSubstr("class=\"value higher\" style=\"left: 50.00%; width: 45.45%\""));
  EXPECT_THAT(bars(0.5, 0.5, 0.5, true), HasSubstr("class=\"value lower\" style=\"left: 4.55%; width: 45.45%\""));
}

TEST(PageBars, OnlyWhatDiffersSignificantlyHasAColour) {
  EXPECT_THAT(bars(2, 0.5, 2, false), HasSubstr("class=\"value\" style=\"left: 50.00%"));
}

TEST(PageBars, UnknownValuesDrawNothing) {
  const std::string html = bars(NAN, NAN, NAN, false);
  EXPECT_THAT(html, Not(HasSubstr("class=\"value")));
  EXPECT_THAT(html, Not(HasSubstr("class=\"interval")));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

results::ComparedLine compared(const std::string& strategy, double ratio, results::Verdict verdict) {
  results::ComparedLine line;
  line.level = strategy.empty() ? results::ComparedLine::Level::all : results::ComparedLine::Level::strategy;
  line.strategy = strategy;
  line.pairs = 9;
  line.a = 10;
  line.b = 10 * ratio;
  line.ratio = ratio;
  line.low = 0.99 * ratio;
  line.high = 1.01 * ratio;
  line.p_holm = 0.02;
  line.verdict = verdict;
  return line;
}

TEST(ComparePage, DifferencesComeFirstTheLargestOnTop) {
  results::Comparison comparison;
  comparison.a = "one";
  comparison.b = "other";
  comparison.lines = {compared("", 1.01, results::Verdict::no_difference), compared("fc", 0.9, results::Verdict::lower),
                      compared("none", 1.0, results::Verdict::no_difference),
                      compared("full", 1.31359, results::Verdict::higher)};
  const std::string html = render_html(compare_page(std::vector{comparison}));
  const auto at = [&](std::string_view text) { return html.find(text); };
  ASSERT_NE(at("significant differences"), std::string::npos);
  EXPECT_LT(at("significant differences"), at("class=\"bars\""));
  EXPECT_LT(at("class=\"bars\""), at("over all common cells</h3>"));
  const auto table_end = html.find("</table>", at("significant differences"));
  EXPECT_LT(html.find("<td>full</td>"), html.find("<td>fc</td>"));
  EXPECT_LT(html.find("<td>fc</td>"), table_end);
  EXPECT_GT(html.find("<td>none</td>"), table_end);
  EXPECT_THAT(html, HasSubstr("x 1.314"));
  EXPECT_THAT(html, Not(HasSubstr("1.3136")));
}

TEST(ComparePage, BarsOfEstimatedJoulesSaySo) {
  results::Comparison comparison;
  comparison.lines = {compared("", 1.01, results::Verdict::no_difference)};
  const auto title = [&] { return compare_page(std::vector{comparison}).parts.at(0).bars.at(0).title; };
  EXPECT_THAT(title(), Not(HasSubstr("estimated")));
  comparison.estimated = true;
  EXPECT_THAT(title(), HasSubstr(", estimated: B / A"));
  comparison.lines[0].quantity = results::Quantity::train_s;
  EXPECT_THAT(title(), Not(HasSubstr("estimated")));  // seconds are measured
}

TEST(ComparePage, EachOfSeveralRunsHasItsDifferencesBeforeAnyTable) {
  results::Comparison one, two;
  one.lines = {compared("fc", 0.9, results::Verdict::lower)};
  two.lines = {compared("fc", 1.0, results::Verdict::no_difference)};
  const auto page = compare_page(std::vector{one, two});
  std::vector<std::string> anchors;
  for (const Part& part : page.parts) anchors.push_back(part.anchor);
  EXPECT_THAT(anchors, testing::ElementsAre("differences-of-1", "differences-of-2", "tables-of-1", "tables-of-2"));
  EXPECT_THAT(render_html(page), HasSubstr("nothing differs significantly"));
}

}  // namespace
}  // namespace tbft::plots
