// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch review` at a terminal: proposal after proposal, with the keys of `snitch ask`. It must
 * never write a rule that was not on the screen when Enter was pressed.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../ask/card.h"
#include "../ask/term.h"
#include "../ask/words.h"
#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/escape.h"
#include "review.h"

#define KEY_END		(-1)	/* no more input */
#define KEY_REDRAW	(-2)
#define KEYS_AT_ONCE	3	/* more in one read(2) are a paste: ignored */

enum step { STEP_NEXT, STEP_AGAIN, STEP_LEAVE };

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

/* Without SA_RESTART: read(2) comes back. */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT };
	struct sigaction sa = { .sa_handler = on_signal };
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &sa, NULL);
}

static bool told_to_leave(void)
{
	return caught == SIGINT || caught == SIGTERM || caught == SIGHUP;
}

static int read_key(struct term *term)
{
	char buf[256];
	ssize_t n, i;

	for (;;) {
		if (told_to_leave())
			return KEY_END;
		n = read(STDIN_FILENO, buf, sizeof(buf));
		if (n < 0 && errno == EINTR && !told_to_leave()) {
			term_size(term);
			if (caught == SIGCONT)
				term_raw(term);
			term->drawn = 0;	/* lines may have been wrapped */
			return KEY_REDRAW;
		}
		if (n <= 0)
			return KEY_END;
		term->prompted = false;
		for (i = 0; term->plain && i < n; i++) {
			if (buf[i] != ' ' && (buf[i] != '\n' || i == 0))
				return (unsigned char)buf[i];
		}
		/* Neither an escape sequence (an arrow key) nor a paste is an answer. */
		if (!term->plain && n <= KEYS_AT_ONCE && (n == 1 || buf[0] != ASK_KEY_ESC))
			return buf[0] == '\r' ? ASK_KEY_ENTER : (unsigned char)buf[0];
	}
}

/* What is on the screen: a proposal, and the rule as it would be written, if one is chosen. */
static void draw(struct review *r, struct term *term, size_t at, const char *chosen)
{
	const struct proposal *p = r->all.list[at];
	struct card_view v = { .columns = term->columns, .rows = term->rows, .utf8 = term->utf8 };
	_cleanup_free_ char *names = review_names(p);
	_cleanup_free_ char *program = snitch_escape_str(p->program);
	struct card c = { .n = 0 };
	char seen[160], user[64];
	size_t rules = 0;

	while (rules < r->all.n && r->all.list[rules]->rule)
		rules++;
	review_seen(r, p, seen, sizeof(seen));
	review_user(p, user, sizeof(user));
	card_add(&c, &v, CARD_DIM, "-- snitch: proposal %zu of %zu --", at + 1, rules);
	card_add(&c, &v, CARD_BOLD, " %s", p->rule);
	card_add(&c, &v, CARD_PLAIN, "  program  %s", program ? program : "?");
	card_add(&c, &v, CARD_PLAIN, "  user     %s", user);
	card_add(&c, &v, CARD_PLAIN, "  seen     %s", seen);
	card_add(&c, &v, CARD_PLAIN, "  to       %s", names ? names : "?");
	if (chosen) {
		card_add(&c, &v, CARD_BOLD, "  This rule will be written and kept for good:");
		card_add(&c, &v, CARD_BOLD, "     %s", chosen);
		card_add(&c, &v, CARD_BOLD, "  Enter write it   e edit   Esc back");
	} else {
		card_add(&c, &v, CARD_BOLD, "  a allow   d deny   e edit   l later   Ctrl-C leave");
	}
	term_draw(term, &c);
	term_prompt(term);
	card_clear(&c);
}

/* Why this is no rule to write, or NULL. */
static const char *check_rule(const char *text, char *buf, size_t size)
{
	struct rule_error err = { 0 };
	struct rule *rule = NULL;

	if (rule_parse(text, NULL, 0, &rule, &err))
		return rule_error_print(&err, buf, size);
	rule_free(rule);
	return rule ? NULL : "that is no rule";
}

/* A line of the person's own; nothing keeps what was chosen. */
static char *edit(struct term *term, const char *now)
{
	char *line = NULL, why[1024];
	const char *wrong;
	size_t size = 0;
	ssize_t n;

	term_close(term);
	for (;;) {
		out_printf("now:  %s\nrule: ", now);
		fflush(stdout);
		n = getline(&line, &size, stdin);
		if (n > 0 && line[n - 1] == '\n')
			line[--n] = '\0';
		wrong = n > 0 ? check_rule(line, why, sizeof(why)) : NULL;
		if (!wrong)
			break;
		out_error("%s", wrong);
	}
	clearerr(stdin);
	term_raw(term);
	if (n > 0)
		return line;
	free(line);
	return NULL;
}

static enum step put(struct review *r, struct term *term, const struct proposal *p,
		     const char *text)
{
	_cleanup_free_ char *fit = words_fit(text, 4 * term->columns, true, term->utf8);
	json_t *id = NULL;
	int code;

	term_erase(term);
	code = review_accept(r, p, text, &id);
	if (code)
		return code == CLI_NO_DAEMON ? STEP_LEAVE : STEP_AGAIN;
	term_line(term, fit ? fit : text);
	json_decref(id);
	return STEP_NEXT;
}

/* One proposal, until it is settled. */
static enum step review_one(struct review *r, struct term *term, size_t at)
{
	const struct proposal *p = r->all.list[at];
	_cleanup_free_ char *chosen = NULL;
	char *other;

	for (;;) {
		int key;

		draw(r, term, at, chosen);
		key = read_key(term);
		if (key == KEY_END)
			return STEP_LEAVE;
		if (key == KEY_REDRAW)
			continue;
		if (key == 'l' || key == 's' || key == '\t')
			return STEP_NEXT;
		if (key == ASK_KEY_ENTER && chosen) {
			enum step step = put(r, term, p, chosen);

			if (step != STEP_AGAIN)
				return step;
			free(snitch_take_ptr(chosen));	/* refused: the reason is on the screen */
			continue;
		}
		other = key == 'e' ? edit(term, chosen ? chosen : p->rule) :
			key == 'a' || key == 'd' ?
			review_sentence(p, key == 'a' ? "allow" : "deny") : NULL;
		if (!other && key == 'e')
			continue;
		free(chosen);
		chosen = other;
	}
}

int review_ask(struct review *r)
{
	enum step step = STEP_NEXT;
	struct term term;
	size_t i;

	if (term_open(&term, r->cli->colour))
		return -1;
	catch_signals();
	if (term_raw(&term))
		return -1;
	for (i = 0; step == STEP_NEXT && i < r->all.n && r->all.list[i]->rule; i++)
		step = review_one(r, &term, i);
	term_close(&term);
	if (caught == SIGINT)
		return CLI_INTERRUPTED;
	for (; step == STEP_NEXT && i < r->all.n; i++)
		out_printf("not proposed: %s: %s\n", r->all.list[i]->program, r->all.list[i]->why_not);
	return CLI_OK;
}
