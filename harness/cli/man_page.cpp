#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/algorithm/string.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/cli/command_text.h"

namespace tbft::cli {

namespace {

// Text as roff has it: no line begins a request, and a hyphen stays the one that can be typed.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool begins_line = out.empty() || out.back() == '\n';
    if (begins_line && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

std::string option_entry(const OptionText& option) {
  std::vector<std::string> names;
  names.reserve(option.names.size());
  for (const auto& name : option.names) names.push_back("\\fB" + roff(name) + "\\fR");
  std::string out = fmt::format(".TP\n{}", fmt::join(names, ", "));
  if (!option.value.empty() && !option.names.front().starts_with(option.value)) out += " \\fI" + roff(option.value) + "\\fR";
  out += "\n" + roff(option.summary);
  std::vector<std::string> more;
  if (option.required) more.emplace_back("Required.");
  if (!option.choices.empty() && option.value.find('|') == std::string::npos)
    more.push_back(fmt::format("One of {}.", fmt::join(option.choices, ", ")));
  if (!option.default_value.empty()) more.push_back(fmt::format("Default: {}.", option.default_value));
  if (!option.environment.empty()) more.push_back(fmt::format("Environment: {}.", option.environment));
  if (!more.empty()) out += roff(fmt::format("{}{}", option.summary.ends_with('.') ? "\n" : ".\n", fmt::join(more, " ")));
  return out + "\n";
}

std::string synopsis(const CommandText& command) {
  std::string out = fmt::format("\\fB{}\\fR [\\fIOPTIONS\\fR]", roff(command.path));
  if (!command.commands.empty()) out += " \\fICOMMAND\\fR";
  for (const auto& positional : command.positionals) {
    const std::string name = "\\fI" + roff(positional.names.front()) + "\\fR";
    out += positional.required ? " " + name : " [" + name + "]";
  }
  return out + "\n";
}

std::string options_of(const CommandText& command) {
  std::string out;
  for (const auto* list : {&command.positionals, &command.options}) {
    for (const auto& option : *list) out += option_entry(option);
  }
  return out;
}

std::string footer_of(const CommandText& command) {
  if (command.footer.empty()) return {};
  return ".PP\n.nf\n" + roff(boost::trim_copy(command.footer)) + "\n.fi\n";
}

}  // namespace

std::string man_page(const CommandText& command, const std::string& version, bool nested) {
  const std::string page = boost::replace_all_copy(command.path, " ", "-");
  std::string out =
      fmt::format(".TH \"{}\" \"1\" \"\" \"tbft {}\" \"User Commands\"\n", roff(boost::to_upper_copy(page)), version);
  out += fmt::format(".SH NAME\n{} \\- {}\n", roff(page), roff(command.summary));
  out += ".SH SYNOPSIS\n" + synopsis(command);
  if (!command.commands.empty()) {
    out += ".SH COMMANDS\n";
    for (const auto& each : command.commands) {
      if (nested)
        out += fmt::format(".SS {}\n", roff(each.name())) + synopsis(each) + ".PP\n" + roff(each.summary) + "\n" +
               options_of(each) + footer_of(each);
      else
        out += fmt::format(".TP\n\\fB{}\\fR(1)\n{}\n", roff(page + "-" + each.name()), roff(each.summary));
    }
  }
  out += ".SH OPTIONS\n" + options_of(command);
  if (!command.footer.empty()) out += ".SH NOTES\n" + footer_of(command);
  if (command.path != "tbft") out += ".SH SEE ALSO\n\\fBtbft\\fR(1)\n";
  return out;
}

}  // namespace tbft::cli
