#!/bin/sh
# Boots a kernel that has control groups (version 2) to itself, and runs a command there: `verify.sh SCRIPT [ARGUMENT ...]`.
#
# The machine is an emulated one of QEMU with one processor. It sees the files of this machine as they are; what it writes goes
# to a disk of its own, which is thrown away. The script runs as root, and succeeds or fails as it does here.
# KERNEL is the kernel's image (default: the newest in /boot), MODULES the directory of its modules (default: that of
# /lib/modules), ACCELERATOR and CPU what QEMU uses (default: tcg, which works everywhere, and max; kvm is faster), MEMORY the
# machine's (default: 3G).
set -eu

fail() {
    echo "verify-cgroups: $*" >&2
    exit 1
}

needs() {
    command -v "$1" >/dev/null || fail "$1 is not installed; on Debian: apt-get install $2"
}

[ $# -gt 0 ] || fail "say what to run: verify.sh SCRIPT [ARGUMENT ...]"
PATH=$PATH:/usr/sbin:/sbin
needs qemu-system-x86_64 qemu-system-x86
needs busybox busybox-static
needs cpio cpio
needs modprobe kmod
needs mkfs.ext4 e2fsprogs

here=$(cd "$(dirname "$0")" && pwd)
# The newest by its version; nothing where there is none.
kernel=${KERNEL:-$(ls -v /boot/vmlinuz-* 2>/dev/null | tail -n 1)}
[ -r "$kernel" ] || fail "there is no kernel ${kernel:-in /boot}: install one (on Debian: apt-get install linux-image-amd64), or name one by KERNEL"
version=${kernel##*/vmlinuz-}
modules=${MODULES:-/lib/modules/$version}
[ -d "$modules" ] || fail "there are no modules of the kernel $version in $modules: name their directory by MODULES"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
root=$work/initramfs
mkdir -p "$root/bin" "$root/modules" "$work/modules/lib/modules"
cp "$(command -v busybox)" "$root/bin/busybox"
cp "$here/init" "$root/init"
chmod 755 "$root/init"

# The modules in the order in which they are loaded: each after those that it needs.
ln -s "$(cd "$modules" && pwd)" "$work/modules/lib/modules/$version"
copied=$work/listed
[ -e "$modules/modules.dep" ] || {
    rm "$work/modules/lib/modules/$version"
    cp -rs "$(cd "$modules" && pwd)" "$work/modules/lib/modules/$version"
    depmod --basedir "$work/modules" "$version"
}
for module in virtio_pci virtio_blk 9pnet_virtio 9p ext4 crc32c_generic overlay; do
    modprobe --dirname "$work/modules" --set-version "$version" --show-depends "$module" || fail "the kernel $version has no module $module"
done >"$copied"
number=100
sed -n 's/^insmod \([^ ]*\).*/\1/p' "$copied" | awk '!seen[$0]++' | while read -r file; do
    name=$(basename "$file")
    number=$((number + 1))
    case $name in
    *.xz) xz -dc "$file" >"$root/modules/$number-${name%.xz}" ;;
    *.zst) zstd -qdc "$file" >"$root/modules/$number-${name%.zst}" ;;
    *) cp -L "$file" "$root/modules/$number-$name" ;;
    esac
done

{
    echo "cd '$PWD'"
    echo "PATH='$PATH'"
    printf "exec"
    for word; do
        printf " '%s'" "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"
    done
    echo
} >"$root/command"
(cd "$root" && find . | cpio --quiet -o -H newc) >"$work/initramfs.cpio"
truncate -s 4G "$work/disk"
mkfs.ext4 -q "$work/disk"

accelerator=${ACCELERATOR:-tcg}
# Its clock counts instructions where it is emulated: a test waits as long on a busy machine.
clock=
[ "$accelerator" != tcg ] || clock="-icount shift=3"
echo "verify-cgroups: Linux $version"
nice -n 10 qemu-system-x86_64 -machine "accel=$accelerator" -cpu "${CPU:-max}" -smp 1 -m "${MEMORY:-3G}" \
    $clock -display none -monitor none -no-reboot -nic none -serial "file:$work/console" -serial stdio \
    -kernel "$kernel" -initrd "$work/initramfs.cpio" -append "console=ttyS0 no_timer_check panic=-1 quiet" \
    -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" \
    -virtfs "local,path=/,mount_tag=files,security_model=none,readonly=on,multidevs=remap" </dev/null |
    tee "$work/output"
if grep -q '^verify-cgroups: passed' "$work/output"; then
    exit 0
fi
echo "verify-cgroups: failed; the kernel's last words:" >&2
tail -n 20 "$work/console" >&2
exit 1
