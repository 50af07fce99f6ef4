// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The connection to systemd-resolved's monitor, against a server of our own: texts in pieces, ones
 * that are too long, an end and a new beginning.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/resolved.h"
#include "lab.h"
#include "names/resolved.h"

struct server {
	char root[LAB_ROOT];
	sd_event *event;
	struct resolved *resolved;
	int listener, peer;
	char told[256];		/* what was handed over, each with a '|' behind it */
	size_t longest;
	bool enough;
};

static bool take(void *ctx, const char *text, size_t len)
{
	struct server *s = ctx;
	size_t at = strlen(s->told);

	if (len > s->longest)
		s->longest = len;
	if (len < 32)
		snprintf(s->told + at, sizeof(s->told) - at, "%.*s|", (int)len, text);
	return !s->enough;
}

static void listen_again(struct server *s)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	assert_true(snprintf(addr.sun_path, sizeof(addr.sun_path), "%s" RESOLVED_SOCKET, s->root) <
		    (int)sizeof(addr.sun_path));
	unlink(addr.sun_path);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(s->listener, 4), 0);
}

static int server_setup(void **state)
{
	static const char *const dirs[] = { "/run", "/run/systemd", "/run/systemd/resolve" };
	struct server *s = calloc(1, sizeof(*s));

	lab_root(s->root, dirs, 3);
	assert_true(sd_event_new(&s->event) >= 0);
	s->resolved = resolved_new(s->event, s->root, take, s);
	assert_non_null(s->resolved);
	s->listener = -1;
	s->peer = -1;
	*state = s;
	return 0;
}

static int server_teardown(void **state)
{
	struct server *s = *state;

	resolved_free(s->resolved);
	sd_event_unref(s->event);
	close(s->listener);
	close(s->peer);
	lab_remove(s->root);
	free(s);
	return 0;
}

static void run(struct server *s)
{
	while (sd_event_run(s->event, 0) > 0)
		;
}

/* Connects, and reads what is asked for. */
static void meet(struct server *s)
{
	char text[256];
	ssize_t n;

	assert_int_equal(resolved_connect(s->resolved), 0);
	assert_true(resolved_connected(s->resolved));
	s->peer = accept(s->listener, NULL, NULL);
	assert_true(s->peer >= 0);
	n = read(s->peer, text, sizeof(text));
	assert_true(n > 0 && text[n - 1] == '\0');
	assert_non_null(strstr(text, "\"io.systemd.Resolve.Monitor.SubscribeQueryResults\""));
	assert_non_null(strstr(text, "\"more\":true"));
}

static void tell(struct server *s, const char *text, size_t len)
{
	while (len) {
		size_t n = len < 16384 ? len : 16384;

		assert_int_equal(write(s->peer, text, n), n);
		run(s);
		text += n;
		len -= n;
	}
}

static void texts_come_in_pieces(void **state)
{
	struct server *s = *state;

	assert_int_not_equal(resolved_connect(s->resolved), 0);	/* nobody is there */
	listen_again(s);
	meet(s);
	assert_int_equal(resolved_connect(s->resolved), 0);	/* once is enough */
	tell(s, "one\0tw", 6);
	assert_string_equal(s->told, "one|");
	tell(s, "o\0\0three", 8);
	assert_string_equal(s->told, "one|two||");
	tell(s, "\0", 1);
	assert_string_equal(s->told, "one|two||three|");
}

/* Before the loop comes to it. */
static void what_has_come_is_handed_over(void **state)
{
	struct server *s = *state;

	resolved_catch_up(s->resolved);		/* nobody is there */
	listen_again(s);
	meet(s);
	resolved_catch_up(s->resolved);		/* and nothing */
	assert_true(resolved_connected(s->resolved));
	assert_int_equal(write(s->peer, "one\0tw", 6), 6);
	resolved_catch_up(s->resolved);
	assert_string_equal(s->told, "one|");
	close(s->peer);
	resolved_catch_up(s->resolved);
	assert_false(resolved_connected(s->resolved));
	s->peer = -1;
}

static void long_texts_are_passed_over(void **state)
{
	static char text[3 * RESOLVED_TEXT_MAX];
	struct server *s = *state;

	memset(text, 'x', sizeof(text));
	listen_again(s);
	meet(s);
	tell(s, text, sizeof(text));
	tell(s, "\0short", 7);
	assert_string_equal(s->told, "short|");
	assert_true(s->longest < RESOLVED_TEXT_MAX);
}

static void it_may_come_back(void **state)
{
	struct server *s = *state;

	listen_again(s);
	meet(s);
	tell(s, "half", 4);
	close(s->peer);
	run(s);
	assert_false(resolved_connected(s->resolved));
	close(s->listener);
	assert_int_not_equal(resolved_connect(s->resolved), 0);
	listen_again(s);
	meet(s);
	tell(s, "whole", 6);
	assert_string_equal(s->told, "whole|");
	/* who says no is not asked on */
	s->enough = true;
	tell(s, "no", 3);
	assert_false(resolved_connected(s->resolved));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(texts_come_in_pieces, server_setup, server_teardown),
		cmocka_unit_test_setup_teardown(what_has_come_is_handed_over, server_setup, server_teardown),
		cmocka_unit_test_setup_teardown(long_texts_are_passed_over, server_setup,
						server_teardown),
		cmocka_unit_test_setup_teardown(it_may_come_back, server_setup, server_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
