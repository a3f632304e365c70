#!/usr/bin/env bash
# Runs a command as root under a real Linux kernel with simulated I2C and GPIO: QEMU without KVM, as setup.sh laid the kernel
# down. The guest sees this machine's files read-only (what it writes is lost), except OUT, which is /run/out there.
# Usage: vm.sh [-m MiB] [-t SECONDS] [-k MODULES] [-o OUT] -- COMMAND...
# Ends with the command's exit code; 70: the guest gave none (it hung, or did not boot).
set -euo pipefail

dir=${TBFT_KERNEL_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tbft-kernel}
memory=512 limit=120 modules="" out=""
while getopts m:t:k:o: option; do
  case $option in
    m) memory=$OPTARG ;;
    t) limit=$OPTARG ;;
    k) modules=$OPTARG ;;
    o) out=$OPTARG ;;
    *) exit 64 ;;
  esac
done
shift $((OPTIND - 1))

fail() { echo "vm: $*" >&2; exit 70; }
[ -e "$dir/complete" ] || fail "no kernel in $dir: tests/kernel/setup.sh lays it down"
for tool in qemu-system-x86_64 busybox; do command -v $tool >/dev/null || fail "$tool is missing: scripts/bootstrap.sh kernel"; done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=${out:-$work/out}
root=$work/root
mkdir -p "$out" "$root"/{bin,modules,proc,sys,dev,tmp,host,top,guest}
cp "$(command -v busybox)" "$root/bin/busybox"
ln -s busybox "$root/bin/sh"

# Loaded in this order: the host's files first.
order=(virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci netfs fscache 9pnet 9pnet_virtio 9p overlay)
for module in "${order[@]}" $modules; do
  ! grep -qx "${module%%:*}" "$dir/builtin" || continue
  file=$dir/modules/${module%%:*}.ko
  [ -e "$file" ] || fail "no module $module in $dir"
  cp "$file" "$root/modules/"
  echo "$module" >>"$root/modules/order"
done
{
  printf 'export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/tmp TMPDIR=/tmp LC_ALL=C.UTF-8\n'
  printf 'cd %q || exit 127\n' "$PWD"
  printf '%q ' "$@"
} >"$root/command"

cat >"$root/init" <<'INIT'
#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
# NAME or NAME:PARAMETERS
for entry in $(cat /modules/order); do
  name=${entry%%:*}; parameters=${entry#"$name"}
  insmod /modules/$name.ko ${parameters#:} || echo "vm: module $name cannot be loaded"
done
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose host /host || echo "vm: no files of the host"
mount -t tmpfs top /top; mkdir /top/upper /top/work
mount -t overlay -o lowerdir=/host,upperdir=/top/upper,workdir=/top/work guest /guest || echo "vm: no overlay"
cd /guest
mount -t proc proc proc; mount -t sysfs sys sys; mount -t devtmpfs dev dev; mount -t tmpfs run run
mount -t tracefs trace sys/kernel/tracing; mount -t debugfs debug sys/kernel/debug
[ -d sys/kernel/config ] && mount -t configfs config sys/kernel/config
mkdir -p dev/shm run/out; mount -t tmpfs shm dev/shm; ln -s /proc/self/fd dev/fd
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 out run/out || echo "vm: no place for results"
ip link set lo up
cp /command run/command
chroot . /bin/bash /run/command </dev/null; code=$?
echo; echo "vm-exit=$code vm-seconds=$(cut -d. -f1 /proc/uptime)"
sync; poweroff -f
INIT
chmod +x "$root/init"
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$work/initrd"

# -icount ties the guest's clock to the instructions it executes, 2 ns each, and skips what it sleeps: however busy this machine
# is, the program under test sees the same quiet machine of 500 MIPS, and every test its own timing. (Reading a file takes the guest
# long by that clock.) q35, as microvm has no PCI; an ELF kernel boots straight; -cpu max for AVX2, which libtorch uses.
timeout --foreground "$limit" qemu-system-x86_64 -M q35 -accel tcg,thread=single -icount shift=1,sleep=off -cpu max -smp 1 -m "$memory" \
  -kernel "$dir/vmlinux" -initrd "$work/initrd" -append "console=ttyS0 quiet panic=-1 nokaslr" -no-reboot -nodefaults \
  -display none -serial stdio \
  -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap -device virtio-9p-pci,fsdev=host,mount_tag=host \
  -fsdev "local,id=out,path=$out,security_model=none" -device virtio-9p-pci,fsdev=out,mount_tag=out \
  </dev/null 2>&1 | tr -d '\r' >"$work/log" || true
grep -v '^vm-exit=' "$work/log" | sed '/./,$!d' || true
code=$(sed -n 's/^vm-exit=\([0-9]*\).*/\1/p' "$work/log" | tail -n 1)
[ -n "$code" ] || fail "the guest gave no exit code within $limit s"
exit "$code"
