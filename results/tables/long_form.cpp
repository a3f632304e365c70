#include "results/tables/long_form.h"

#include "results/csv_table.h"

namespace tbft::results {

namespace {

// The value that all sources share; empty where they differ or there are none.
template <typename Member>
std::string shared(const std::set<Source>& sources, Member member) {
  std::string result;
  for (const Source& source : sources) {
    const std::string value = member(source);
    if (!result.empty() && value != result) return {};
    result = value;
  }
  return result;
}

template <typename TextOf>
std::string csv_line(const std::vector<Field>& fields, TextOf text_of) {
  std::string line;
  for (const Field& field : fields) line.append(&field == fields.data() ? "" : ",").append(text_of(field));
  return line + '\n';
}

}  // namespace

std::string csv_names(const std::vector<Field>& fields) {
  return csv_line(fields, [](const Field& field) { return std::string(field.name); });
}

std::string csv_values(const std::vector<Field>& fields) {
  return csv_line(fields, [](const Field& field) {
    if (const auto* text = std::get_if<std::string>(&field.value)) return text_field(*text);
    if (const auto* number = std::get_if<double>(&field.value)) return number_field(*number);
    return number_field(std::get<std::int64_t>(field.value));
  });
}

std::vector<Field> long_form(const Table& table, const Line& line) {
  const Key& key = table.key;
  const auto count = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  return {
      {"dataset", key.dataset},
      {"drift", key.drift},
      {"condition", key.condition},
      {"train_size", key.train_size.value_or(unknown)},
      {"protocol", key.protocol},
      {"board", key.board},
      {"tables_averaged", count(table.tables)},
      {"strategy", line.strategy},
      {"n", count(line.accuracy_pct.n)},
      {"accuracy_pct", line.accuracy_pct.mean},
      {"accuracy_sd_pct", line.accuracy_pct.sd},
      {"accuracy_low_pct", line.accuracy_pct.low},
      {"accuracy_high_pct", line.accuracy_pct.high},
      {"energy_basis", std::string(to_string(table.energy.basis))},
      {"n_energy", count(line.train.spread.n)},
      {"train_J", line.train.spread.mean},
      {"train_sd_J", line.train.spread.sd},
      {"train_low_J", line.train.spread.low},
      {"train_high_J", line.train.spread.high},
      {"U_train_J", line.train.U_J},
      {"saving_pct", line.saving.percent},
      {"U_saving_pct", line.saving.U_percent},
      {"meter", shared(table.sources, [](const Source& s) { return s.meter; })},
      {"meter_scope", shared(table.sources, [](const Source& s) { return s.scope; })},
      {"measured", shared(table.sources, [](const Source& s) { return s.measured ? std::to_string(*s.measured) : ""; })},
      {"paper_table", table.paper ? table.paper->table : ""},
      {"paper_accuracy_pct", line.paper_accuracy_pct.value_or(unknown)},
      {"paper_sd_pct", line.paper_sd_pct.value_or(unknown)},
      {"paper_saving_pct", line.paper_saving_pct.value_or(unknown)},
      {"network", key.network},
  };
}

}  // namespace tbft::results
