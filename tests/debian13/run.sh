#!/usr/bin/env bash
# tbft on a clean Debian 13: a root directory of its own under the cache, a clone of what is committed here, scripts/quickstart.sh, scripts/test.sh, and
# the tests under a real kernel, where the backend for libgpiod 2 runs; the last lines and the seconds of each. Needs root and an x86-64 Debian.
# Usage: run.sh [--keep] [quickstart|test|kernel|shell]...; all three without a name. --keep goes on in the root directory of the last
# --keep and leaves it there, for looking inside (shell); otherwise a fresh one is made and removed. What stays in
# $XDG_CACHE_HOME/tbft-debian13 (TBFT_DEBIAN13_DIR): the bare system, packages, ccache's objects, the kernel.
set -euo pipefail

fail() { echo "debian13: $*" >&2; exit 1; }
step() { echo "debian13: $1 ($SECONDS s)" >&2; }
usage() { echo "usage: run.sh [--keep] [quickstart|test|kernel|shell]..." >&2; exit 2; }

keep=no
[ "${1:-}" != --keep ] || { keep=yes; shift; }
for part in "$@"; do
  case $part in quickstart|test|kernel|shell) ;; *) usage ;; esac
done
[ $# -gt 0 ] || set -- quickstart test kernel
[ "$(id -u)" = 0 ] || fail "run it as root (sudo $0): a root directory of its own needs mounts and chroot"
for tool in debootstrap unshare setpriv git apt-get; do
  command -v $tool >/dev/null || fail "$tool is missing: apt-get install debootstrap util-linux git"
done

source_dir=$(cd "$(dirname "$0")/../.." && pwd)
cache=${TBFT_DEBIAN13_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tbft-debian13}
shared=${TBFT_SHARED:-$source_dir/../shared}
mkdir -p "$cache"/{packages/partial,ccache,cache}
exec 9>"$cache/lock"
flock -n 9 || fail "$cache is in use by another run"

[ -e "$cache/base/complete" ] || {
  main=$("$source_dir/tests/debian13/mirror.sh")
  security=$("$source_dir/tests/debian13/mirror.sh" -security)
  step "the bare system"
  rm -rf "$cache/base"
  debootstrap --variant=minbase trixie "$cache/base" "$main" >"$cache/log" 2>&1 || { tail -n 5 "$cache/log" >&2; fail "debootstrap: $cache/log"; }
  {
    printf 'deb %s trixie main\n' "$main"
    printf 'deb %s trixie-updates main\n' "$main"
    printf 'deb %s trixie-security main\n' "$security"
  } >"$cache/base/etc/apt/sources.list"
  # This machine's way to the mirrors.
  apt-config dump --format '%F "%v";%n' Acquire | grep -iE '^Acquire::(https?|Check-|Retries|Languages)' >"$cache/base/etc/apt/apt.conf.d/90this-machine" || true
  printf '#!/bin/sh\nexit 101\n' >"$cache/base/usr/sbin/policy-rc.d"  # no daemon is started in here
  chmod +x "$cache/base/usr/sbin/policy-rc.d"
  touch "$cache/base/complete"
}

root=$cache/root
inside=
# The mounts live in a name space of their own, which ends with its processes: here $root is a plain directory at any time.
finish() {
  [ -z "$inside" ] || { kill -KILL "$inside" && wait "$inside"; } 2>/dev/null || true
  [ "$keep" = yes ] || rm -rf "$root"
}
trap finish EXIT
trap 'exit 130' INT TERM
[ "$keep" = yes ] && [ -e "$root/complete" ] || { rm -rf "$root"; cp -a "$cache/base" "$root"; }
cp -L /etc/resolv.conf "$root/etc/resolv.conf"

# Brings $root/src/tbft to the commit that is checked out here; what was built there stays.
clone=$root/src/tbft
mkdir -p "$root/src/shared"
printf '[safe]\n\tdirectory = *\n' >"$cache/gitconfig"  # the checkout may be another user's
export GIT_CONFIG_GLOBAL=$cache/gitconfig
[ -e "$clone" ] || git clone -q --no-checkout "$source_dir" "$clone"
commit=$(git -C "$source_dir" rev-parse HEAD)
git -C "$clone" fetch -q "$source_dir" "$commit"
git -C "$clone" checkout -q --detach "$commit"
[ -z "$(git -C "$source_dir" status --porcelain)" ] || step "what is not committed is not tested"

# Becomes a command in there. --pdeathsig, --kill-child: whatever it leaves running ends with it, and it with this script.
enter() {
  root=$root cache=$cache shared=$shared exec setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child bash -euc '
    mount --bind "$root" "$root"  # tests make name spaces of mounts in there, for which / has to be one
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mkdir -p "$root"/var/cache/{apt/archives,ccache} "$root/root/.cache"
    mount --bind "$cache/packages" "$root/var/cache/apt/archives"
    mount --bind "$cache/ccache" "$root/var/cache/ccache"
    mount --bind "$cache/cache" "$root/root/.cache"
    [ ! -d "$shared" ] || { mount --bind "$shared" "$root/src/shared" && mount -o remount,bind,ro "$root/src/shared"; }
    exec chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
      CCACHE_DIR=/var/cache/ccache CCACHE_MAXSIZE=5G CCACHE_BASEDIR=/src/tbft CCACHE_NOHASHDIR=1 bash -c "cd /src/tbft && $1"' bash "$1"
}
# A command whose output is kept and whose end is shown.
part() {
  local name=$1 command=$2 begin=$SECONDS code=0
  step "$name: $command"
  enter "$command" >"$cache/$name.log" 2>&1 </dev/null &
  inside=$!
  wait "$inside" || code=$?
  inside=
  tail -n "$3" "$cache/$name.log"
  echo "debian13: $command: exit code $code after $((SECONDS - begin)) s; $cache/$name.log"
  [ "$code" = 0 ] || failed="$failed $name"
}

(enter "apt-get -qq update") || fail "the package lists cannot be fetched"
failed=
for name in "$@"; do
  case $name in
    quickstart) part quickstart scripts/quickstart.sh 12 ;;
    test)
      part test scripts/test.sh 12
      grep -h 'loss differs by' "$cache/test.log" || true  # the equality tests, against this release's python3-torch
      ;;
    kernel) part kernel tests/kernel/run.sh 25 ;;
    shell) (enter "exec bash -i") || true ;;
  esac
done
[ -z "$failed" ] || fail "failed:$failed"
step "done"
