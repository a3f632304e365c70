#include "results/report.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "results/json.h"
#include "results/tables/render.h"
#include "results/tables/summary.h"
#include "results/text.h"

namespace tbft::results {

Format parse_format(std::string_view name) {
  using Name = std::pair<std::string_view, Format>;
  constexpr std::array names{Name{"text", Format::text}, Name{"md", Format::md}, Name{"csv", Format::csv},
                             Name{"json", Format::json}, Name{"latex", Format::latex}};
  for (const auto& [known, format] : names) {
    if (name == known) return format;
  }
  throw std::invalid_argument(fmt::format("unknown format '{}': text, md, csv, json or latex", printable(name, 40)));
}

std::string report(const Inputs& inputs, Format format) {
  const Summary summary = summarize(inputs);
  switch (format) {
    case Format::text:
      return to_text(sections_of(summary));
    case Format::md:
      return to_markdown(sections_of(summary));
    case Format::csv:
      return render_csv(summary);
    case Format::json:
      return render_json(inputs, summary);
    case Format::latex:
      return render_latex(summary);
  }
  throw std::logic_error("report: no such format");
}

}  // namespace tbft::results
