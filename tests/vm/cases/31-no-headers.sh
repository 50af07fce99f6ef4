# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2034
# Image: install
# `make install` and all that follows on a machine without its kernel's headers: no compiler runs,
# so `make check` has the time for it. Must never run anywhere but in the guest.
HEADERS=no
. /snitch/cases/30-install.sh
