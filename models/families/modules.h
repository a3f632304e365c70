// The networks of every family as libtorch modules. Includes torch; only network.cpp and the files NAME_module.cpp should
// include it.
#pragma once

#include "models/families/list.h"
#include "models/network.h"

namespace tbft::models::family {

#define TBFT_DECLARE_MODULE(NAME) NetworkPtr NAME##_module(Architecture architecture);
TBFT_FOR_EACH_FAMILY(TBFT_DECLARE_MODULE)
#undef TBFT_DECLARE_MODULE

}  // namespace tbft::models::family
