#include "tbft/power/meter.h"

namespace tbft::power {

std::string to_string(Scope scope) {
  switch (scope) {
    case Scope::board:
      return "board";
    case Scope::package:
      return "package";
    case Scope::rail:
      return "rail";
    case Scope::battery:
      return "battery";
  }
  throw std::logic_error("power: a scope without a name");
}

}  // namespace tbft::power
