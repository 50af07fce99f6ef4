// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch top`: live flows by program, on the screen once a second, or printed once. It must never
 * change anything, and leave the terminal as it found it.
 */
#include <errno.h>
#include <langinfo.h>
#include <ncurses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../ask/keys.h"
#include "../ask/purpose.h"
#include "../cli/cli.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/timespan.h"
#include "screen.h"

#define DELAY		1	/* seconds between answers */
#define DELAY_MAX	3600
#define AGAIN_US	200000	/* while snitchd asks the kernel whose flows are */
#define AGAIN_TRIES	5
#define CALL_US		25000000ULL

/**
 * struct run - one run
 * @name, @user, @app: of the program that is selected, so that it stays so whatever the order
 * @flow: key of the flow that is selected in details, for the same reason; 0: none yet
 * @rules: sentences by id, read when details are wanted; @message: owned, see struct top_view
 * @next: CLOCK_BOOTTIME ns: when to ask again
 */
struct run {
	struct cli *cli;
	struct top top;
	struct top_view view;
	struct purposes *purposes;
	json_t *policy, *rules;
	char *message;
	char *name, *user, *app;
	uint64_t flow;
	char mode[16];
	uint64_t delay, next;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* Says nothing: a screen may be up. @why: for free(). */
static int call(struct cli *cli, const char *member, sd_bus_message **reply, char **why)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	int r;

	r = sd_bus_message_new_method_call(cli->bus, &m, cli->direct ? NULL : SNITCH_BUS_NAME,
					   SNITCH_BUS_PATH, SNITCH_BUS_IFACE, member);
	if (r >= 0)
		r = sd_bus_call(cli->bus, m, CALL_US, &error, reply);
	if (r < 0)
		*why = snitch_format("%s", error.message ? error.message : strerror(-r));
	sd_bus_error_free(&error);
	sd_bus_message_unref(m);
	return r;
}

static int take(struct top *t, sd_bus_message *reply)
{
	json_t *owners = value_read(reply), *flows = value_read(reply);
	uint64_t more;

	if (json_is_array(owners) && json_is_array(flows) &&
	    sd_bus_message_read(reply, "t", &more) >= 0)
		return top_take(t, owners, flows, more, snitch_boottime());
	json_decref(owners);
	json_decref(flows);
	return -EPROTO;
}

/* Return: 0, or a negative errno with @why for free(). */
static int ask(struct cli *cli, struct top *t, char **why)
{
	sd_bus_message *reply = NULL;
	int r = call(cli, "ListFlows", &reply, why);

	if (r < 0)
		return r;
	r = take(t, reply);
	sd_bus_message_unref(reply);
	if (r)
		*why = strdup(r == -ENOMEM ? "no memory" :
			      "snitchd's answer makes no sense: are both of the same version?");
	return r;
}

static void read_mode(struct run *r)
{
	sd_bus_message *reply = NULL;
	_cleanup_free_ char *why = NULL;
	json_t *status;

	if (call(r->cli, "GetStatus", &reply, &why) < 0)
		return;
	status = value_read(reply);
	snprintf(r->mode, sizeof(r->mode), "%s", value_str(status, "Mode", ""));
	json_decref(status);
	sd_bus_message_unref(reply);
}

static void read_rules(struct run *r)
{
	sd_bus_message *reply = NULL;
	_cleanup_free_ char *why = NULL;
	json_t *list, *rule;
	size_t i;

	json_decref(r->rules);
	r->rules = json_object();
	if (call(r->cli, "ListRules", &reply, &why) < 0)
		return;
	list = value_read(reply);
	json_array_foreach(list, i, rule)
		json_object_set_new(r->rules, value_str(rule, "id", ""),
				    json_string(value_str(rule, "text", "")));
	json_decref(list);
	sd_bus_message_unref(reply);
}

static void say(struct run *r, char *message)
{
	free(r->message);
	r->message = message;
	r->view.message = message;
}

/* Is that what a connection says whose other end has gone? */
static bool is_gone(int err)
{
	return err == -ENOTCONN || err == -ECONNRESET || err == -EPIPE || err == -ESTALE ||
	       err == -EHOSTUNREACH || err == -ENXIO;
}

/* Goes on without snitchd, and finds it again. */
static void refresh_flows(struct run *r)
{
	_cleanup_free_ char *why = NULL;
	int err = -ENOTCONN;

	r->next = snitch_boottime() + r->delay * SNITCH_NSEC_PER_SEC;
	if (r->cli->bus || !cli_bus_open(r->cli, true))
		err = ask(r->cli, &r->top, &why);
	if (!err) {
		say(r, NULL);
		read_mode(r);
		return;
	}
	if (is_gone(err))
		cli_bus_close(r->cli);
	say(r, r->cli->bus ? snitch_take_ptr(why) :
	    strdup("snitchd is not there; waiting for it (`systemctl start snitchd`)"));
}

/* ---- the selected program ------------------------------------------------------------------- */

static void remember_flow(struct run *r)
{
	const struct top_program *p;

	if (r->view.program >= r->top.n_programs)
		return;
	p = &r->top.program[r->view.program];
	if (r->view.selected < p->n_flows)
		r->flow = r->top.flow[p->first + r->view.selected].key;
}

static void remember(struct run *r)
{
	const struct top_program *p = NULL;

	if (r->view.details) {
		remember_flow(r);
		return;
	}
	if (r->view.selected < r->top.n_programs)
		p = &r->top.program[r->view.selected];
	free(r->name);
	free(r->user);
	free(r->app);
	r->name = p ? strdup(p->name) : NULL;
	r->user = p ? strdup(p->user) : NULL;
	r->app = p ? strdup(p->app) : NULL;
}

/* Where the flow is by now; of one that is gone its place stays. */
static void find_flow(struct run *r)
{
	const struct top_program *p = &r->top.program[r->view.program];
	size_t i;

	for (i = 0; r->flow && i < p->n_flows; i++) {
		if (r->top.flow[p->first + i].key == r->flow)
			r->view.selected = i;
	}
}

/* Where it is by now; a program that is gone takes its details with it. */
static void find_again(struct run *r)
{
	long at = -1;

	if (r->name && r->user && r->app)
		at = top_find(&r->top, r->name, r->user, r->app);
	if (r->view.details && at < 0) {
		r->view.details = false;
		r->view.selected = 0;
		return;
	}
	if (r->view.details) {
		r->view.program = (size_t)at;
		find_flow(r);
	} else if (at >= 0) {
		r->view.selected = (size_t)at;
	}
}

/* What the policy of the program says of the selected flow. */
static void find_purpose(struct run *r)
{
	const struct top_program *p = &r->top.program[r->view.program];
	const struct top_flow *f;
	json_t *q;

	json_decref(r->policy);
	r->policy = NULL;
	r->view.policy = NULL;
	if (!r->view.details || !p->owner || r->view.selected >= p->n_flows)
		return;
	f = &r->top.flow[p->first + r->view.selected];
	q = json_copy((json_t *)p->owner);
	json_object_update_missing(q, (json_t *)f->flow);
	r->policy = purpose_of(r->purposes, q, ask_scope_usual(q));
	r->view.policy = r->policy;
	json_decref(q);
}

/* ---- the screen ---------------------------------------------------------------------------- */

static attr_t look_of(enum card_look look, bool colour)
{
	switch (look) {
	case CARD_BOLD:
		return A_BOLD;
	case CARD_DIM:
		return A_DIM;
	case CARD_WARN:
		return A_BOLD | (colour ? COLOR_PAIR(1) : 0);
	default:
		return A_NORMAL;
	}
}

static void paint(struct run *r)
{
	struct top_screen s = { .n = 0 };
	unsigned int i;

	r->view.columns = COLS > 0 ? (unsigned int)COLS : 80;
	r->view.rows = LINES > 0 ? (unsigned int)LINES : 24;
	find_again(r);
	if (r->view.details)
		find_purpose(r);
	r->view.mode = r->mode;
	r->view.rules = r->rules;
	top_screen(&s, &r->top, &r->view);
	remember(r);
	erase();
	for (i = 0; i < s.n; i++) {
		attr_t look = look_of(s.line[i].look, r->cli->colour);

		if ((long)i == s.current)
			look |= A_REVERSE;
		attrset(look);
		mvaddstr((int)i, 0, s.line[i].text);
		attrset(A_NORMAL);
	}
	refresh();
	top_screen_clear(&s);
}

static size_t list_length(const struct run *r)
{
	if (!r->view.details)
		return r->top.n_programs;
	return r->view.program < r->top.n_programs ? r->top.program[r->view.program].n_flows : 0;
}

static void move_by(struct run *r, long by)
{
	long n = (long)list_length(r), at = (long)r->view.selected + by;

	if (at >= n)
		at = n - 1;
	r->view.selected = at < 0 ? 0 : (size_t)at;
	remember(r);
}

static void open_details(struct run *r)
{
	if (r->view.details || r->view.selected >= r->top.n_programs)
		return;
	remember(r);
	read_rules(r);
	r->view.details = true;
	r->view.program = r->view.selected;
	r->view.selected = 0;
	r->flow = 0;
	r->view.offset = 0;
}

static void close_details(struct run *r)
{
	if (!r->view.details)
		return;
	r->view.details = false;
	r->view.selected = r->view.program;
	r->view.offset = 0;
}

static void reorder(struct run *r, int key)
{
	static const struct { int key; enum top_sort by; } keys[] = {
		{ 'r', TOP_BY_RATE }, { 's', TOP_BY_SENT }, { 'v', TOP_BY_RECEIVED },
		{ 'f', TOP_BY_FLOWS }, { 'n', TOP_BY_NAME },
	};
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(keys); i++)
		if (keys[i].key == key)
			top_order(&r->top, keys[i].by);
}

/* Return: false: leave. */
static bool press(struct run *r, int key)
{
	long page = LINES > 8 ? LINES - 6 : 2;

	if (r->view.help) {
		r->view.help = key == KEY_RESIZE;
		return true;
	}
	switch (key) {
	case 'q':
		return false;
	case '?':
	case 'h':
		r->view.help = true;
		break;
	case ' ':
		r->view.paused = !r->view.paused;
		break;
	case KEY_UP:
	case 'k':
		move_by(r, -1);
		break;
	case KEY_DOWN:
	case 'j':
		move_by(r, 1);
		break;
	case KEY_PPAGE:
		move_by(r, -page);
		break;
	case KEY_NPAGE:
		move_by(r, page);
		break;
	case KEY_HOME:
		move_by(r, -TOP_FLOWS_MAX);
		break;
	case KEY_END:
		move_by(r, TOP_FLOWS_MAX);
		break;
	case '\r':
	case '\n':
	case KEY_ENTER:
	case KEY_RIGHT:
		open_details(r);
		break;
	case 27:	/* Esc */
	case KEY_LEFT:
	case KEY_BACKSPACE:
		close_details(r);
		break;
	default:
		reorder(r, key);
	}
	return true;
}

static int wait_ms(const struct run *r)
{
	uint64_t now = snitch_boottime();

	if (r->view.paused)
		return -1;
	return r->next > now ? (int)((r->next - now) / SNITCH_NSEC_PER_MSEC) + 1 : 0;
}

static void loop(struct run *r)
{
	int key;

	while (!stop) {
		if (!r->view.paused && snitch_boottime() >= r->next)
			refresh_flows(r);
		paint(r);
		timeout(wait_ms(r));
		key = getch();
		if (key != ERR && !press(r, key))
			return;
	}
}

static int on_screen(struct run *r)
{
	const struct sigaction act = { .sa_handler = on_signal };
	SCREEN *screen;

	set_escdelay(50);
	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		out_error("top: this terminal (TERM=%s) cannot be drawn on; "
			  "`snitch top --once` prints", getenv("TERM") ? getenv("TERM") : "");
		return CLI_FAILED;
	}
	/* after newterm(), which takes these for itself */
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	if (r->cli->colour && start_color() == OK) {
		use_default_colors();
		init_pair(1, COLOR_YELLOW, -1);
	} else {
		r->cli->colour = false;
	}
	loop(r);
	endwin();
	delscreen(screen);
	return stop == SIGINT ? CLI_INTERRUPTED : CLI_OK;
}

/* ---- once ---------------------------------------------------------------------------------- */

/* Owners that snitchd has to ask the kernel for are there a moment later. */
static int ask_patiently(struct run *r)
{
	unsigned int tries;
	char *why = NULL;
	int err = 0;

	for (tries = 0; !err && tries < AGAIN_TRIES; tries++) {
		if (tries)
			usleep(AGAIN_US);
		err = ask(r->cli, &r->top, &why);
		if (!r->top.unknown)
			break;
	}
	if (err)
		out_error("%s", why ? why : "no memory");
	free(why);
	return err ? CLI_FAILED : CLI_OK;
}

static int print_once(struct run *r)
{
	struct top_screen s = { .n = 0 };
	unsigned int i;
	int code = ask_patiently(r);

	if (code)
		return code;
	if (r->cli->json)
		return out_json(top_json(&r->top));
	read_mode(r);
	r->view.mode = r->mode;
	r->view.columns = out_columns();
	if (!r->view.columns)
		r->view.columns = 160;
	top_screen(&s, &r->top, &r->view);
	for (i = 0; i < s.n; i++)
		out_printf("%s\n", s.line[i].text);
	top_screen_clear(&s);
	return CLI_OK;
}

/* ---- the command --------------------------------------------------------------------------- */

static int take_sort(struct run *r, const char *word)
{
	unsigned int i;

	for (i = 0; i < __TOP_SORTS; i++) {
		if (strcmp(top_sort_name(i), word))
			continue;
		r->top.sort = i;
		return CLI_OK;
	}
	return out_usage("--sort is rate, sent, received, flows or name, not '%s'", word);
}

static int take_options(struct run *r, int argc, char **argv, bool *once)
{
	int i;

	for (i = 0; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "--once")) {
			*once = true;
		} else if (!strcmp(argv[i], "--sort") && value) {
			i++;
			if (take_sort(r, value))
				return CLI_USAGE;
		} else if (!strcmp(argv[i], "--delay") && value) {
			i++;
			if (snitch_span_parse(value, &r->delay) || !r->delay ||
			    r->delay > DELAY_MAX)
				return out_usage("--delay is a span of time, 1s to 1h, not '%s'",
						 value);
		} else {
			return out_usage("top takes --once, --sort KEY and --delay SPAN, not '%s'",
					 argv[i]);
		}
	}
	return CLI_OK;
}

static void run_clear(struct run *r)
{
	top_clear(&r->top);
	purposes_free(r->purposes);
	json_decref(r->policy);
	json_decref(r->rules);
	free(r->message);
	free(r->name);
	free(r->user);
	free(r->app);
}

int cmd_top(struct cli *cli, int argc, char **argv)
{
	struct run r = { .cli = cli, .delay = DELAY };
	bool once = cli->json;
	int code = take_options(&r, argc, argv, &once);

	if (code)
		return code;
	r.view.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (!once && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))) {
		out_error("top wants a terminal; without one: `snitch top --once`, or with --json");
		return CLI_FAILED;
	}
	code = cli_bus_open(cli, false);
	if (code)
		return code;
	if (once) {
		code = print_once(&r);
	} else {
		r.purposes = purposes_new(getenv(SNITCH_ROOT_ENV), NULL);
		code = on_screen(&r);
	}
	run_clear(&r);
	return code;
}
