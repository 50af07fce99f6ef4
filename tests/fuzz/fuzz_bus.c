// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws spoiled messages of the bus, those of corpus/bus, at what the command line makes of them:
 * values, a question's card, the screen of `snitch top`. Whatever comes, what is shown fits the
 * terminal and does not steer it. It goes by a socket of its own. $FUZZ_RUNS rounds, $FUZZ_SEED the seed.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "corpus.h"
#include "rounds.h"
#include "userspace/ask/card.h"
#include "userspace/ask/keys.h"
#include "userspace/ask/words.h"
#include "userspace/cli/cli.h"
#include "userspace/top/screen.h"
#include "util/escape.h"

#define COLUMNS	80
#define ROWS	24
#define NOW	(1000 * 1000000000ULL)
#define VALUES	8	/* of one message, at most */

/* The other end says this first, whatever it is asked: it lets us in. */
static const char welcome[] = "DATA\r\nOK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n";

/**
 * struct line - a connection, and who it leads to
 * @there: the end that is written to by hand
 */
struct line {
	sd_bus *bus;
	int there;
	unsigned long round, taken;
};

static void check_line(const char *text, unsigned long round)
{
	size_t len = strlen(text), n;
	unsigned int code;

	require(words_columns(text) < COLUMNS, "a line too long", round);
	for (; len; text += n, len -= n) {
		n = snitch_utf8_len(text, len, &code);
		require(n && (code == '\\' || !snitch_code_is_unsafe(code)), "a line that steers",
			round);
	}
}

static void show_question(json_t *q, unsigned long round)
{
	static const char *const verdicts[] = { "allow", "deny" };
	const struct card_view view = {
		.columns = COLUMNS, .rows = ROWS, .utf8 = true, .position = 1, .total = 1, .now = NOW,
		.policy = json_object_get(q, "policy"),
	};
	struct card c = { 0 };
	struct ask_keys k;
	unsigned int i;

	ask_keys_start(&k, q, NOW);
	k.details = roll(2);
	k.stage = roll(3);
	k.verdict = k.stage ? verdicts[roll(2)] : NULL;
	k.lifetime = k.stage == ASK_CONFIRM ? "forever" : NULL;
	card_question(&c, q, &k, &view);
	require(c.n < ROWS, "a card too high", round);
	for (i = 0; i < c.n; i++)
		check_line(c.line[i].text, round);
	card_clear(&c);
}

static void show_top(json_t *owners, json_t *flows, unsigned long round)
{
	struct top_view view = { .columns = COLUMNS, .rows = ROWS, .utf8 = true, .mode = "ask" };
	struct top_screen s = { .n = 0 };
	struct top top = { .n_flows = 0 };
	unsigned int i;

	if (!top_take(&top, json_incref(owners), json_incref(flows), 0, NOW)) {
		view.details = roll(2) && top.n_programs;
		top_screen(&s, &top, &view);
		require(s.n <= ROWS, "a screen too high", round);
		for (i = 0; i < s.n; i++)
			check_line(s.line[i].text, round);
		json_decref(top_json(&top));
		top_screen_clear(&s);
	}
	top_clear(&top);
}

static void show(json_t *const *values, unsigned int n, unsigned long round)
{
	json_t *q;
	size_t i;

	if (n >= 2 && json_is_array(values[0]) && json_is_array(values[1]))
		show_top(values[0], values[1], round);
	if (json_is_object(values[0]))
		show_question(values[0], round);
	json_array_foreach(values[0], i, q) {
		if (json_is_object(q))
			show_question(q, round);
	}
}

static int take(sd_bus_message *m, void *ctx, sd_bus_error *error)
{
	struct line *l = ctx;
	json_t *values[VALUES];
	unsigned int n = 0, i;

	(void)error;
	while (n < VALUES && (values[n] = value_read(m)))
		n++;
	l->taken += n != 0;
	if (n)
		show(values, n, l->round);
	for (i = 0; i < n; i++)
		json_decref(values[i]);
	return 1;
}

static void hang_up(struct line *l)
{
	if (l->bus) {
		l->bus = sd_bus_close_unref(l->bus);
		close(l->there);
	}
}

static void call(struct line *l)
{
	int fds[2];

	if (l->bus && sd_bus_is_open(l->bus) > 0)
		return;
	hang_up(l);
	require(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) &&
		sd_bus_new(&l->bus) >= 0 && sd_bus_set_fd(l->bus, fds[0], fds[0]) >= 0 &&
		sd_bus_start(l->bus) >= 0 && sd_bus_add_filter(l->bus, NULL, take, l) >= 0,
		"no bus", l->round);
	l->there = fds[1];
	require(write(fds[1], welcome, strlen(welcome)) == (ssize_t)strlen(welcome), "no line",
		l->round);
}

/* Also what goes the other way is read, or the line would be full one day. */
static void send_bytes(struct line *l, const uint8_t *b, size_t n)
{
	char answer[4096];
	int r = 1;

	require(write(l->there, b, n) == (ssize_t)n, "the line is full", l->round);
	while (r > 0)
		r = sd_bus_process(l->bus, NULL);
	while (read(l->there, answer, sizeof(answer)) > 0)
		;
	if (r < 0)
		hang_up(l);
}

static void spoil(uint8_t *b, size_t n)
{
	static const uint8_t odd[] = { 0, 1, 8, 0x1b, 0x7f, 0x80, 0xff, 'a', 'v', '(', '{', 's' };
	unsigned int k;

	/*
	 * The header has its checks in libsystemd: mostly what lies behind it; never its lengths,
	 * which that believes and gets memory for.
	 */
	for (k = roll(6); k; k--) {
		size_t from = n > 120 && roll(8) ? 120 : 16;

		b[from + roll(n - from)] = roll(2) ? odd[roll(sizeof(odd))] : roll(256);
	}
}

int main(void)
{
	unsigned long rounds = rounds_begin(30000), whole;
	struct corpus *c = corpus_read("bus");
	static uint8_t b[CORPUS_BYTES];
	struct line l = { .bus = NULL };
	unsigned int which;

	setlocale(LC_CTYPE, "C.UTF-8");
	for (which = 0; which < c->n; which++) {
		call(&l);
		send_bytes(&l, c->file[which].b, c->file[which].n);
	}
	whole = l.taken;
	require(whole == c->n, "a kept message was not taken", whole);
	for (; l.round < rounds; l.round++) {
		which = roll(c->n);
		memcpy(b, c->file[which].b, c->file[which].n);
		spoil(b, c->file[which].n);
		call(&l);
		send_bytes(&l, b, c->file[which].n);
	}
	require(rounds < 1000 || l.taken - whole > rounds / 20, "almost nothing was taken", l.round);
	hang_up(&l);
	corpus_free(c);
	rounds_end(l.round);
	printf("fuzz_bus: %lu rounds, %lu messages taken\n", rounds, l.taken - whole);
	return 0;
}
