#include "models/resnet.h"

namespace tbft::models {}
