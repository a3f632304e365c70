#!/usr/bin/env bash
# tbft on a clean Debian 13: a root directory of its own under the cache, a clone of what is committed here, scripts/quickstart.sh, scripts/test.sh, and
# the tests under a real kernel, where the backend for libgpiod 2 runs; the last lines and the seconds of each. Needs root and an x86-64 Debian.
# Usage: run.sh [--keep] [quickstart|test|kernel|shell]...; all three without a name. --keep goes on in the root directory of the last
# --keep and leaves it there, for looking inside (shell); otherwise a fresh one is made and removed. What stays in
# $XDG_CACHE_HOME/tbft-debian13 (TBFT_DEBIAN13_DIR): the bare system, packages, ccache's objects, the kernel.
set -euo pipefail

system_user=debian13
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
. "$source_dir/scripts/system.sh"
usage() { echo "usage: run.sh [--keep] [quickstart|test|kernel|shell]..." >&2; exit 2; }

keep=no
[ "${1:-}" != --keep ] || { keep=yes; shift; }
for part in "$@"; do
  case $part in quickstart|test|kernel|shell) ;; *) usage ;; esac
done
[ $# -gt 0 ] || set -- quickstart test kernel
need_system_tools
cache=${TBFT_DEBIAN13_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tbft-debian13}
shared=${TBFT_SHARED:-$source_dir/../shared}
mkdir -p "$cache"/{packages/partial,ccache,cache}
exec 9>"$cache/lock"
flock -n 9 || fail "$cache is in use by another run"

base_system trixie "$cache/base"

root=$cache/root
process=
finish() {
  [ -z "$process" ] || { kill -KILL "$process" && wait "$process"; } 2>/dev/null || true
  [ "$keep" = yes ] || rm -rf "$root"
}
trap finish EXIT
trap 'exit 130' INT TERM
[ "$keep" = yes ] && [ -e "$root/complete" ] || { rm -rf "$root"; cp -a "$cache/base" "$root"; }
# The checkout's commit in $root/src/tbft; what was built there stays.
mkdir -p "$root/src/shared"
clone_commit "$root/src/tbft"

folders=("$cache/packages:/var/cache/apt/archives" "$cache/ccache:/var/cache/ccache" "$cache/cache:/root/.cache")
[ ! -d "$shared" ] || folders+=("$shared:/src/shared:ro")
inside() { enter "$root" "cd /src/tbft && $1" "${folders[@]}"; }
# A command whose output is kept and whose end is shown.
part() {
  local name=$1 command=$2 begin=$SECONDS code=0
  step "$name: $command"
  inside "$command" >"$cache/$name.log" 2>&1 </dev/null &
  process=$!
  wait "$process" || code=$?
  process=
  tail -n "$3" "$cache/$name.log"
  echo "debian13: $command: exit code $code after $((SECONDS - begin)) s; $cache/$name.log"
  [ "$code" = 0 ] || failed="$failed $name"
}

(inside "apt-get -qq update") || fail "the package lists cannot be fetched"
failed=
for name in "$@"; do
  case $name in
    quickstart) part quickstart scripts/quickstart.sh 12 ;;
    test)
      part test scripts/test.sh 12
      grep -h 'loss differs by' "$cache/test.log" || true  # the equality tests, against this release's python3-torch
      ;;
    kernel) part kernel tests/kernel/run.sh 25 ;;
    shell) (inside "exec bash -i") || true ;;
  esac
done
[ -z "$failed" ] || fail "failed:$failed"
step "done"
