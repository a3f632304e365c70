#!/usr/bin/env bash
# Compiles power's backend for libgpiod 2 against Debian 13's headers. Usage: gpiod2.sh SOURCE COMPILER
# The package is fetched from Debian 13 by an apt of its own (nothing is installed, the machine's package lists stay as they are)
# and kept in the cache.
set -euo pipefail
source_dir=$1
compiler=$2
cache=${TBFT_GPIOD2_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tbft-gpiod2}

fetch() {
  local mirror
  mirror=${TBFT_DEBIAN_MIRROR:-$("$source_dir/tests/debian13/mirror.sh")}
  part=$cache.part.$$
  mkdir -p "$part"/{lists/partial,archives/partial,root,none}
  trap 'rm -rf "$part"' EXIT
  : >"$part/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$part/sources"
  cat >"$part/apt.conf" <<C
Dir::State "$part"; Dir::State::Lists "$part/lists"; Dir::State::status "$part/status"; Dir::Cache "$part";
Dir::Etc::sourcelist "$part/sources"; Dir::Etc::sourceparts "$part/none"; Dir::Etc::preferencesparts "$part/none";
APT::Sandbox::User ""; Debug::NoLocking "true"; Acquire::Languages "none"; Acquire::Retries "3";
C
  export APT_CONFIG=$part/apt.conf
  timeout 120 apt-get -qq update
  (cd "$part/root" && timeout 60 apt-get -qq download libgpiod-dev)
  dpkg-deb -x "$part"/root/libgpiod-dev_*.deb "$part/root"
  rm -rf "$cache"
  mv "$part/root" "$cache"
}

[ -e "$cache/usr/include/gpiod.h" ] || fetch
version=$(sed -n 's/^Version: //p' "$cache"/usr/lib/*/pkgconfig/libgpiod.pc)
[ "${version%%.*}" = 2 ] || { echo "gpiod2: $version is no libgpiod 2" >&2; exit 1; }
# -isystem comes before the machine's own gpiod.h.
"$compiler" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Werror \
  -I"$source_dir" -I"$source_dir/power/include" -isystem "$cache/usr/include" "$source_dir/power/bus/gpio_v2.cpp"
echo "the backend compiles against libgpiod $version"
