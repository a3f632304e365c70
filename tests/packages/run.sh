#!/usr/bin/env bash
# The Debian packages in a clean system: installed by apt, timed from there to the first joules, a tiny sweep with tbft-train,
# the pages and files that they bring, removal that leaves nothing, lintian; on this machine's release the unit under systemd.
# Needs root, and systemd-container for the unit.
# Usage: run.sh [--arch amd64|arm64] RELEASE [DIR]; DIR holds the packages; without it scripts/package.sh makes them. Another
# machine's architecture runs under QEMU's user mode, where the time to the first joules is printed and not judged. What stays
# in $XDG_CACHE_HOME/tbft-packages: bare systems and what package.sh keeps.
set -euo pipefail
system_user=packages
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
. "$source_dir/scripts/system.sh"
system_arch=$(dpkg --print-architecture)
[ "${1:-}" != --arch ] || { system_arch=${2:-}; shift 2; }
release=${1:-} packages=${2:-}
case $system_arch$release in
  amd64bookworm|amd64trixie|arm64bookworm|arm64trixie) ;;
  *) echo "usage: run.sh [--arch amd64|arm64] bookworm|trixie [DIR]" >&2; exit 2 ;;
esac
need_system_tools
boots() { ! emulated && [ "$release" = "$(. /etc/os-release && echo "$VERSION_CODENAME")" ]; }  # the unit under systemd
! boots || command -v systemd-nspawn >/dev/null || fail "systemd-nspawn is missing: apt-get install systemd-container"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tbft-packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$packages" ]; then
  packages=$work/packages
  "$source_dir/scripts/package.sh" --arch "$system_arch" --release "$release" "$packages"
fi
names=(tbft tbft-train libtbft-power-dev)
[ "$system_arch" != "$(dpkg --print-architecture)" ] || names+=(python3-tbft)
for name in "${names[@]}"; do
  [ "$(find "$packages" -name "${name}_*_$system_arch.deb" | wc -l)" = 1 ] ||
    fail "$packages has not one package $name for $system_arch"
done

base=$cache/base-$release
most=60
if emulated; then base=$base-arm64 most=0; fi
base_system "$release" "$base"
cp -a "$base" "$work/root"
(enter "$work/root" "bash /tests/inside.sh $most" "$packages:/packages:ro" "$source_dir/tests/packages:/tests:ro") ||
  fail "Debian $release, $system_arch"
if boots; then
  step "the unit under systemd"
  "$source_dir/tests/packages/service.sh" "$packages"
fi
step "done: Debian $release, $system_arch"
