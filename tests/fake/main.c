// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snitch-fake: plays a script as the kernel to one client, over a socket. It
 * must never succeed unless the whole script was played.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fake.h"

static const char usage[] =
	"usage: snitch-fake [-v] SOCKET SCRIPT\n"
	"  SOCKET  where to listen; give it to a client as SNITCH_DEVICE\n"
	"  SCRIPT  a file, or - for standard input, line by line\n"
	"  -v      tell each line as it is played\n"
	"Exits with 0 when every expectation came true, else with 1.\n";

/* A descriptor, or -1 with errno. Only a stale socket is replaced. */
static int listen_on(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(addr.sun_path, path);
	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* One client, from HELLO to the end of the script; 0 or 1. */
static int serve(int listener, FILE *script, const char *name, FILE *log)
{
	static char hello[] = "hello within 60000\n";
	struct fake *fake;
	FILE *first;
	int fd, err;

	fd = accept(listener, NULL, NULL);
	if (fd < 0) {
		perror("snitch-fake: accept");
		return 1;
	}
	err = fake_adopt(fd, &fake);
	if (err) {
		fprintf(stderr, "snitch-fake: %s\n", strerror(-err));
		close(fd);
		return 1;
	}
	first = fmemopen(hello, sizeof(hello) - 1, "r");
	err = !first || fake_play(fake, first, "snitch-fake", log) ||
	      fake_play(fake, script, name, log);
	if (first)
		fclose(first);
	fake_free(fake);
	return err;
}

int main(int argc, char **argv)
{
	FILE *log = NULL, *script;
	int opt, listener, err;

	while ((opt = getopt(argc, argv, "vh")) != -1) {
		if (opt != 'v') {
			fputs(usage, opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : 2;
		}
		log = stdout;
	}
	if (argc - optind != 2) {
		fputs(usage, stderr);
		return 2;
	}
	argv += optind;
	script = strcmp(argv[1], "-") ? fopen(argv[1], "re") : stdin;
	if (!script) {
		perror(argv[1]);
		return 2;
	}
	listener = listen_on(argv[0]);
	if (listener < 0) {
		perror(argv[0]);
		return 2;
	}
	err = serve(listener, script, argv[1], log);
	close(listener);
	unlink(argv[0]);
	if (script != stdin)
		fclose(script);
	return err;
}
