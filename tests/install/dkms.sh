#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# dkms add, build, install and remove of what `make install` puts into /usr/src, against a stock
# kernel's headers, in trees of its own. It must never touch the machine's DKMS tree.
#
# dkms.sh [KERNEL]   (a name of tests/vm/kernels; 6.1 unless told)
. "$(dirname "$0")/lib.sh"

KERNEL=${1:-6.1}
KDIR=$("$TOP/tests/vm/fetch-kernel" "$KERNEL") || bail "no kernel $KERNEL"
KVER=$(<"$KDIR/kver")
NAME=snitch/$VERSION
# dkms asks for kernel headers in places that only a whole system has: they are named here.
mkdir -p "$WORK/dkms" "$WORK/modules/$KVER"

private() {
	local action=$1; shift
	dkms "$action" "$NAME" --dkmstree "$WORK/dkms" --sourcetree "$WORK/root/usr/src" \
		--installtree "$WORK/modules" "$@" </dev/null
}
build_args=(-k "$KVER" -a x86_64 --kernelsourcedir "$KDIR/build" --config "$KDIR/config" -j "$(nproc)")

stage() { make -s -C "$TOP/userspace" install-source DESTDIR="$WORK/root"; }
module() { find "$1" -name 'snitch.ko*' | head -n 1; }

is_for_kernel() {
	local ko
	ko=$(module "$WORK/modules/$KVER")
	[[ -n $ko ]] || { echo "no snitch.ko below $WORK/modules"; return 1; }
	[[ $(modinfo -F vermagic "$ko") == "$KVER "* ]] || { modinfo "$ko"; return 1; }
	[[ $(modinfo -F license "$ko") == GPL* ]]
}
status_is() { private status | tee /dev/stderr | grep -q "$1"; }
gone() {
	[[ -z $(module "$WORK/modules") ]] || { find "$WORK/modules"; return 1; }
	[[ ! -e $WORK/dkms/$NAME ]] || { find "$WORK/dkms"; return 1; }
}
src_is_complete() {
	local f src=$WORK/root/usr/src/snitch-$VERSION
	for f in dkms.conf Kbuild kmod/Kbuild include/uapi/linux/snitch.h include/uapi/linux/snitch_netlink.h LICENSE; do
		[[ -s $src/$f ]] || { echo "missing: $f"; return 1; }
	done
}

ok "source for dkms is laid out" stage
ok "it is complete" src_is_complete
ok "dkms add" private add
ok "dkms build for $KVER" private build "${build_args[@]}"
if [[ $BAD -gt 0 && -s $WORK/dkms/$NAME/build/make.log ]]; then
	tail -n 30 "$WORK/dkms/$NAME/build/make.log" | sed 's/^/# /'
fi
ok "dkms install" private install -k "$KVER" -a x86_64 --no-depmod
ok "the module is there, for $KVER, GPL" is_for_kernel
ok "dkms status says installed" status_is installed
ok "dkms remove" private remove --all --no-depmod
ok "nothing is left" gone
finish
