#include "harness/measurement/command_list.h"

#include <gmock/gmock.h>

#include "harness/host/usage_error.h"
#include "tests/support/message_of.h"

namespace tbft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Words = std::vector<std::string>;

std::vector<PlannedCommand> plan(const CommandSpec& spec) {
  return plan_commands(spec, [](const std::string& word) { return word == "./my program"; });
}
std::vector<Words> words_of(const CommandSpec& spec) {
  std::vector<Words> all;
  for (const auto& command : plan(spec)) all.push_back(command.words);
  return all;
}
std::string refusal(const CommandSpec& spec) {
  return test::message_of<UsageError>([&] { plan(spec); });
}

TEST(CommandList, WordsAreOneCommandUnlessEachHoldsABlank) {
  EXPECT_THAT(words_of({.words = {"sleep", "1"}}), ElementsAre(Words{"sleep", "1"}));
  EXPECT_THAT(words_of({.words = {"printf", "a b"}}), ElementsAre(Words{"printf", "a b"}));
  EXPECT_THAT(words_of({.words = {"sleep 1", "sleep 2"}}),
              ElementsAre(Words{"sh", "-c", "sleep 1"}, Words{"sh", "-c", "sleep 2"}));
  EXPECT_THAT(words_of({.words = {" sleep 1 "}}), ElementsAre(Words{"sh", "-c", "sleep 1"}));
  EXPECT_THAT(words_of({.words = {"./my program", "in put"}}), ElementsAre(Words{"./my program", "in put"}));
  EXPECT_THAT(words_of({.commands = {"true", "sleep 1"}}),
              ElementsAre(Words{"sh", "-c", "true"}, Words{"sh", "-c", "sleep 1"}));
  EXPECT_TRUE(plan({.words = {"sleep 1"}})[0].by_shell);
  EXPECT_FALSE(plan({.words = {"sh", "-c", "x"}})[0].by_shell);
  EXPECT_THAT(refusal({.words = {"ls"}, .commands = {"true"}}), HasSubstr("-c and the words 'ls' both name commands"));
  EXPECT_THAT(refusal({.commands = {" "}}), HasSubstr("an empty command"));
}

TEST(CommandList, TheShellIsChosen) {
  CommandSpec spec{.commands = {"printf '%s' \"a b\""}, .shell = "none"};
  EXPECT_THAT(words_of(spec), ElementsAre(Words{"printf", "%s", "a b"}));
  spec.shell = "bash --norc";
  EXPECT_THAT(words_of(spec), ElementsAre(Words{"bash", "--norc", "-c", "printf '%s' \"a b\""}));
  EXPECT_THAT(test::message_of<UsageError>([] { split_words("echo 'a"); }), HasSubstr("a ' is not closed"));
  EXPECT_THAT(split_words(R"(a\ b '' "\"\x" 'c'd)"), ElementsAre("a b", "", R"("\x)", "cd"));
  const Words words{"a", "b c", "it's", "", "{n}"};
  EXPECT_EQ(split_words(join_words(words)), words);
}

TEST(CommandList, ParametersMakeACommandForEachCombination) {
  const auto commands = plan({.commands = {"cc -O{opt} {file}"},
                              .parameters = {{"opt", "0,3"}, {"file", "a\\,b.c,{opt}.c"}},
                              .prepare = {"rm -f {file}.o"},
                              .setup = "mkdir {opt}"});
  ASSERT_EQ(commands.size(), 4U);
  EXPECT_EQ(commands[0].text, "cc -O0 a,b.c");
  EXPECT_EQ(commands[1].text, "cc -O0 {opt}.c") << "a value is not read again";
  EXPECT_EQ(commands[3].text, "cc -O3 {opt}.c");
  EXPECT_THAT(commands[2].prepare, ElementsAre("sh", "-c", "rm -f a,b.c.o"));
  EXPECT_THAT(commands[2].setup, ElementsAre("sh", "-c", "mkdir 3"));
  EXPECT_THAT(commands[2].cleanup, IsEmpty());
  EXPECT_EQ(commands[2].parameters.at("opt"), "3");
  EXPECT_THAT(words_of({.words = {"sleep", "{n}"}, .parameters = {{"n", "1,2"}}}),
              ElementsAre(Words{"sleep", "1"}, Words{"sleep", "2"}));
  EXPECT_EQ(plan({.commands = {"make"}, .parameters = {{"b", "x,y"}}, .prepare = {"git checkout {b}"}})[1].name,
            "make (b = y)");
  EXPECT_THAT(refusal({.commands = {"sleep 1"}, .parameters = {{"n", "1"}}}), HasSubstr("no command has {n}"));
  EXPECT_THAT(refusal({.commands = {"sleep {n}"}, .parameters = {{"n", "1"}, {"n", "2"}}}), HasSubstr("given twice"));
  EXPECT_THAT(refusal({.commands = {"sleep {n}"}, .parameters = {{"a b", "1"}}}), HasSubstr("letters, digits"));
}

TEST(CommandList, NamesAndPreparationsAreCounted) {
  const auto commands = plan({.commands = {"a b", "c d"}, .names = {"first"}, .prepare = {"p1", "p2"}});
  EXPECT_EQ(commands[0].name, "first");
  EXPECT_EQ(commands[1].name, "c d");
  EXPECT_THAT(commands[1].prepare, ElementsAre("sh", "-c", "p2"));
  EXPECT_THAT(refusal({.commands = {"a"}, .names = {"x", "y"}}), HasSubstr("2 names for 1 commands"));
  EXPECT_THAT(refusal({.commands = {"a", "b", "c"}, .prepare = {"p", "q"}}), HasSubstr("--prepare: 2 for 3 commands"));
}

}  // namespace
}  // namespace tbft
