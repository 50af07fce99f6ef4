// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Errors of the netlink family as sentences and exit codes. It must never
 * hide what the kernel itself said.
 */
#include <errno.h>
#include <string.h>

#include "../lib/snitch.h"
#include "cli.h"

static int explain(const char *what, int err, const char *said)
{
	const char *sep = said && *said ? ": " : "";

	if (!said)
		said = "";
	switch (err) {
	case -ENOENT:
		out_error("%s: the kernel module is not loaded: modprobe snitch", what);
		return CLI_NO_DAEMON;
	case -EPERM:
	case -EACCES:
		out_error("%s: needs root: use sudo%s%s", what, sep, said);
		return CLI_DENIED;
	case -EPROTONOSUPPORT:
	case -EPROTO:
	case -EBADMSG:
		out_error("%s: module and program are of different versions: install both again",
			  what);
		return CLI_ABI;
	case -EBUSY:
		out_error("%s: another program is loading rules just now: try again%s%s", what, sep,
			  said);
		return CLI_FAILED;
	default:
		out_error("%s: %s%s%s", what, strerror(-err), sep, said);
		return CLI_FAILED;
	}
}

int cli_nl_open(struct snitch_nl **nl)
{
	int rc = snitch_nl_open(nl);

	return rc < 0 ? explain("netlink", rc, NULL) : CLI_OK;
}

int cli_nl_error(const char *what, int err, const struct snitch_nl *nl)
{
	return explain(what, err, nl ? snitch_nl_error(nl) : NULL);
}
