#!/usr/bin/env bash
# Makes the Debian packages tbft, tbft-train, libtbft-power-dev and (not by the cross compiler) python3-tbft from a clean clone
# of what is committed here.
# Usage: package.sh [--arch amd64|arm64] [--release bookworm|trixie] OUT
# Without options for this machine. Another release is built in a system of its own, as root; arm64 on amd64 by the cross
# compiler. What stays in $XDG_CACHE_HOME/tbft-packages: clones with what was built, systems, ccache's objects. TBFT_JOBS:
# compilers at a time.
set -euo pipefail
system_user=package
source_dir=$(cd "$(dirname "$0")/.." && pwd)
. "$source_dir/scripts/system.sh"
usage() { echo "usage: package.sh [--arch amd64|arm64] [--release bookworm|trixie] OUT" >&2; exit 2; }

machine_arch=$(dpkg --print-architecture)
machine_release=$(. /etc/os-release && echo "$VERSION_CODENAME")
arch=$machine_arch release=$machine_release
while [ $# -gt 1 ]; do
  case $1 in
    --arch) arch=$2 ;;
    --release) release=$2 ;;
    *) usage ;;
  esac
  shift 2
done
case $#$arch$release in 1amd64bookworm|1amd64trixie|1arm64bookworm|1arm64trixie) ;; *) usage ;; esac
out=$(realpath -m "$1")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tbft-packages
mkdir -p "$out" "$cache"
exec 9>"$cache/lock-$release-$arch"
flock -n 9 || fail "packages for $release $arch are being made by another run"

if [ "$release" != "$machine_release" ]; then
  need_system_tools
  base_system "$release" "$cache/base-$release"
  root=$cache/root-$release
  [ -e "$root/complete" ] || { rm -rf "$root"; cp -a "$cache/base-$release" "$root"; }
  clone_commit "$root/src/tbft"
  mkdir -p "$cache/ccache"
  (enter "$root" "cd /src/tbft && apt-get -qq update && apt-get -qq install -y --no-install-recommends git >/dev/null &&
    git config --global safe.directory '*' && scripts/package.sh --arch $arch /out" "$out:/out" \
    "$cache/ccache:/var/cache/ccache") ||
    fail "the build in $root"
  exit 0
fi

"$source_dir/scripts/bootstrap.sh" "$([ "$arch" = "$machine_arch" ] && echo package || echo arm64)"
clone=$cache/$release-$arch
clone_commit "$clone"
cd "$clone"

# The version of a tag; before and after it the commit's date and name go behind it, so that versions sort by time.
suffix=+deb$(. /etc/os-release && echo "$VERSION_ID")
commit=git$(git log -1 --format=%cd --date=format:%Y%m%d).$(git rev-parse --short=8 HEAD)
if tag=$(git describe --tags --abbrev=0 --match 'v[0-9]*.[0-9]*.[0-9]*' 2>/dev/null); then
  [ "$(git rev-parse "$tag^{commit}")" = "$(git rev-parse HEAD)" ] || suffix=+$commit$suffix
else
  tag=v$(sed -nE 's/^set\(tbft_version ([0-9.]+)\)$/\1/p' cmake/version.cmake)
  suffix=\~$commit$suffix
fi
version=${tag#v}$suffix
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH CCACHE_BASEDIR="$clone" CCACHE_NOHASHDIR=1
{
  printf 'tbft (%s) %s; urgency=medium\n\n  * See CHANGELOG.md of the source.\n\n' "$version" "$release"
  printf ' -- %s  %s\n' "$(sed -nE 's/^set\(CPACK_PACKAGE_CONTACT "(.*)"\).*/\1/p' cmake/package.cmake)" \
    "$(git log -1 --format=%cD)"
} | gzip -9n >"$cache/changelog.gz"

options=(-DCMAKE_INSTALL_PREFIX=/usr -DTBFT_BUILD_TESTS=OFF -DTBFT_BUILD_BENCH=OFF -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON
  -DTBFT_PACKAGE_VERSION="$version" -DTBFT_PACKAGE_CHANGELOG="$cache/changelog.gz")
preset=release
if [ "$arch" = "$machine_arch" ]; then
  options+=(-DTBFT_BUILD_PYTHON=ON)  # without pybind11 CMake then fails, and no package is missing
else
  preset=arm64
  TBFT_ARM64_SYSROOT=$(tests/arm64/sysroot.sh)
  export TBFT_ARM64_SYSROOT DEB_HOST_ARCH=arm64
  options+=(-DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O3 -DNDEBUG" -DCMAKE_INSTALL_LIBDIR=lib/aarch64-linux-gnu)
  # It reads which package has a library from the sysroot's packages.
  mkdir -p "$cache/bin"
  printf '#!/bin/sh\nexec /usr/bin/dpkg-shlibdeps --admindir=%s/dpkg "$@"\n' "${TBFT_ARM64_SYSROOT%/root}" \
    >"$cache/bin/dpkg-shlibdeps"
  chmod +x "$cache/bin/dpkg-shlibdeps"
  PATH=$cache/bin:$PATH
fi
step "tbft $version for $release $arch"
log=$cache/$release-$arch.log
{ cmake --preset $preset "${options[@]}" && cmake --build --preset $preset -j "${TBFT_JOBS:-2}" &&
  rm -rf build/packages && cpack --config build/$preset/CPackConfig.cmake -B build/packages; } >"$log" 2>&1 ||
  { tail -n 30 "$log" >&2; fail "$log"; }
cp build/packages/*.deb "$out/"
step "$(cd "$out" && ls -- *"_$version"_*.deb | tr '\n' ' ')in $out"
