#include "harness/cli/mistake.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string_view>
#include <utility>

#include "harness/cli/command_text.h"
#include "harness/host/edit_distance.h"

namespace tbft::cli {

namespace {

bool is_alnum(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}
// As CLI11 reads it: a number such as -1 is a value.
bool is_long(std::string_view word) {
  return word.size() > 2 && word.starts_with("--") && is_alnum(word[2]);
}
bool is_short(std::string_view word) {
  return word.size() > 1 && word[0] == '-' && std::isalpha(static_cast<unsigned char>(word[1])) != 0;
}

std::string unknown(const char* what, const std::string& name, const std::vector<std::string>& known) {
  const auto nearest = nearest_to(name, known);
  const bool near = nearest != known.end() && name.size() > 2 && is_near(name, *nearest);
  return fmt::format("unknown {} '{}'{}", what, name, near ? fmt::format("; did you mean '{}'?", *nearest) : "");
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto& command : command_text(app).commands) names.push_back(command.name());
  return names;
}

class Scan {
 public:
  Scan(const CLI::App& program, const std::vector<std::string>& words)
      : app_(&program), path_(program.get_name()), words_(words) {}

  std::optional<Mistake> first_mistake() {
    for (at_ = 0; at_ < words_.size() && !mistake_; ++at_) {
      const std::string& word = words_[at_];
      if (word == "--") return std::nullopt;  // the rest belongs to the command
      if (is_long(word))
        long_option(word);
      else if (is_short(word))
        short_options(word);
      else if (!plain(word))
        return std::nullopt;
    }
    if (!mistake_ && app_->get_require_subcommand_min() > 0)
      refuse(path_ == "tbft" ? "a command is missing"
                             : fmt::format("`{}` needs a command: {}", path_, fmt::join(commands_of(*app_), ", ")));
    return std::move(mistake_);
  }

 private:
  void refuse(std::string text) { mistake_ = Mistake{std::move(text), path_}; }

  void unknown_option(const std::string& name) {
    std::vector<std::string> known;
    for (const auto& option : command_text(*app_).options)
      for (const auto& each : option.names)
        if (each.starts_with("--")) known.push_back(each);
    refuse(unknown("option", name, known));
  }

  void long_option(const std::string& word) {
    const auto name = word.substr(0, word.find('='));
    const CLI::Option* option = app_->get_option_no_throw(name);
    if (option == nullptr) return unknown_option(name);
    if (name == word) skip_values(*option, name);
  }

  // -x, -xVALUE, or flags together, -xyz.
  void short_options(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const std::string name{'-', word[i]};
      const CLI::Option* option = app_->get_option_no_throw(name);
      if (option == nullptr) return unknown_option(name);
      if (option->get_items_expected_max() == 0) continue;
      if (i + 1 == word.size()) skip_values(*option, name);
      return;
    }
  }

  // An option takes its values whatever they look like, and further ones up to the next option.
  void skip_values(const CLI::Option& option, const std::string& name) {
    const auto needed =
        static_cast<std::size_t>(std::max(0, std::min(option.get_type_size_min(), option.get_items_expected_min())));
    if (at_ + needed >= words_.size()) return refuse(fmt::format("option '{}' needs a value", name));
    at_ += needed;
    const auto is_value = [&](const std::string& word) { return word != "--" && !is_long(word) && !is_short(word); };
    while (option.get_allow_extra_args() && at_ + 1 < words_.size() && is_value(words_[at_ + 1])) ++at_;
  }

  // A command or an argument. Returns false if the words from here on belong to another program.
  bool plain(const std::string& word) {
    if (const CLI::App* command = find_command(*app_, word)) {
      app_ = command;
      path_ += " " + word;
      arguments_ = 0;
      return true;
    }
    std::size_t allowed = 0;
    for (const CLI::Option* option : app_->get_options())
      if (option->get_positional()) allowed += static_cast<std::size_t>(option->get_items_expected_max());
    if (allowed > 0 && app_->get_positionals_at_end()) return false;
    if (++arguments_ <= allowed) return true;
    if (allowed == 0 && !commands_of(*app_).empty()) {
      refuse(unknown_command_text(*app_, word));
      mistake_->unknown_command = true;
    } else {
      refuse(fmt::format("unexpected argument '{}'", word));
    }
    return true;
  }

  const CLI::App* app_;
  std::string path_;
  const std::vector<std::string>& words_;
  std::size_t at_ = 0;
  std::size_t arguments_ = 0;
  std::optional<Mistake> mistake_;
};

}  // namespace

std::optional<Mistake> find_mistake(const CLI::App& program, const std::vector<std::string>& words) {
  return Scan(program, words).first_mistake();
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
  const auto commands =
      app.get_subcommands([&](const CLI::App* each) { return !each->get_name().empty() && each->check_name(name); });
  return commands.empty() ? nullptr : commands.front();
}

std::string unknown_command_text(const CLI::App& app, const std::string& name) {
  return unknown("command", name, commands_of(app));
}

}  // namespace tbft::cli
