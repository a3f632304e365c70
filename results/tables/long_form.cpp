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

std::vector<ColumnText> texts_of(const std::vector<Field>& fields) {
  std::vector<ColumnText> texts;
  texts.reserve(fields.size());
  for (const Field& field : fields) {
    const std::string_view type = std::holds_alternative<std::string>(field.value) ? "text"
                                  : std::holds_alternative<double>(field.value)    ? "number"
                                                                                   : "integer";
    texts.push_back({field.name, type, field.unit, field.meaning});
  }
  return texts;
}

std::vector<ColumnText> report_column_texts() {
  return texts_of(long_form(Table{}, Line{}));
}

std::vector<Field> long_form(const Table& table, const Line& line) {
  const Key& key = table.key;
  const auto count = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  return {
      {"dataset", key.dataset, "", "Data set"},
      {"drift", key.drift, "", "Level of the drift"},
      {"condition", key.condition, "", "Drift within the data set"},
      {"train_size", key.train_size.value_or(unknown), "", "Fraction of all images that is used for training"},
      {"protocol", key.protocol, "", "paper or efficient"},
      {"board", key.board, "", "Model of the board"},
      {"tables_averaged", count(table.pooled), "", "Tables whose mean this is; 1 for a single table"},
      {"strategy", line.strategy, "", "Fine-tuning strategy"},
      {"n", count(line.accuracy_pct.n), "", "Repetitions with an accuracy"},
      {"accuracy_pct", line.accuracy_pct.mean, "%", "Mean accuracy"},
      {"accuracy_sd_pct", line.accuracy_pct.sd, "%", "Its standard deviation over the repetitions"},
      {"accuracy_low_pct", line.accuracy_pct.low, "%", "Lower end of its 95 % interval"},
      {"accuracy_high_pct", line.accuracy_pct.high, "%", "Upper end of its 95 % interval"},
      {"energy_basis", std::string(to_string(table.energy.basis)), "", "net (above idle) or gross; empty without joules"},
      {"n_energy", count(line.train.spread.n), "", "Repetitions with joules"},
      {"train_J", line.train.spread.mean, "J", "Mean energy of the training, on the basis of energy_basis"},
      {"train_sd_J", line.train.spread.sd, "J", "Its standard deviation over the repetitions"},
      {"train_low_J", line.train.spread.low, "J", "Lower end of its 95 % interval"},
      {"train_high_J", line.train.spread.high, "J", "Upper end of its 95 % interval"},
      {"U_train_J", line.train.U_J, "J", "Expanded uncertainty (k = 2) of train_J by the meter"},
      {"saving_pct", line.saving.percent, "%", "Energy saved against full"},
      {"U_saving_pct", line.saving.U_percent, "%", "Its expanded uncertainty (k = 2), without the meter's gain, which cancels"},
      {"meter", shared(table.sources, [](const Source& s) { return s.meter; }), "", "URI of the meter; empty if several"},
      {"meter_scope", shared(table.sources, [](const Source& s) { return s.scope; }), "",
       "What the meter covers; empty if several"},
      {"measured", shared(table.sources, [](const Source& s) { return s.measured ? std::to_string(*s.measured) : ""; }), "",
       "1 for a measurement, 0 for an estimate or a replay"},
      {"paper_table", table.paper ? table.paper->table : "", "", "Table of the paper that corresponds"},
      {"paper_accuracy_pct", line.paper_accuracy_pct.value_or(unknown), "%", "Accuracy that the paper publishes"},
      {"paper_sd_pct", line.paper_sd_pct.value_or(unknown), "%", "Standard deviation that the paper publishes"},
      {"paper_saving_pct", line.paper_saving_pct.value_or(unknown), "%", "Energy saving that the paper publishes"},
      {"network", key.network, "", "Name of the network"},
      {"epochs", line.epochs, "", "Mean number of epochs that were run before training ended or stopped early"},
      {"point", key.point, "", "Point on the sweep's further axes"},
  };
}

}  // namespace tbft::results
