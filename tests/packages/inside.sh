# Runs in the clean system: packages in /packages; $1: the most seconds from apt to the joules, 0 for any.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
fail() { echo "FAILED: $*" >&2; exit 1; }
quietly() { "$@" >/tmp/log 2>&1 || { tail -n 20 /tmp/log >&2; fail "$*"; }; }
# Every file of the system, and users and groups.
files() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /packages -o -path /tests -o -path /var/cache \
    -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/log \) -prune -o -print | sort
}

quietly apt-get update
files >/tmp/before
dpkg-query -W -f '${Package}\n' >/tmp/packages-before

begin=$(date +%s)
quietly apt-get install -y /packages/tbft_*_"$(dpkg --print-architecture)".deb
installed=$(date +%s)
tbft measure -m estimate:// -- sleep 1 >/tmp/out 2>&1 || fail "measure: $(cat /tmp/out)"
end=$(date +%s)
cat /tmp/out
echo "from apt install to the joules: $((end - begin)) s, of which apt $((installed - begin)) s"
[ "$1" = 0 ] || [ $((end - begin)) -lt "$1" ] || fail "more than $1 s"
tbft --version
tbft --version | grep -q 'tbft-train is not installed (package tbft-train)' || fail "--version without tbft-train"
! tbft run x.toml 2>/tmp/err || fail "run without tbft-train"
grep -q 'install the package tbft-train' /tmp/err || fail "$(cat /tmp/err)"
echo "tbft loads $(ldd /usr/bin/tbft | wc -l) libraries"
getent group i2c gpio >/dev/null || fail "groups of the udev rules are missing"
for file in man/man1/tbft.1.gz man/man1/tbft-measure.1.gz bash-completion/completions/tbft zsh/vendor-completions/_tbft \
            fish/vendor_completions.d/tbft.fish doc/tbft/copyright doc/tbft/changelog.gz doc/tbft/examples/serve-meter.env; do
  [ -e "/usr/share/$file" ] || fail "/usr/share/$file is missing"
done
for file in udev/rules.d/99-tbft.rules systemd/system/tbft-serve-meter@.service; do
  [ -e "/usr/lib/$file" ] || fail "/usr/lib/$file is missing"
done

begin=$(date +%s)
quietly apt-get install -y /packages/tbft-train_*_"$(dpkg --print-architecture)".deb
echo "tbft-train: installed in $(($(date +%s) - begin)) s"
tbft --version | tee /tmp/out
grep -q 'BLAS openblas-pthread' /tmp/out || fail "not OpenBLAS"
[ -e /usr/share/tbft/experiments/quickstart.toml ] || fail "no experiments"
cd /tmp
quietly tbft pretrain --depth 8 --dataset 'synthetic:?part=train&n=64' --val 'synthetic:?part=test&n=32' \
  --recipe quick --epochs 1 -o base.pth
# 4: a fast machine trains such a cell between two readings of the estimate, 0.1 s apart.
tiny_run() {
  tbft run /usr/share/tbft/experiments/quickstart.toml --set model.checkpoint=base.pth \
    --set 'data.path=synthetic:?part=target&n=60' --set 'data.conditions=["input"]' \
    --set 'sweep.strategies=["none","fc"]' --set sweep.repetitions=1 --set train.epochs=1 \
    -m estimate:// -o run || [ $? = 4 ]
}
quietly tiny_run
grep -E 'fc|none' run/cells.csv | cut -c1-100
grep -cE ',(ok|invalid),' run/cells.csv | grep -qx 2 || fail "not two cells: $(cat run/cells.csv)"
quietly apt-get install -y --no-install-recommends /packages/libtbft-power-dev_*_"$(dpkg --print-architecture)".deb
ours=(tbft tbft-train libtbft-power-dev)
if compgen -G '/packages/python3-tbft_*' >/dev/null; then  # the cross compiler makes none
  quietly apt-get install -y --no-install-recommends /packages/python3-tbft_*_"$(dpkg --print-architecture)".deb
  python3 -c "import tbft
with tbft.Monitor('estimate://', interval=0.05) as monitor, monitor.window('work') as window:
    while monitor.readings < 5: pass
print(tbft.__version__, window.energy)" | tee /tmp/out
  grep -q ' J, .*not a measurement' /tmp/out || fail "python3-tbft has no joules"
  ours+=(python3-tbft)
fi
for package in "${ours[@]}"; do dpkg -L $package; done | sort -u >/tmp/ours

quietly apt-get purge -y "${ours[@]}"
quietly apt-get autoremove --purge -y
files >/tmp/after
comm -13 /tmp/before /tmp/after >/tmp/left
if grep -i tbft /tmp/left || comm -12 /tmp/ours /tmp/left | grep .; then fail "these files are left"; fi
dpkg-query -W -f '${Package}\n' >/tmp/packages-after
still=$(comm -13 /tmp/packages-before /tmp/packages-after | tr '\n' ' ')
echo "removed; other packages left $(wc -l </tmp/left) files, and are still there: $still"

quietly apt-get install -y --no-install-recommends lintian
for package in /packages/*_"$(dpkg --print-architecture)".deb; do
  lintian --allow-root --fail-on error "$package" >/tmp/out 2>&1 || { cat /tmp/out >&2; fail "lintian: $package"; }
  echo "lintian: ${package##*/}: $(grep -c '^W:' /tmp/out || true) warnings"
  cat /tmp/out
done
