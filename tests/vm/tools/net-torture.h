/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the torture's senders and their coordinator agree on. */
#ifndef NET_TORTURE_H
#define NET_TORTURE_H

#define TORTURE_DIR	"/run/torture"	/* p0 to p4, su, mnt; writable for all */
#define TORTURE_UID	1000
#define TORTURE_TRUTH	100		/* descriptor: a line for each send, appended */
#define TORTURE_DONE	101		/* descriptor: an int, the sender's number, at its end */

#endif
