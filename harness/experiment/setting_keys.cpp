#include "harness/experiment/setting_keys.h"

#include <cmath>

#include "harness/host/usage_error.h"

namespace tbft::setting {

void fail(const std::string& where, const std::string& what) {
  throw UsageError(fmt::format("{}: {}", where, what));
}

void assign(std::string& to, const toml::node& node, const std::string& where) {
  if (!node.is_string()) fail(where, "expects a string in quotes");
  to = node.as_string()->get();
}

void assign(bool& to, const toml::node& node, const std::string& where) {
  if (!node.is_boolean()) fail(where, "expects true or false");
  to = node.as_boolean()->get();
}

void assign(std::int64_t& to, const toml::node& node, const std::string& where) {
  if (!node.is_integer()) fail(where, "expects a whole number");
  to = node.as_integer()->get();
}

void assign(double& to, const toml::node& node, const std::string& where) {
  if (!node.is_number()) fail(where, "expects a number");
  // node.value<double>() is empty for an integer that a double cannot hold exactly, so it is not used.
  to = node.is_integer() ? static_cast<double>(node.as_integer()->get()) : node.as_floating_point()->get();
  if (!std::isfinite(to)) fail(where, "expects a finite number");
}

std::string_view example_of(const std::map<std::string, double>& /*table*/) {
  return "{ default = 1e-3, fc = 1e-2 }";
}

std::string_view example_of(const models::BlockTable& /*table*/) {
  return "{ block1 = [\"conv1.*\"], fc = [\"fc.*\"] }";
}

void check_range(std::string_view key_name, double value, double low, double high) {
  if (!(value >= low && value <= high)) fail(std::string(key_name), fmt::format("{} is outside {}..{}", value, low, high));
}

}  // namespace tbft::setting

#undef TBFT_SETTING
