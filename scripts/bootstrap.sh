#!/usr/bin/env bash
# Installs the packages of Debian 12 or 13 with which tbft is built. Usage: bootstrap.sh [run|package|arm64|test|kernel|full].
# `package` adds what makes Debian packages, `arm64` also the cross compiler for them, `test` the packages of tests and checks, `kernel` those of the tests under a real kernel (tests/kernel), `full` also
# Slurm, the arm64 cross build and a browser.
# Safe to repeat: installed packages stay as they are, and root is needed only if a package is missing.
set -euo pipefail

fail() { echo "bootstrap: $*" >&2; exit 1; }
# The architecture of the system's programs, not of its kernel: Raspberry Pi OS may have 32-bit programs on a 64-bit kernel.
architecture=$(dpkg --print-architecture 2>/dev/null) || fail "this needs Debian 12 or 13, or Raspberry Pi OS of that age (there is no dpkg)"
case $architecture in
  armhf|armel|i386) fail "tbft needs a 64-bit system, and this one is $architecture: libtorch has no 32-bit package; on a Raspberry Pi install Raspberry Pi OS (64-bit)" ;;
esac

run=(g++ cmake ninja-build ccache pkg-config git
     libtorch-dev libdnnl-dev libfmt-dev libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libssl-dev libzip-dev libboost-dev libgpiod-dev libjemalloc-dev
     libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libjpeg-dev gnuplot-nox
     libopenblas0-pthread)  # libtorch's linear layers are many times slower with the reference BLAS that it depends on
python=(python3-dev pybind11-dev)
test=(libgtest-dev libgmock-dev libbenchmark-dev clang-format clang-tidy clang libclang-rt-dev xz-utils man-db curl
      python3 python3-torch python3-torchvision python3-numpy python3-sklearn python3-scipy python3-skimage python3-opencv python3-pil
      "${python[@]}" python3-pandas python3-pip python3-setuptools python3-venv)
# make builds kernel modules, with the release's own compiler, which came with g++.
kernel=(qemu-system-x86 busybox-static gpiod make binutils zstd)
package=(dpkg-dev file "${python[@]}")
slurm=(slurmctld slurmd slurm-client munge)
arm64=(g++-aarch64-linux-gnu qemu-user-static)
browser=(chromium chromium-driver python3-selenium)

wanted=("${run[@]}")
case ${1:-run} in
  run) ;;
  package) wanted+=("${package[@]}") ;;
  arm64) wanted+=("${package[@]}" "${arm64[@]}") ;;
  test) wanted+=("${test[@]}") ;;
  kernel) wanted+=("${test[@]}" "${kernel[@]}") ;;
  full) wanted+=("${test[@]}" "${kernel[@]}" "${slurm[@]}" "${arm64[@]}" "${browser[@]}") ;;
  *) echo "usage: bootstrap.sh [run|package|arm64|test|kernel|full]" >&2; exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "run as root, or install sudo; missing packages: ${missing[*]}"
  sudo=(sudo)
fi
echo "bootstrap: installing ${missing[*]}" >&2
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
