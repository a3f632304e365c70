#!/usr/bin/env bash
# The unit tbft-serve-meter@.service in a Debian that systemd boots, in systemd-nspawn's container: it starts under a user of
# its own, another process measures over it by its key, it is back after kill -9, and it goes with the package. Needs root and
# systemd-container.
# Usage: service.sh DIR; DIR holds the package tbft for this machine's Debian.
set -euo pipefail
system_user=service
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
. "$source_dir/scripts/system.sh"
packages=${1:?usage: service.sh DIR}
need_system_tools
command -v systemd-nspawn >/dev/null || fail "systemd-nspawn is missing: apt-get install systemd-container"
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tbft-packages
mkdir -p "$cache"
base_system "$release" "$cache/base-$release"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
cp -a "$cache/base-$release" "$root"
rm -f "$root/usr/sbin/policy-rc.d"
cp "$packages"/tbft_*_"$(dpkg --print-architecture)".deb "$root/root/"
(enter "$root" "apt-get -qq update &&
  apt-get -qq install -y --no-install-recommends systemd systemd-sysv procps /root/tbft_*.deb") >"$work/log" 2>&1 ||
  { tail -n 20 "$work/log" >&2; fail "systemd and the package"; }

mkdir -p "$root/etc/tbft/serve-meter"
printf 'METER=estimate://\nLISTEN=127.0.0.1:7007\n' >"$root/etc/tbft/serve-meter/x.env"
(umask 077; head -c 32 /dev/urandom | base64 >"$root/etc/tbft/serve-meter/x.key")
cat >"$root/root/inside.sh" <<'E2'
fail() { echo "FAILED: $*"; journalctl --no-pager -u tbft-serve-meter@x; exit 1; }
unit=tbft-serve-meter@x
measured() { tbft measure -m 'remote://127.0.0.1:7007?key_file=/etc/tbft/serve-meter/x.key' sleep 1; }
until_measured() { for _ in $(seq 20); do if measured >/tmp/out 2>&1; then return; fi; sleep 1; done; fail "$(cat /tmp/out)"; }
systemctl start $unit || fail start
until_measured
cat /tmp/out
process=$(systemctl show -p MainPID --value $unit)
user=$(ps -o uid= -p "$process" | tr -d ' ')
[ "$user" -ge 61184 ] && [ "$user" -le 65519 ] || fail "user $user is not a dynamic one"
systemctl kill -s KILL $unit
until_measured
[ "$(systemctl show -p MainPID --value $unit)" != "$process" ] || fail "it is the process that was killed"
apt-get -qq purge -y tbft >/dev/null || fail purge
! systemctl is-active --quiet $unit || fail "it runs without its package"
! systemctl list-unit-files | grep tbft || fail "the unit is left"
echo "OK: user $user"
E2
cat >"$root/etc/systemd/system/inside.service" <<'E2'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'bash /root/inside.sh >/root/out 2>&1; poweroff'
[Install]
WantedBy=multi-user.target
E2
chroot "$root" systemctl enable --quiet inside.service
timeout 300 systemd-nspawn --quiet --directory "$root" --register=no --keep-unit --boot </dev/null >"$work/log" 2>&1 || true
cat "$root/root/out" 2>/dev/null || { tail -n 20 "$work/log" >&2; fail "systemd did not start"; }
grep -q '^OK' "$root/root/out" || fail "the unit"
