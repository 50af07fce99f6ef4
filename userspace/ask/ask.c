// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch ask`: an agent that puts questions to the person at this terminal.
 * It must never answer by itself, nor by a key meant for something else.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../cli/cli.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/timespan.h"
#include "card.h"
#include "keys.h"
#include "purpose.h"
#include "queue.h"
#include "term.h"
#include "words.h"

#define BELL_PAUSE	SNITCH_NSEC_PER_SEC
#define TICK_USEC	1000000
#define RETRY_SECONDS	1
#define KEYS_AT_ONCE	3	/* more in one read(2) are a paste: ignored */
#define PLAIN_AGAIN	((enum ask_stage)-1)	/* no stage: print the keys again */

/**
 * struct ask - one run
 * @current: id of the question on the screen; 0: none
 * @shown, @shown_stage: plain terminals: what was printed last, so that nothing is printed twice
 * @mode: the daemon's
 * @purposes: policies of programs; @policy: what is said of the question on the screen, or NULL
 */
struct ask {
	struct cli *cli;
	struct cli_agent agent;
	struct term term;
	struct ask_queue queue;
	struct ask_keys keys;
	sd_event *event;
	sd_event_source *tick;
	uint64_t current;
	uint64_t shown;
	enum ask_stage shown_stage;
	uint64_t last_bell;
	char mode[16];
	struct purposes *purposes;
	json_t *policy;
	const char *name;
};

static struct card_view view(struct ask *a)
{
	const json_t *q = ask_queue_find(&a->queue, a->current);

	json_decref(a->policy);
	a->policy = q && a->keys.scope ? purpose_of(a->purposes, q, a->keys.scope) : NULL;

	return (struct card_view){
		.columns = a->term.columns, .rows = a->term.rows, .utf8 = a->term.utf8,
		.position = 1, .total = ask_queue_count(&a->queue), .now = snitch_boottime(),
		.policy = a->policy,
	};
}

static void idle_card(struct card *c, const struct ask *a, const struct card_view *v)
{
	unsigned int later = a->queue.n - ask_queue_count(&a->queue);

	if (a->agent.rules && !strcmp(a->mode, "lockdown"))
		card_add(c, v, CARD_WARN, "! mode lockdown: nothing is asked, all of it is refused");
	else if (a->agent.rules && !strcmp(a->mode, "off"))
		card_add(c, v, CARD_WARN, "! mode off: nothing is judged");
	else if (!a->agent.rules && *a->mode && strcmp(a->mode, "ask"))
		card_add(c, v, CARD_WARN, "! mode %s: nothing is asked; `snitch mode ask` does",
			 a->mode);
	if (later)
		card_add(c, v, CARD_DIM, "%u question%s put off; l shows %s, Ctrl-C leaves", later,
			 later == 1 ? "" : "s", later == 1 ? "it" : "them");
	else
		card_add(c, v, CARD_DIM, "no questions; waiting (Ctrl-C leaves)");
}

/* On a plain terminal only what is new is printed: the card once, then each stage's keys. */
static bool plain_skip(const struct ask *a)
{
	bool same = a->shown == a->current && a->shown_stage == a->keys.stage;

	return a->term.plain && same;
}

static void draw(struct ask *a)
{
	json_t *q = ask_queue_find(&a->queue, a->current);
	struct card_view v = view(a);
	struct card c = { 0 };

	if (plain_skip(a))
		return;
	if (!q)
		idle_card(&c, a, &v);
	else if (a->term.plain && a->shown == a->current)
		card_prompt(&c, q, &a->keys, &v);
	else
		card_question(&c, q, &a->keys, &v);
	term_draw(&a->term, &c);
	if (q)
		term_prompt(&a->term);
	card_clear(&c);
	a->shown = a->current;
	a->shown_stage = a->keys.stage;
}

/* Draw again also what is there already (a new size, changed flows), where that replaces it. */
static void redraw(struct ask *a)
{
	if (a->term.plain && a->current)
		return;
	a->shown = UINT64_MAX;
	draw(a);
}

/* Countdown once a second while flows wait; nothing wakes up else. */
static void set_tick(struct ask *a, bool on)
{
	uint64_t now;

	if (!on || a->term.plain) {
		sd_event_source_set_enabled(a->tick, SD_EVENT_OFF);
		return;
	}
	if (sd_event_now(a->event, CLOCK_MONOTONIC, &now) < 0)
		return;
	sd_event_source_set_time(a->tick, now + TICK_USEC);
	sd_event_source_set_enabled(a->tick, SD_EVENT_ONESHOT);
}

/* Put the next question on the screen where the present one may go. */
static void choose(struct ask *a)
{
	json_t *q = ask_queue_find(&a->queue, a->current);
	uint64_t next = ask_queue_next(&a->queue);
	json_t *n = ask_queue_find(&a->queue, next);
	bool stays = q && (a->keys.stage != ASK_VERDICT || ask_is_held(q) ||
			   !n || !ask_is_held(n));

	if (!stays && next != a->current) {
		a->current = next;
		if (n)
			ask_keys_start(&a->keys, n, snitch_boottime());
		term_flush_input();
	}
	q = ask_queue_find(&a->queue, a->current);
	if (!q)
		a->current = 0;
	set_tick(a, q && ask_is_held(q));
	draw(a);
}

static void ring(struct ask *a)
{
	uint64_t now = snitch_boottime();

	if (now - a->last_bell > BELL_PAUSE)
		term_bell();
	a->last_bell = now;
}

static void note(struct ask *a, const char *text)
{
	char when[16];
	time_t now = time(NULL);
	struct tm tm;
	_cleanup_free_ char *line = NULL, *fit = NULL;

	strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&now, &tm));
	line = snitch_format("%s %s", when, text);
	if (!line)
		return;
	fit = words_fit(line, 4 * a->term.columns, true, a->term.utf8);
	if (fit)
		term_line(&a->term, fit);
	a->shown = UINT64_MAX;
}

static void put_off(struct ask *a)
{
	ask_queue_later(&a->queue, a->current);
	a->current = 0;
	choose(a);
}

static void forget(struct ask *a, uint64_t id)
{
	ask_queue_drop(&a->queue, id);
	if (a->current == id)
		a->current = 0;
}

static void send_answer(struct ask *a, json_t *q)
{
	struct card_view v = view(a);
	_cleanup_free_ char *record = NULL;
	json_t *result = NULL;
	int code;

	term_erase(&a->term);
	json_incref(q);
	code = cli_call_json(a->cli, "Answer", &result, "tsss", a->current, a->keys.verdict,
			     a->keys.scope, a->keys.lifetime);
	if (!code) {
		record = card_record(q, &a->keys, value_int(result, "flows", 0), &v);
		note(a, record ? record : "answered");
		forget(a, a->current);
	} else {
		if (code == CLI_NOT_FOUND)
			forget(a, a->current);
		ask_keys_start(&a->keys, q, snitch_boottime());
	}
	json_decref(result);
	json_decref(q);
	a->shown = UINT64_MAX;
	choose(a);
}

static void press(struct ask *a, int key)
{
	json_t *q = ask_queue_find(&a->queue, a->current);

	if (!q) {
		if (key == 'l' && ask_queue_recall(&a->queue))
			choose(a);
		return;
	}
	switch (ask_keys_press(&a->keys, q, key, snitch_boottime())) {
	case ASK_NOTHING:
		break;
	case ASK_REDRAW:
		redraw(a);
		break;
	case ASK_ANSWER:
		send_answer(a, q);
		break;
	case ASK_LATER:
		put_off(a);
		break;
	}
}

/*
 * A plain terminal's line: its words are the keys, and an empty one is Enter, so that a rule has
 * been shown before it is written. Then what may come next is shown.
 */
static void press_line(struct ask *a, const char *buf, size_t n)
{
	uint64_t was = a->current;
	bool details = a->keys.details;
	size_t i;

	a->term.prompted = false;
	for (i = 0; i < n && a->current == was; i++)
		if (buf[i] != ' ' && (buf[i] != '\n' || n == 1))
			press(a, (unsigned char)buf[i]);
	if (a->current != was || !was)
		return;
	if (a->keys.details != details)
		a->shown = UINT64_MAX;
	a->shown_stage = PLAIN_AGAIN;
	draw(a);
}

static int on_input(sd_event_source *s, int fd, uint32_t revents, void *ctx)
{
	struct ask *a = ctx;
	char buf[256];
	ssize_t i, n = read(fd, buf, sizeof(buf));
	uint64_t was;

	(void)s;
	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return sd_event_exit(a->event, CLI_OK);
	if (a->term.plain) {
		press_line(a, buf, (size_t)n);
		return 0;
	}
	/* Neither an escape sequence (an arrow key) nor a paste is an answer. */
	if (n > KEYS_AT_ONCE || (n > 1 && buf[0] == ASK_KEY_ESC))
		return 0;
	for (i = 0, was = a->current; i < n && a->current == was; i++)
		press(a, buf[i] == '\b' ? ASK_KEY_BACK : (unsigned char)buf[i]);
	return 0;
}

static void question(void *ctx, json_t *q)
{
	struct ask *a = ctx;
	int rc = ask_queue_put(&a->queue, q);

	if (rc > 0 && ask_is_held(q))
		ring(a);
	if (rc >= 0 && value_id(q) == a->current && !a->term.plain)
		a->shown = UINT64_MAX;
	choose(a);
}

static void removed(void *ctx, uint64_t id, const char *why)
{
	_cleanup_free_ char *text = NULL;
	struct ask *a = ctx;
	json_t *q = ask_queue_find(&a->queue, id);

	if (!q)
		return;
	text = snitch_format("gone: %s to %s: %s", value_str(q, "program", "?"),
			     value_str(q, "destination", "?"), words_removed(why));
	if (text)
		note(a, text);
	forget(a, id);
	choose(a);
}

static void mode(void *ctx, const char *mode)
{
	struct ask *a = ctx;

	snprintf(a->mode, sizeof(a->mode), "%s", mode);
	redraw(a);
}

static void gone(void *ctx)
{
	struct ask *a = ctx;

	sd_event_exit(a->event, CLI_NO_DAEMON);
}

static int on_tick(sd_event_source *s, uint64_t usec, void *ctx)
{
	struct ask *a = ctx;
	json_t *q = ask_queue_find(&a->queue, a->current);

	(void)s;
	(void)usec;
	if (q)
		redraw(a);
	set_tick(a, q && ask_is_held(q));
	return 0;
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *ctx)
{
	struct ask *a = ctx;
	unsigned int columns;

	(void)s;
	switch (si->ssi_signo) {
	case SIGWINCH:
		columns = a->term.columns;
		term_size(&a->term);
		/* Lines may have been wrapped: what was drawn cannot be found again. */
		if (a->term.columns < columns)
			a->term.drawn = 0;
		redraw(a);
		return 0;
	case SIGCONT:
		term_raw(&a->term);
		a->term.drawn = 0;
		redraw(a);
		return 0;
	case SIGINT:
		return sd_event_exit(a->event, CLI_INTERRUPTED);
	default:
		return sd_event_exit(a->event, CLI_OK);
	}
}

static int add_sources(struct ask *a)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT };
	sigset_t set;
	size_t i;
	int rc;

	sigemptyset(&set);
	for (i = 0; i < SNITCH_ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < SNITCH_ARRAY_SIZE(signals); i++) {
		rc = sd_event_add_signal(a->event, NULL, signals[i], on_signal, a);
		if (rc < 0)
			return rc;
	}
	rc = sd_event_add_io(a->event, NULL, STDIN_FILENO, EPOLLIN, on_input, a);
	if (rc < 0)
		return rc;
	rc = sd_event_add_time(a->event, &a->tick, CLOCK_MONOTONIC, 0, 100000, on_tick, a);
	if (rc < 0)
		return rc;
	return sd_event_source_set_enabled(a->tick, SD_EVENT_OFF);
}

static int first_look(struct ask *a)
{
	json_t *status;
	int code = cli_call_json(a->cli, "GetStatus", &status, "");

	if (code)
		return code;
	snprintf(a->mode, sizeof(a->mode), "%s", value_str(status, "Mode", ""));
	json_decref(status);
	code = cli_agent_list(a->cli, &a->agent);
	if (!code)
		redraw(a);
	return code;
}

/* One connection's life. CLI_NO_DAEMON: snitchd went away. */
static int session(struct ask *a)
{
	int code = cli_bus_open(a->cli, true);

	if (code)
		return code;
	if (sd_event_new(&a->event) < 0 || add_sources(a) < 0) {
		out_error("no memory");
		code = CLI_FAILED;
	} else {
		code = cli_agent_start(a->cli, a->event, &a->agent, a->name);
	}
	if (!code)
		code = first_look(a);
	if (!code)
		code = sd_event_loop(a->event);
	if (code >= 0 && code != CLI_NO_DAEMON)
		term_erase(&a->term);
	/* Closing the connection unregisters the agent. */
	cli_bus_close(a->cli);
	cli_agent_stop(&a->agent);
	a->tick = sd_event_source_unref(a->tick);
	a->event = sd_event_unref(a->event);
	ask_queue_clear(&a->queue);
	a->current = 0;
	return code < 0 ? CLI_FAILED : code;
}

/* Waits for snitchd to come back. CLI_OK: try again; else leave with this code. */
static int wait_for_daemon(struct ask *a)
{
	struct timespec second = { .tv_sec = RETRY_SECONDS };
	sigset_t set;
	int sig;

	note(a, "snitchd is gone; waiting for it (Ctrl-C leaves)");
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (;;) {
		sig = sigtimedwait(&set, NULL, &second);
		if (sig > 0)
			return sig == SIGINT ? CLI_INTERRUPTED : CLI_NO_DAEMON;
		if (!cli_bus_open(a->cli, true))
			return CLI_OK;
	}
}

static int no_terminal(void)
{
	out_error("ask wants a terminal; without one: `snitch pending --wait --json` "
		  "prints the questions, `snitch answer ID allow|deny` answers them");
	return CLI_FAILED;
}

int ask_run(struct cli *cli, const char *rules, const char *name)
{
	struct ask a = {
		.cli = cli,
		.name = name,
		.agent = { .ctx = &a, .rules = rules, .question = question, .removed = removed,
			   .mode = mode, .gone = gone },
	};
	int code;

	if (term_open(&a.term, cli->colour))
		return no_terminal();
	cli->no_terminal = true;
	code = cli_bus_open(cli, false);
	if (code)
		return code;
	if (term_raw(&a.term))
		return no_terminal();
	a.purposes = purposes_new(getenv(SNITCH_ROOT_ENV), NULL);
	while ((code = session(&a)) == CLI_NO_DAEMON) {
		code = wait_for_daemon(&a);
		if (code)
			break;
	}
	term_close(&a.term);
	json_decref(a.policy);
	purposes_free(a.purposes);
	return code;
}

int cmd_ask(struct cli *cli, int argc, char **argv)
{
	(void)argv;
	if (argc || cli->json)
		return out_usage("ask takes no arguments; `snitch pending --wait --json` is for "
				 "programs");
	return ask_run(cli, NULL, "snitch ask");
}
