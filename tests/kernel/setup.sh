#!/usr/bin/env bash
# Lays down what the kernel tests boot: this release's Debian kernel as an uncompressed vmlinux, the modules they need, and ina2xx,
# gpio-sim and irq_sim built from Debian's own kernel source (its amd64 kernel leaves them out). Nothing is installed, no root is needed.
# Usage: setup.sh [DIR]; DIR defaults to $XDG_CACHE_HOME/tbft-kernel. Safe to repeat: what is complete is left alone.
set -euo pipefail

dest=${1:-${TBFT_KERNEL_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tbft-kernel}}
recipe=2  # goes up when what is laid down changes
stock=(virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci netfs fscache 9pnet 9pnet_virtio 9p overlay
       configfs i2c-dev i2c-stub hid uhid hid-cp2112)
absent_in_6_8=fscache  # became part of netfs
built=(irq_sim gpio-sim ina2xx)

fail() { echo "setup: $*" >&2; exit 1; }
step() { echo "setup: $1 ($SECONDS s)" >&2; }

[ "$(cat "$dest/complete" 2>/dev/null)" = "$recipe" ] && exit 0
mkdir -p "$(dirname "$dest")"
exec 9>"$dest.lock"
flock -w 550 9 || fail "$dest.lock is held by another set-up"
[ "$(cat "$dest/complete" 2>/dev/null)" = "$recipe" ] && exit 0

for tool in apt-get dpkg-deb make xz zstd python3 strip; do
  command -v "$tool" >/dev/null || fail "$tool is missing: scripts/bootstrap.sh kernel"
done
part=$dest.part
rm -rf "$part"
mkdir -p "$part"/{download,modules}
cd "$part/download"

# linux-image-amd64 names the current ABI; a machine whose package lists are stale asks for a version that is gone.
needed_by() { apt-cache depends "$1" 2>/dev/null | awk -v prefix="$2" '$1 == "Depends:" && index($2, prefix) == 1 { print $2; exit }'; }
fetch() {
  local image
  image=$(needed_by linux-image-amd64 linux-image-)
  [ -n "$image" ] || return 1
  abi=${image#linux-image-}
  series=$(cut -d. -f1,2 <<<"$abi")
  timeout 240 apt-get -qq -o APT::Sandbox::User=root download "$image" "linux-headers-$abi" \
    "linux-headers-${abi%-amd64}-common" "$(needed_by "linux-headers-$abi" linux-kbuild-)" "linux-source-$series"
}
step "fetching the kernel's packages"
if ! fetch 2>fetch.log; then
  [ "$(id -u)" = 0 ] || fail "the kernel's packages cannot be fetched: $(tail -n 1 fetch.log); try: sudo apt-get update"
  timeout 120 apt-get -qq update || fail "the package lists cannot be updated"
  fetch || fail "the kernel's packages cannot be fetched"
fi

step "unpacking $abi"
mkdir image headers source
wanted=('./boot/vmlinuz-*' '*/modules.builtin')
for module in "${stock[@]}"; do wanted+=("*/$module.ko" "*/$module.ko.xz"); done
dpkg-deb --fsys-tarfile linux-image-"$abi"_*.deb | tar -x -C image --wildcards "${wanted[@]}" 2>tar.log || true  # no pattern must match
: >../builtin
for module in "${stock[@]}"; do
  file=$(find image -name "$module.ko*" -print -quit)
  case $file in
    *.xz) xz -dc "$file" >"../modules/$module.ko" ;;
    *.ko) cp "$file" ../modules/ ;;
    *)
      [ "$module" = "$absent_in_6_8" ] || grep -q "/$module.ko" "$(find image -name modules.builtin)" || fail "the kernel has no module $module"
      echo "$module" >>../builtin
      ;;
  esac
done
# QEMU boots an ELF kernel much faster than it unpacks a bzImage: the payload starts behind the setup sectors (boot protocol 2.08).
python3 - "image/boot/vmlinuz-$abi" ../vmlinux <<'P'
import lzma, struct, subprocess, sys
image = open(sys.argv[1], "rb").read()
protected = (image[0x1F1] + 1) * 512
offset, length = struct.unpack_from("<II", image, 0x248)
payload = image[protected + offset : protected + offset + length]
with open(sys.argv[2], "wb") as vmlinux:
    if payload.startswith(b"\x28\xb5\x2f\xfd"):  # zstd, with the size of what comes out in four more bytes
        subprocess.run(["zstd", "-dcq"], input=payload[:-4], stdout=vmlinux, check=True)
    else:
        vmlinux.write(lzma.LZMADecompressor(format=lzma.FORMAT_XZ).decompress(payload))
P

step "building ${built[*]}"
for package in linux-headers-*.deb linux-kbuild-*.deb; do dpkg-deb -x "$package" headers; done
compiler=$(sed -nE 's/^CC = .*(gcc-[0-9]+)$/\1/p' "headers/usr/src/linux-headers-$abi/.kernelvariables")
command -v "${compiler:?no compiler in .kernelvariables}" >/dev/null || fail "$compiler is missing, which built the kernel: apt-get install $compiler"
sed -i "s#/usr/src/#$PWD/headers/usr/src/#" "headers/usr/src/linux-headers-$abi/Makefile"
tree=linux-source-$series
dpkg-deb --fsys-tarfile "$tree"_*.deb | tar -xO "./usr/src/$tree.tar.xz" | tar -xJ -C source --strip-components=1 \
  "$tree/drivers/gpio/gpio-sim.c" "$tree/drivers/gpio/gpiolib.h" "$tree/drivers/hwmon/ina2xx.c" "$tree/kernel/irq/irq_sim.c"
mkdir modules
find source -name '*.[ch]' -exec cp {} modules/ \;
# irq_sim is meant to be built in: it needs a licence as a module, and a way to raise an interrupt that is exported to modules.
sed -i 's/handle_simple_irq(irq_to_desc(irqnum))/generic_handle_irq(irqnum)/' modules/irq_sim.c
printf '#include <linux/module.h>\nMODULE_LICENSE("GPL");\n' >>modules/irq_sim.c
printf 'obj-m += %s\nccflags-y += -DCONFIG_IRQ_SIM=1\n' "$(printf '%s.o ' "${built[@]}")" >modules/Kbuild
# Without type information (BTF): that takes another tool, and nobody here asks for it.
timeout 300 make -s -C "headers/usr/src/linux-headers-$abi" "M=$PWD/modules" CONFIG_DEBUG_INFO_BTF_MODULES= modules >build.log 2>&1 || { cat build.log >&2; fail "modules do not build"; }
cp modules/*.ko ../modules/
strip --strip-debug ../modules/*.ko

cd ..
rm -rf download
echo "$abi" >abi
echo "$recipe" >complete
rm -rf "$dest"
mv "$part" "$dest"
step "done: $(du -sh "$dest" | cut -f1) in $dest"
