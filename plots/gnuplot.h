// Runs gnuplot: scripts in, SVG or PNG out.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#include "plots/figure.h"

namespace tbft::plots {

// gnuplot is not installed (the message says how to install it), or it hangs.
struct NoGnuplot : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// `page`: SVG for a page, one picture for each panel, one after the other, with colours as CSS variables.
enum class Terminal { svg, png, page };

// The text in double quotes. Any text is safe: quotes and backslashes are escaped, backquotes and control characters dropped.
std::string in_quotes(std::string_view text);
// The same for the label of a tic, which gnuplot interprets as a number format.
std::string tic_label(std::string_view text);

// The script of a figure including its terminal; `gnuplot SCRIPT` writes the picture to stdout (for `page` all pictures).
// Throws std::runtime_error where the picture is too large for PNG.
std::string script_of(const Figure& figure, Terminal terminal);

// Draws the picture. Throws NoGnuplot, also if it takes longer than `limit`, or std::runtime_error with gnuplot's message.
std::string draw(const Figure& figure, Terminal terminal, std::chrono::milliseconds limit = std::chrono::minutes(2));

}  // namespace tbft::plots
