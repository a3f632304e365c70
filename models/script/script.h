// One's own network: a TorchScript file, whose program torch's interpreter runs. The experiment says which parameters belong to
// which block (NetworkFile::blocks). The program is divided into stages where one block ends and the next begins.
#pragma once

#include "models/network.h"

namespace tbft::models {

// The only place that loads a TorchScript file; loading may already run code of the file. Throws CheckpointError: without
// file.allow_script before the file is opened; for a file that is no TorchScript, whose forward pass is not logits [N, classes]
// of images [N, 3, pixels, pixels], or whose mode was fixed by torch.jit.trace or freeze; and for a wrong table of blocks.
OpenedNetwork open_script(const NetworkFile& file);

}  // namespace tbft::models
