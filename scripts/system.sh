# Sourced by scripts that work in a Debian of their own below a directory: package.sh, tests/packages, tests/debian13. They need
# root, name themselves in $system_user and the checkout in $source_dir. Where $system_arch is arm64 on another machine, programs
# run under QEMU's user mode; the kernel is told so for them alone, in a name space of users.

fail() { echo "$system_user: $*" >&2; exit 1; }
step() { echo "$system_user: $1 ($SECONDS s)" >&2; }

need_system_tools() {
  [ "$(id -u)" = 0 ] || fail "run it as root (sudo $0): a root directory of its own needs mounts and chroot"
  local tool
  for tool in debootstrap unshare setpriv git apt-get; do
    command -v $tool >/dev/null || fail "$tool is missing: apt-get install debootstrap util-linux git"
  done
}

emulated() { [ "${system_arch:-}" = arm64 ] && [ "$(uname -m)" != aarch64 ]; }

# base_system RELEASE DIR: a bare Debian, made once, with this machine's mirrors.
base_system() {
  local release=$1 base=$2 main security
  [ ! -e "$base/complete" ] || return 0
  main=$("$source_dir/tests/debian13/mirror.sh")
  security=$("$source_dir/tests/debian13/mirror.sh" -security)
  step "the bare system: Debian $release"
  rm -rf "$base"
  mkdir -p "$base"
  local options=(--variant=minbase)  # as in a container of lxc, no device can be made in a name space of users
  ! emulated || options+=(--arch=arm64 --foreign)
  { debootstrap "${options[@]}" "$release" "$base" "$main" &&
    { ! emulated || (enter "$base" "container=lxc /debootstrap/debootstrap --second-stage"); }; } >"$base.log" 2>&1 ||
    { tail -n 5 "$base.log" >&2; fail "debootstrap: $base.log"; }
  {
    printf 'deb %s %s main\n' "$main" "$release" "$main" "$release-updates" "$security" "$release-security"
  } >"$base/etc/apt/sources.list"
  # This machine's way to the mirrors.
  apt-config dump --format '%F "%v";%n' Acquire | grep -iE '^Acquire::(https?|Check-|Retries|Languages)' >"$base/etc/apt/apt.conf.d/90this-machine" || true
  printf '#!/bin/sh\nexit 101\n' >"$base/usr/sbin/policy-rc.d"  # no daemon is started in here
  chmod +x "$base/usr/sbin/policy-rc.d"
  touch "$base/complete"
}

# clone_commit CLONE: brings a clone of the checkout to the commit that is checked out; what was built in it stays.
clone_commit() {
  local clone=$1 commit config
  config=$(mktemp)
  printf '[safe]\n\tdirectory = *\n' >"$config"  # the checkout may be another user's
  commit=$(git -C "$source_dir" rev-parse HEAD)
  [ -e "$clone" ] || GIT_CONFIG_GLOBAL=$config git clone -q --no-checkout "$source_dir" "$clone"
  GIT_CONFIG_GLOBAL=$config git -C "$clone" fetch -q --tags "$source_dir" "$commit"
  GIT_CONFIG_GLOBAL=$config git -C "$clone" checkout -q --detach "$commit"
  rm -f "$config"
  [ -z "$(git -C "$source_dir" status --porcelain)" ] || step "what is not committed is not in it"
}

# Prints a process in a new name space of users, in which every user is the same as here. It lives for some seconds, the name
# space as long as a process that entered it. Needs Linux 6.7, where such a name space has emulators of its own.
user_space() {
  unshare --user sleep 10 >/dev/null &
  local process=$!
  while [ "$(readlink /proc/$process/ns/user)" = "$(readlink /proc/$$/ns/user)" ]; do sleep 0.05; done
  echo "0 0 4294967295" >/proc/$process/uid_map
  echo "0 0 4294967295" >/proc/$process/gid_map
  echo $process
}

# enter ROOT COMMAND [DIR:INSIDE[:ro]]...: becomes a command in there, with folders of this machine. Mounts live in a name space of
# their own, which ends with its processes, so ROOT is a plain directory at any time. --pdeathsig, --kill-child: whatever the
# command leaves running ends with it, and it with this script.
enter() {
  local space=()
  ! emulated || space=(nsenter --user --target "$(user_space)")
  emulator=$(! emulated || command -v qemu-aarch64-static) exec setpriv --pdeathsig KILL "${space[@]}" \
    unshare --mount --propagation private --pid --fork --kill-child bash -euc '
    root=$1 command=$2
    shift 2
    if [ -n "$emulator" ]; then
      # Programs for arm64 (the first 20 bytes of their files) run under the emulator, which is opened now (F).
      mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
      magic="\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
      mask="\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
      echo ":arm64:M::$magic:$mask:$emulator:OCPF" >/proc/sys/fs/binfmt_misc/register
    fi
    mount --bind "$root" "$root"  # tests make name spaces of mounts in there, for which / has to be one
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    for folders in "$@"; do
      IFS=: read -r from to mode <<<"$folders"
      mkdir -p "$root$to"
      mount --bind "$from" "$root$to"
      [ "$mode" != ro ] || mount -o remount,bind,ro "$root$to"
    done
    exec chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
      DEBIAN_FRONTEND=noninteractive TBFT_JOBS="${TBFT_JOBS:-}" \
      CCACHE_DIR=/var/cache/ccache CCACHE_MAXSIZE=5G CCACHE_BASEDIR=/src/tbft CCACHE_NOHASHDIR=1 bash -c "$command"' bash "$@"
}
