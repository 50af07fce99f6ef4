// SPDX-License-Identifier: GPL-2.0-or-later
/* examples/helper.c as it is, with the fake in the place of /dev/snitch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fake/fake.h"

static int device = -1;	/* what the helper's open() gives */

#define open(path, flags) ((void)(path), device)
#define main helper_main
#include "examples/helper.c"
#undef main
#undef open

/* Runs the helper with @answers on its terminal; its process id. */
static pid_t start(struct fake *fake, const char *answers)
{
	char *argv[] = { (char *)"helper", NULL };
	int in[2];
	pid_t pid;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(write(in[1], answers, strlen(answers)), strlen(answers));
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(fake->fd);
		dup2(in[0], STDIN_FILENO);
		close(in[0]);
		close(in[1]);
		if (!freopen("/dev/null", "w", stdout))
			_exit(99);
		_exit(helper_main(1, argv));
	}
	close(in[0]);
	close(in[1]);
	close(device);
	return pid;
}

static void the_helper_asks(void **state)
{
	static const char script[] =
		"hello within 20000\n"
		"owner 1 pid 7 exe \"/usr/bin/\\x1b[2Jx\" cmd \"x\\0-v\"\n"
		"flow 10 owner 1 tcp 192.0.2.1 port 443\n"
		"flow 11 owner 1 udp 2001:db8::1 port 53\n"
		"flow 12 owner 1 icmp 192.0.2.1\n"
		"expect 10 allow by person within 20000\n"
		"expect 11 deny by person within 20000\n"
		"expect 12 deny by person within 20000\n";	/* nobody answered */
	FILE *f = fmemopen((void *)script, sizeof(script) - 1, "r");
	struct fake *fake;
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(f);
	assert_int_equal(fake_pair(SNITCH_ROLE_DECIDER, &fake, &device), 0);
	pid = start(fake, "y\nn\n");
	assert_true(pid > 0);
	assert_int_equal(fake_play(fake, f, "script", NULL), 0);
	assert_int_equal(fake_flow_get(fake, 10)->verdicts, 2);	/* HOLD was the first */
	fake_free(fake);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_helper_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
