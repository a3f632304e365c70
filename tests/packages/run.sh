#!/usr/bin/env bash
# The Debian packages in a clean system: installed by apt, timed from there to the first joules, a tiny sweep with tbft-train, the pages
# and files that they bring, removal that leaves nothing, lintian. Needs root. Usage: run.sh RELEASE [DIR]; DIR holds the packages of that
# release for this machine's architecture; without it scripts/package.sh makes them. What stays in $XDG_CACHE_HOME/tbft-packages:
# the bare system and what package.sh keeps.
set -euo pipefail
system_user=packages
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
. "$source_dir/scripts/system.sh"
release=${1:-} packages=${2:-}
case $release in bookworm|trixie) ;; *) echo "usage: run.sh bookworm|trixie [DIR]" >&2; exit 2 ;; esac
need_system_tools
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tbft-packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$packages" ]; then
  packages=$work/packages
  "$source_dir/scripts/package.sh" --release "$release" "$packages"
fi
for name in tbft tbft-train libtbft-power-dev; do
  [ "$(find "$packages" -name "${name}_*.deb" | wc -l)" = 1 ] || fail "$packages has not one package $name"
done

base_system "$release" "$cache/base-$release"
cp -a "$cache/base-$release" "$work/root"
# On a Debian whose dpkg leaves documents out, as in containers, there would be no manual to look at.
rm -f "$work/root/etc/dpkg/dpkg.cfg.d/docker"
(enter "$work/root" "bash /tests/inside.sh" "$packages:/packages:ro" "$source_dir/tests/packages:/tests:ro") || fail "$release"
step "done: Debian $release"
