#include "models/product.h"

#include <fmt/format.h>
#include <oneapi/dnnl/dnnl.h>

#include <stdexcept>

namespace tbft::models {

void product(Factor a, Factor b, std::int64_t rows, std::int64_t columns, std::int64_t inner, bool adds, float* to) {
  const auto order = [](Factor factor) { return factor.transposed ? 'T' : 'N'; };
  const auto status = dnnl_sgemm(order(a), order(b), rows, columns, inner, 1.0F, a.values, a.transposed ? rows : inner,
                                 b.values, b.transposed ? inner : columns, adds ? 1.0F : 0.0F, to, columns);
  if (status != dnnl_success)
    throw std::runtime_error(
        fmt::format("oneDNN's product of {} x {} x {}: status {}", rows, inner, columns, static_cast<int>(status)));
}

}  // namespace tbft::models
