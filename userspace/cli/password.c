// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that asks for passwords at this terminal, for polkit: pkttyagent(1). It must never
 * outlive this one, nor hold it up.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "cli.h"

#define PROGRAM		"pkttyagent"
#define READY_MS	3000

/* The child: says by closing @notify that it is registered. */
static void become(int notify, pid_t parent)
{
	_cleanup_free_ char *fd = snitch_format("%d", notify);

	if (!fd || prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent)
		_exit(EXIT_FAILURE);
	execlp(PROGRAM, PROGRAM, "--fallback", "--notify-fd", fd, NULL);
	_exit(EXIT_FAILURE);
}

void password_start(struct cli *cli)
{
	struct pollfd ready = { .events = POLLHUP };
	pid_t self = getpid();
	int fds[2];

	if (cli->password_agent || cli->no_terminal || !isatty(STDIN_FILENO) ||
	    !isatty(STDOUT_FILENO) || pipe(fds))
		return;
	cli->password_agent = fork();
	if (!cli->password_agent) {
		close(fds[0]);
		become(fds[1], self);
	}
	close(fds[1]);
	if (cli->password_agent < 0) {
		cli->password_agent = 0;
	} else {
		/* it may be missing: then the end of the pipe comes, too */
		ready.fd = fds[0];
		while (poll(&ready, 1, READY_MS) < 0 && errno == EINTR)
			;
	}
	close(fds[0]);
}

void password_stop(struct cli *cli)
{
	if (!cli->password_agent)
		return;
	/* it may have been stopped at the terminal */
	kill(cli->password_agent, SIGTERM);
	kill(cli->password_agent, SIGCONT);
	while (waitpid(cli->password_agent, NULL, 0) < 0 && errno == EINTR)
		;
	cli->password_agent = 0;
}
