#!/usr/bin/env bash
# Lays down an arm64 Debian sysroot: what tbft links, unpacked from Debian's packages. Nothing is installed and no foreign architecture is
# added (libtorch-dev:arm64 would take the place of this machine's); no root is needed.
# Usage: sysroot.sh [DIR]; DIR defaults to $XDG_CACHE_HOME/tbft-arm64. Prints DIR/root. Safe to repeat: what is complete is left alone.
set -euo pipefail

dest=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/tbft-arm64}
compiler=$(aarch64-linux-gnu-g++ -dumpversion 2>/dev/null || echo 12)
packages=(libc6-dev "libstdc++-$compiler-dev"
          libtorch-dev libdnnl-dev libfmt-dev libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libssl-dev libzip-dev libboost-dev libgpiod-dev libjemalloc-dev
          libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libjpeg-dev libgtest-dev libgmock-dev libbenchmark-dev)
recipe="3 ${packages[*]}"  # the number goes up when the steps below change
triplet=aarch64-linux-gnu

fail() { echo "sysroot: $*" >&2; exit 1; }
step() { echo "sysroot: $1 ($SECONDS s)" >&2; }
complete() { [ "$(cat "$dest/complete" 2>/dev/null)" = "$recipe" ]; }
finish() { echo "$dest/root"; exit 0; }

complete && finish
mkdir -p "$(dirname "$dest")"
exec 9>"$dest.lock"
flock -w 550 9 || fail "$dest.lock is held by another set-up"
complete && finish
for tool in apt-get dpkg-deb tar flock; do
  command -v "$tool" >/dev/null || fail "$tool is missing: this needs a Debian machine"
done

# A package world of its own that asks this machine's Debian mirrors for arm64.
part=$dest.part
rm -rf "$part"
mkdir -p "$part"/{root,apt/lists/partial,apt/archives/partial,apt/sources.d}
: >"$part/apt/status"
for list in /etc/apt/sources.list /etc/apt/sources.list.d/debian*; do
  case $list in
    *.list|*.sources) [ ! -s "$list" ] || cp "$list" "$part/apt/sources.d/" ;;
  esac
done
cat >"$part/apt/apt.conf" <<A
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Debug::NoLocking "true";
Dir::State "$part/apt";
Dir::State::status "$part/apt/status";
Dir::Cache "$part/apt";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$part/apt/sources.d";
Dir::Etc::preferencesparts "/dev/null";
A
export APT_CONFIG=$part/apt/apt.conf
step "fetching ${#packages[@]} packages and what they need"
timeout 120 apt-get -qq update || fail "the package lists cannot be fetched"
timeout 400 apt-get -qq -y --download-only install "${packages[@]}" >"$part/apt/log" 2>&1 ||
  fail "the packages cannot be fetched: $(tail -n 1 "$part/apt/log")"

step "unpacking $(find "$part/apt/archives" -name '*.deb' | wc -l) packages"
# Which package has a library, and since which version: for dpkg-shlibdeps --admindir=DIR/dpkg, which finds libraries by paths of this machine.
mkdir -p "$part/dpkg/info" "$part/control"
for package in "$part"/apt/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x -C "$part/root" --no-same-owner --exclude=./usr/share/{doc,man,locale,icons,fonts}
  name=$(dpkg-deb -f "$package" Package)
  [ "$(dpkg-deb -f "$package" Multi-Arch)" != same ] || name=$name:arm64
  { dpkg-deb -f "$package"; printf 'Status: install ok installed\n\n'; } >>"$part/dpkg/status"
  dpkg-deb --fsys-tarfile "$package" | tar -t | sed -E "s|^\./|$dest/root/|; s|/$||" >"$part/dpkg/info/$name.list"
  rm -f "$part"/control/*
  dpkg-deb --control "$package" "$part/control"
  for file in shlibs symbols; do
    [ ! -e "$part/control/$file" ] || cp "$part/control/$file" "$part/dpkg/info/$name.$file"
  done
done
echo 1 >"$part/dpkg/info/format"
# Debian 13's packages have all below /usr; its links beside /usr are no package's that is unpacked here.
[ -e "$part/root/lib" ] || ln -s usr/lib "$part/root/lib"
rm -rf "$part/control"
# Absolute links lead out of the sysroot.
find "$part/root" -type l -lname '/*' -printf '%p\t%l\n' | while IFS=$'\t' read -r link target; do
  ln -sfnr "$part/root$target" "$link"
done
# What the packages' scripts would have made with update-alternatives.
for library in blas lapack; do
  ln -sfn "$library/lib$library.so.3" "$part/root/usr/lib/$triplet/lib$library.so.3"
done
rm -rf "$part/apt"
echo "$recipe" >"$part/complete"
rm -rf "$dest"
mv "$part" "$dest"
step "done: $(du -sh "$dest" | cut -f1) in $dest"
finish
