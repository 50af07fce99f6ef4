// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line of snitchd. It must never guess at an option.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"

static const char help[] =
	"Usage: snitchd [OPTION]...\n"
	"Decides which program may talk to whom, with the kernel module snitch.\n\n"
	"  --foreground     log to standard error\n"
	"  --takeover       replace a decider that is attached already\n"
	"  --device PATH    instead of /dev/snitch\n"
	"  --user NAME      become NAME after the start (snitch)\n"
	"  --no-drop        stay the user that started it\n"
	"  --no-seccomp     do without the filter of system calls\n"
	"  --root DIR       prefix of all folders, for tests\n"
	"  --record FILE    write all messages of the device to FILE\n"
	"  --replay FILE    read such a file instead of a device, print what is decided, end\n"
	"  --debug          log more\n"
	"  --version, --help\n\n"
	"See snitchd(8).\n";

enum { O_FOREGROUND = 256, O_TAKEOVER, O_DEVICE, O_USER, O_NO_DROP, O_NO_SECCOMP, O_ROOT, O_RECORD,
       O_REPLAY, O_DEBUG, O_VERSION, O_HELP };

static const struct option longs[] = {
	{ "foreground", no_argument, NULL, O_FOREGROUND },
	{ "takeover", no_argument, NULL, O_TAKEOVER },
	{ "device", required_argument, NULL, O_DEVICE },
	{ "user", required_argument, NULL, O_USER },
	{ "no-drop", no_argument, NULL, O_NO_DROP },
	{ "no-seccomp", no_argument, NULL, O_NO_SECCOMP },
	{ "root", required_argument, NULL, O_ROOT },
	{ "record", required_argument, NULL, O_RECORD },
	{ "replay", required_argument, NULL, O_REPLAY },
	{ "debug", no_argument, NULL, O_DEBUG },
	{ "version", no_argument, NULL, O_VERSION },
	{ "help", no_argument, NULL, O_HELP },
	{ NULL, 0, NULL, 0 },
};

static int take(struct options *opt, int option)
{
	switch (option) {
	case O_FOREGROUND:
		opt->foreground = true;
		break;
	case O_TAKEOVER:
		opt->takeover = true;
		break;
	case O_DEVICE:
		opt->device = optarg;
		break;
	case O_USER:
		opt->user = optarg;
		break;
	case O_NO_DROP:
		opt->no_drop = true;
		break;
	case O_NO_SECCOMP:
		opt->no_seccomp = true;
		break;
	case O_ROOT:
		opt->root = strcmp(optarg, "/") ? optarg : "";
		break;
	case O_RECORD:
		opt->record = optarg;
		break;
	case O_REPLAY:
		opt->replay = optarg;
		break;
	case O_DEBUG:
		opt->debug = true;
		break;
	case O_VERSION:
		printf("snitchd %s\n", SNITCH_VERSION);
		return 1;
	case O_HELP:
		fputs(help, stdout);
		return 1;
	default:
		fputs("Try \"snitchd --help\".\n", stderr);
		return -EINVAL;
	}
	return 0;
}

int options_parse(struct options *opt, int argc, char **argv)
{
	int option, r;

	*opt = (struct options){ .root = "", .user = "snitch" };
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		r = take(opt, option);
		if (r)
			return r;
	}
	if (optind < argc) {
		fprintf(stderr, "snitchd: nothing to do with \"%s\"\nTry \"snitchd --help\".\n",
			argv[optind]);
		return -EINVAL;
	}
	if (opt->replay && (opt->record || opt->device)) {
		fputs("snitchd: --replay reads a file instead of a device: leave out --record and --device\n",
		      stderr);
		return -EINVAL;
	}
	if (opt->no_drop)
		opt->user = NULL;
	if (opt->replay)
		opt->foreground = true;
	return 0;
}
