// The list of all families, one line each: NAME.cpp defines family::NAME(), NAME_module.cpp family::NAME_module() (modules.h;
// residual_module.cpp for both resnet_cifar and resnet).
#pragma once

#include "models/families/family.h"

// clang-format off
#define TBFT_FOR_EACH_FAMILY(DO) \
  DO(resnet_cifar_preact)        \
  DO(resnet_cifar)               \
  DO(resnet)                     \
  DO(mobilenet_v2)               \
  DO(vit)
// clang-format on

namespace tbft::models::family {

#define TBFT_DECLARE_FAMILY(NAME) const Family& NAME();
TBFT_FOR_EACH_FAMILY(TBFT_DECLARE_FAMILY)
#undef TBFT_DECLARE_FAMILY

}  // namespace tbft::models::family
