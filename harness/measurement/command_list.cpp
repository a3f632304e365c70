#include "harness/measurement/command_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "harness/host/usage_error.h"
#include "results/text.h"

namespace tbft {

namespace {

using Values = std::map<std::string, std::string>;
constexpr std::string_view blanks = " \t\n";

bool has_blank(const std::string& word) {
  return word.find_first_of(blanks) != std::string::npos;
}

// The values behind a VAR: "gcc,clang", where "\," is a comma.
std::vector<std::string> values_of(const std::string& text) {
  std::vector<std::string> values(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == ',') {
      values.back() += text[++i];
    } else if (text[i] == ',') {
      values.emplace_back();
    } else {
      values.back() += text[i];
    }
  }
  return values;
}

void check_parameter(const std::string& name, const std::vector<Values>& earlier) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  if (name.empty() || name.find_first_not_of(allowed) != std::string::npos)
    throw UsageError(fmt::format("--parameter-list {}: a name has letters, digits, _ and - only", results::printable(name)));
  if (earlier.front().contains(name)) throw UsageError(fmt::format("--parameter-list {}: given twice", name));
}

// Every combination; the last parameter changes fastest. One empty combination without parameters.
std::vector<Values> combinations(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::vector<Values> all(1);
  for (const auto& [name, text] : parameters) {
    check_parameter(name, all);
    std::vector<Values> longer;
    for (const Values& before : all) {
      for (const std::string& value : values_of(text)) {
        longer.push_back(before);
        longer.back()[name] = value;
      }
    }
    all = std::move(longer);
  }
  return all;
}

// Puts values in the place of {VAR}, in one pass, so that a value is never read as a name.
std::string filled(const std::string& text, const Values& values) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text[at] == '{' ? text.find('}', at) : std::string::npos;
    const auto value = end == std::string::npos ? values.end() : values.find(text.substr(at + 1, end - at - 1));
    if (value == values.end()) {
      result += text[at++];
    } else {
      result += value->second;
      at = end + 1;
    }
  }
  return result;
}

std::vector<std::string> filled(std::vector<std::string> words, const Values& values) {
  for (std::string& word : words) word = filled(word, values);
  return words;
}

std::vector<std::string> by_shell(const std::string& line, const std::string& shell) {
  if (line.empty()) return {};
  if (shell == "none") return split_words(line);
  auto words = shell == "default" ? std::vector<std::string>{"sh"} : split_words(shell);
  if (words.empty()) throw UsageError("--shell: names no shell; none runs the commands without one");
  words.insert(words.end(), {"-c", line});
  return words;
}

// A command before its parameters are known: a line for the shell, or words.
struct Template {
  std::string line;
  std::vector<std::string> words;  // empty: `line` goes to the shell
};

std::vector<Template> templates_of(const CommandSpec& spec, const std::function<bool(const std::string&)>& is_program) {
  if (!spec.commands.empty() && !spec.words.empty())
    throw UsageError(fmt::format("-c and the words '{}' both name commands; give each command with -c",
                                 results::printable(join_words(spec.words), 60)));
  auto lines = spec.commands;
  const bool blank_in_each = !spec.words.empty() && std::ranges::all_of(spec.words, has_blank);
  if (blank_in_each && !is_program(spec.words.front())) lines = spec.words;
  if (lines.empty()) return {{join_words(spec.words), spec.words}};
  std::vector<Template> result;
  for (const std::string& line : lines) {
    const auto first = line.find_first_not_of(blanks);
    if (first == std::string::npos) throw UsageError("an empty command; name a program");
    result.push_back({line.substr(first, line.find_last_not_of(blanks) + 1 - first), {}});
  }
  return result;
}

bool has_place(const std::string& line, const std::string& parameter) {
  return line.find('{' + parameter + '}') != std::string::npos;
}

void check_used(const std::vector<Template>& templates, const CommandSpec& spec, const Values& names) {
  std::vector<std::string> lines{spec.setup, spec.cleanup};
  lines.insert(lines.end(), spec.prepare.begin(), spec.prepare.end());
  for (const Template& command : templates) lines.push_back(command.line);
  for (const auto& each : names) {
    const std::string& name = each.first;
    if (std::ranges::none_of(lines, [&](const std::string& line) { return has_place(line, name); }))
      throw UsageError(fmt::format("--parameter-list {}: no command has {{{}}} for its values", name, name));
  }
}

// The command, and the parameters that it does not show: "make (branch = main)".
std::string described(const Template& command, const std::string& text, const Values& values) {
  std::string hidden;
  for (const auto& [name, value] : values) {
    if (!has_place(command.line, name)) hidden += fmt::format("{}{} = {}", hidden.empty() ? "" : ", ", name, value);
  }
  return hidden.empty() ? text : fmt::format("{} ({})", text, hidden);
}

}  // namespace

std::vector<PlannedCommand> plan_commands(const CommandSpec& spec, const std::function<bool(const std::string&)>& is_program) {
  const auto templates = templates_of(spec, is_program);
  const auto combined = combinations(spec.parameters);
  check_used(templates, spec, combined.front());
  if (spec.prepare.size() > 1 && spec.prepare.size() != templates.size())
    throw UsageError(
        fmt::format("--prepare: {} for {} commands; give one for all, or one for each", spec.prepare.size(), templates.size()));
  std::vector<PlannedCommand> plan;
  for (std::size_t i = 0; i < templates.size(); ++i) {
    for (const Values& values : combined) {
      const auto step = [&](const std::string& line) { return by_shell(filled(line, values), spec.shell); };
      PlannedCommand command{.text = filled(templates[i].line, values), .parameters = values};
      command.name = plan.size() < spec.names.size() ? filled(spec.names[plan.size()], values)
                                                     : described(templates[i], command.text, values);
      command.words = templates[i].words.empty() ? by_shell(command.text, spec.shell) : filled(templates[i].words, values);
      command.by_shell = templates[i].words.empty() && spec.shell != "none";
      command.setup = step(spec.setup);
      command.cleanup = step(spec.cleanup);
      if (!spec.prepare.empty()) command.prepare = step(spec.prepare[spec.prepare.size() == 1 ? 0 : i]);
      plan.push_back(std::move(command));
    }
  }
  if (spec.names.size() > plan.size())
    throw UsageError(fmt::format("--command-name: {} names for {} commands", spec.names.size(), plan.size()));
  return plan;
}

std::vector<std::string> split_words(std::string_view line) {
  std::vector<std::string> words;
  std::optional<std::string> word;  // also an empty one: ''
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 && blanks.find(c) != std::string_view::npos) {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
      continue;
    }
    if (!word) word.emplace();
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      const char next = line[++i];
      // In "..." a backslash is itself, but before these.
      if (quote == '"' && next != '"' && next != '\\') *word += c;
      *word += next;
    } else {
      *word += c;
    }
  }
  if (quote != 0) throw UsageError(fmt::format("{}: a {} is not closed", results::printable(line, 60), quote));
  if (word) words.push_back(*word);
  return words;
}

std::string join_words(const std::vector<std::string>& words) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%{}";
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace tbft
