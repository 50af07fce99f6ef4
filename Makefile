# SPDX-License-Identifier: GPL-2.0-or-later
# The one entry to building, testing and installing snitch: `make help`.
# It must never write outside build/ and the cache but in install and uninstall.
#
# The work is done elsewhere: kmod/Kbuild, userspace/Makefile, tests/Makefile, tests/vm/.

KDIR	?= /lib/modules/$(shell uname -r)/build
KERNEL	?= 6.1
TOP	:= $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
VM	:= $(TOP)/tests/vm
SUB	:= +@$(MAKE) --no-print-directory

.PHONY: all help deps deps-build kmod kmod-host userspace unit check check-vm check-kernels check-debug \
	check-torture check-fuzz check-names check-install check-detection check-leaks check-store static selftest demo bench bench-profile bench-lists kernels install uninstall clean distclean

all: deps-build kmod-host userspace

help:
	@echo 'snitch: a per-application outbound firewall for Linux'
	@echo
	@echo '  make             module for the running kernel (if its headers are there), programs'
	@echo '  make demo        the main job, shown in a virtual machine; root on Debian'
	@echo '  make check       everything that must be green; last line: N passed, N failed, N skipped'
	@echo
	@echo '  make kmod        the module; KDIR=/path/to/headers, or KERNEL=name of tests/vm/kernels'
	@echo '  make userspace   the programs, in build/bin'
	@echo '  make install     module by DKMS, programs, unit, bus and udev files; uninstall takes them away'
	@echo
	@echo '  make unit        unit tests, plain and under ASan and UBSan'
	@echo '  make static      checkpatch --strict, sparse, shellcheck'
	@echo '  make check-install  make install into a folder, DKMS against stock headers, all of it in a guest'
	@echo '  make selftest    the test machinery itself'
	@echo '  make check-vm    cases in a virtual machine; KERNEL=6.1, CASES="a b" for some of them'
	@echo '  make check-kernels  the same on every stock kernel of tests/vm/kernels'
	@echo '  make check-debug the same on the debug kernel (KASAN, lockdep, kmemleak)'
	@echo '  make check-torture  owners of 10 000 random senders, 1 000 on the debug kernel; SENDERS, SEED'
	@echo '  make check-fuzz     a million spoiled DNS messages, hellos and policies each'
	@echo '  make check-names    a rule about names at 1 000 first packets; NAMES, KERNEL'
	@echo '  make check-detection  24 kinds of traffic: the right program, the right number of bytes; a table'
	@echo '  make check-leaks the leak catalogue, one case a way out; CASES="L01-..." for some, KERNEL=6.1'
	@echo '  make check-store  snitchd killed at each of its writes, each write failing, hostile files, a full disk'
	@echo '  make bench       instructions per operation: a table and build/bench.json'
	@echo '  make bench-profile  the instructions of a new connection, by function'
	@echo '  make bench-lists memory and instructions of a blocklist of a million domains'
	@echo
	@echo '  make deps        Debian packages for building and testing'
	@echo '  make kernels     the test kernels and the guest image, into the cache'
	@echo '  make clean       removes build/'
	@echo '  make distclean   removes build/ and the cache ($${SNITCH_CACHE:-/var/cache/snitch})'

# Quick when everything is there already.
deps:
	@$(VM)/deps $(VM)/packages.build $(VM)/packages.test
deps-build:
	@$(VM)/deps $(VM)/packages.build

ifeq ($(origin KDIR),file)
kmod: deps-build
	@$(VM)/build-module $(KERNEL)
else
kmod: deps-build
	@$(VM)/build-module $(KDIR)
endif

kmod-host: deps-build
	@if [ -d "$(KDIR)" ]; then $(VM)/build-module "$(KDIR)"; else \
	  echo "no headers of the running kernel at $(KDIR): module not built (make kmod KDIR=...)"; fi

userspace: deps-build
	$(SUB) -C userspace all

# The module is not built here: DKMS builds it, from what it keeps in /usr/src.
install: userspace
	$(SUB) -C userspace install
uninstall:
	$(SUB) -C userspace uninstall

kernels: deps
	$(SUB) -C tests kernels

unit static selftest check-install check-vm check-kernels check-debug check-torture check-fuzz check-names check-detection check-leaks check-store demo bench bench-profile bench-lists check: deps
	$(SUB) -C tests $@ KERNEL=$(KERNEL)

clean:
	rm -rf --one-file-system $(TOP)/build
distclean: clean
	rm -rf --one-file-system "$${SNITCH_CACHE:-/var/cache/snitch}"
