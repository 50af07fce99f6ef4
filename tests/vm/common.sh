# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# Shared by the host-side scripts of tests/vm: places, messages, step timing.
# Must never start a guest or install anything by itself.

set -euo pipefail

VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$VM_DIR/../.." && pwd)
BUILD=${SNITCH_BUILD:-$TOP/build}
CACHE=${SNITCH_CACHE:-/var/cache/snitch}
PROG=${0##*/}

die() { printf '%s: %s\n' "$PROG" "$*" >&2; exit 1; }
say() { printf '%s: %s\n' "$PROG" "$*" >&2; }
need_root() { [[ $EUID -eq 0 ]] || die "needs root (sudo make ...)"; }

# packages FILE...: the package names in list files.
packages() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@" | awk '{print $1}'; }

# key_of FILE...: short content key of files and of the words in $KEY_EXTRA.
key_of() { { cat "$@"; printf '%s' "${KEY_EXTRA:-}"; } | sha256sum | cut -c1-12; }

# step_begin WHAT / step_end [PATH]: progress lines, minutes and megabytes at the end.
step_begin() { STEP_NAME=$1 STEP_START=$SECONDS; say "$1 ..."; }
step_end() {
	local took=$((SECONDS - STEP_START)) size=0
	if [[ $# -gt 0 ]]; then size=$(du -sm "$@" 2>/dev/null | awk '{s += $1} END {print s + 0}'); fi
	say "$STEP_NAME: done in $((took / 60)) min $((took % 60)) s, $size MB"
}

# locked NAME COMMAND...: run a command while holding the cache's lock of that name.
locked() {
	local name=$1; shift
	mkdir -p "$CACHE"
	(
		flock -w 3600 9 || die "lock $CACHE/.$name.lock is held for an hour: is another build stuck?"
		"$@"
	) 9>"$CACHE/.$name.lock"
}

# kernel_line NAME: the line of the list `kernels` for a kernel.
kernel_line() {
	local line
	line=$(awk -v n="$1" '$1 == n' "$VM_DIR/kernels")
	[[ -n $line ]] || die "no kernel '$1' in $VM_DIR/kernels (there: $(kernel_names))"
	printf '%s\n' "$line"
}

kernel_names() { awk '!/^#/ && NF {print $1}' "$VM_DIR/kernels" | paste -sd' '; }

# fs_image DIR FILE MB_FREE [LABEL]: an ext4 image of a folder, no loop mount needed.
fs_image() {
	local mb
	mb=$(du -sm --apparent-size "$1" | cut -f1)
	mb=$((mb + mb / 4 + $3 + 8))
	rm -f "$2.new"
	mke2fs -q -F -t ext4 -L "${4:-snitch}" -O '^has_journal,^metadata_csum' -E root_owner=0:0 \
		-d "$1" "$2.new" "${mb}M" >/dev/null
	mv "$2.new" "$2"
}

# initrd KDIR: prints the initramfs for a kernel, made when its parts changed.
initrd() {
	local kdir=$1 init=$VM_DIR/guest/initrd-init key out
	key=$(KEY_EXTRA=1 key_of "$init")
	out=$kdir/initrd-$key.gz
	[[ -f $out ]] || make_initrd "$kdir" "$init" "$out"
	printf '%s\n' "$out"
}

# u32_at FILE OFFSET / u8_at: a number of a file, of little-endian bytes.
u32_at() { od -An -tu4 -j "$2" -N 4 --endian=little "$1" | tr -d ' '; }
u8_at() { od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' '; }

# kernel_payload FILE: the kernel that a bzImage carries, unpacked (Documentation/arch/x86/boot.rst:
# setup_sects, payload_offset, payload_length). Its size follows it and is no part of it. Each part
# of the pipe reads all that the one before writes: none is ended by SIGPIPE.
kernel_payload() {
	local file=$1 start unpack=(xz -dc)
	start=$((($(u8_at "$file" 0x1f1) + 1) * 512 + $(u32_at "$file" 0x248)))
	[[ $(u32_at "$file" $start) != $((0xfd2fb528)) ]] || unpack=(zstd -q -dc)
	head -c $((start + $(u32_at "$file" 0x24c) - 4)) "$file" | tail -c +$((start + 1)) | "${unpack[@]}"
}

# kernel_image KDIR: prints the file to boot. An emulated processor takes longer to unpack a kernel
# than to start it: where the kernel can be entered unpacked (a PVH entry), we do that once.
kernel_image() {
	local kdir=$1 out=$1/vmlinux
	if ! grep -q -x CONFIG_PVH=y "$kdir/config"; then printf '%s\n' "$kdir/vmlinuz"; return; fi
	if [[ ! -f $out ]]; then
		kernel_payload "$kdir/vmlinuz" >"$out.$$" || { rm -f "$out.$$"; die "cannot unpack $kdir/vmlinuz"; }
		mv "$out.$$" "$out"
	fi
	printf '%s\n' "$out"
}

# The modules a stock kernel needs before it can mount the disks, in loading order.
boot_modules() {
	local kver=$1 dir=$2 mod
	for mod in virtio_pci virtio_blk ext4 9pnet_virtio 9p; do
		modprobe -S "$kver" -d "$dir" --show-depends "$mod" 2>/dev/null
	done | awk '$1 == "insmod" && !seen[$2]++ {print $2}'
}

make_initrd() {
	local kdir=$1 init=$2 out=$3 tmp kver file
	kver=$(<"$kdir/kver")
	tmp=$(mktemp -d "$kdir/initrd.XXXXXX")
	mkdir -p "$tmp"/{bin,dev,proc,sys,root,mods}
	cp "$(type -P busybox)" "$tmp/bin/busybox"
	install -m 755 "$init" "$tmp/init"
	while read -r file; do
		cp "$file" "$tmp/mods/"
		case $file in
		*.xz) xz -d "$tmp/mods/${file##*/}" ;;
		*.zst) zstd -q -d --rm "$tmp/mods/${file##*/}" ;;
		esac
		file=${file##*/} file=${file%.xz}
		printf '%s\n' "${file%.zst}" >>"$tmp/mods/order"
	done < <(boot_modules "$kver" "$kdir/modules")
	(cd "$tmp" && find . -path './*' | cpio -o -H newc --quiet -R 0:0 | gzip -1) >"$out.$$"
	mv "$out.$$" "$out"
	rm -rf --one-file-system "$tmp"
}
