// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules on loan. It must never write one to a file, nor let the rules of the files be lost because
 * a loan does not fit any more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../util/cleanup.h"
#include "../util/log.h"
#include "../util/timespan.h"
#include "rulebook-private.h"

/* What a rule would have to say. */
struct need {
	char *exe;
	uint8_t family, proto;
	uint16_t port;
	uint8_t addr[16];
};

struct loan {
	uint64_t id;
	char *name, *text, *replaces;
	enum rulebook_scope scope;
	uint32_t uid;
	struct rule_image root;		/* pid 0: none */
	bool record;
	struct need *needs;
	size_t n_needs;
	unsigned int nameless;		/* programs that no rule can name */
	TAILQ_ENTRY(loan) link;
};

static void loan_free(struct loan *loan)
{
	if (!loan)
		return;
	while (loan->n_needs)
		free(loan->needs[--loan->n_needs].exe);
	free(loan->needs);
	free(loan->name);
	free(loan->text);
	free(loan->replaces);
	free(loan);
}

static struct loan *find(const struct rulebook *rb, uint64_t id)
{
	struct loan *loan;

	TAILQ_FOREACH(loan, &rb->loans.list, link) {
		if (loan->id == id)
			return loan;
	}
	return NULL;
}

void rulebook_clear_loans(struct rulebook *rb)
{
	struct loan *loan;

	while ((loan = TAILQ_FIRST(&rb->loans.list))) {
		TAILQ_REMOVE(&rb->loans.list, loan, link);
		loan_free(loan);
	}
	rb->loans.n = 0;
}

const char *rulebook_loan_name(const struct rulebook *rb, uint64_t id)
{
	const struct loan *loan = find(rb, id);

	return loan ? loan->name : "";
}

/* ---- into the set ------------------------------------------------------------------------ */

static bool is_of_loan(const struct rule *rule, const void *ctx)
{
	return rule->loan == *(const uint64_t *)ctx;
}

static bool is_of_file(const struct rule *rule, const void *ctx)
{
	return rule->file && !strcmp(rule->file, ctx);
}

static int check_line(const struct loan *loan, const struct rule *rule, const char *line,
		      unsigned int number, struct rule_error *err)
{
	char found[sizeof(err->found)];

	if (rule->lifetime == RULE_L_FOREVER || (rule->lifetime == RULE_L_DATE && !loan->root.pid))
		return 0;
	snprintf(found, sizeof(found), "%.70s", line);
	*err = (struct rule_error){ .line = number };
	strcpy(err->found, found);
	snprintf(err->expected, sizeof(err->expected), "a rule without a lifetime of its own");
	snprintf(err->next, sizeof(err->next), "it ends by itself");
	return -EINVAL;
}

/* One line into @set. */
static int put_line(const struct loan *loan, struct ruleset *set, const char *line,
		    unsigned int number, struct rule_error *err)
{
	enum rule_scope scope = loan->scope == RULEBOOK_ADMIN ? RULE_S_ADMIN :
				loan->uid != (uint32_t)-1 ? RULE_S_USER : RULE_S_SYSTEM;
	struct rule *rule = NULL;
	int r;

	r = rule_parse(line, NULL, number, &rule, err);
	if (r || !rule)
		return r;
	r = check_line(loan, rule, line, number, err);
	if (r) {
		rule_free(rule);
		return r;
	}
	/* an id of a file being tried may still be in the file that it replaces */
	rule->id_written = false;
	rule->loan = loan->id;
	if (loan->root.pid) {
		rule->program.and_children = true;
		rule->lifetime = RULE_L_QUIT;
		rule_begin(rule, 0, &loan->root);
	}
	return ruleset_insert(set, rule, scope, scope == RULE_S_USER ? loan->uid : 0, true, err);
}

/* All lines or none. */
static int put_loan(const struct loan *loan, struct ruleset *set, struct rule_error *err)
{
	_cleanup_free_ char *text = strdup(loan->text);
	unsigned int number = 0;
	char *line, *rest = text;
	int r = text ? 0 : -ENOMEM;

	if (!r && loan->replaces)
		ruleset_drop(set, is_of_file, loan->replaces);
	while (!r && (line = strsep(&rest, "\n"))) {
		if (++number > LOAN_RULES_MAX && loan->scope != RULEBOOK_ADMIN)
			r = -E2BIG;
		else
			r = put_line(loan, set, line, number, err);
	}
	if (r)
		ruleset_drop(set, is_of_loan, &loan->id);
	return r;
}

int rulebook_put_loans(struct rulebook *rb, struct ruleset *set)
{
	struct rule_error err = { .line = 0 };
	struct loan *loan;
	char text[256];
	int r, first = 0;

	TAILQ_FOREACH(loan, &rb->loans.list, link) {
		memset(&err, 0, sizeof(err));
		r = put_loan(loan, set, &err);
		if (!r)
			continue;
		log_msg(LOG_ERR, "the rules of %s do not count any more: %s", loan->name,
			rule_error_print(&err, text, sizeof(text)));
		first = first ? first : r;
	}
	return first;
}

/* ---- lending ----------------------------------------------------------------------------- */

static struct loan *loan_new(const struct loan_wish *wish)
{
	struct loan *loan = calloc(1, sizeof(*loan));

	if (!loan)
		return NULL;
	loan->name = strdup(wish->name);
	loan->text = strdup(wish->text);
	loan->replaces = wish->replaces ? strdup(wish->replaces) : NULL;
	loan->scope = wish->scope;
	loan->uid = wish->uid;
	loan->record = wish->record;
	if (wish->root)
		loan->root = *wish->root;
	if (loan->name && loan->text && (loan->replaces || !wish->replaces))
		return loan;
	loan_free(loan);
	return NULL;
}

int rulebook_lend(struct rulebook *rb, const struct loan_wish *wish, uint64_t *id, char *error,
		  size_t size)
{
	struct rule_error err = { .line = 0 };
	struct loan *loan;
	int r;

	if (rb->loans.n >= LOANS_MAX) {
		snprintf(error, size, "there are %u sets of borrowed rules already", rb->loans.n);
		return -E2BIG;
	}
	loan = loan_new(wish);
	if (!loan) {
		snprintf(error, size, "no memory");
		return -ENOMEM;
	}
	loan->id = ++rb->loans.last;
	r = put_loan(loan, rb->set, &err);
	if (r) {
		rule_error_print(&err, error, size);
		if (!error[0])
			snprintf(error, size, "%s", strerror(-r));
		loan_free(loan);
		if (wish->replaces) {	/* they are out of the set already */
			rb->loaded = false;
			rulebook_load(rb);
		}
		return r;
	}
	TAILQ_INSERT_TAIL(&rb->loans.list, loan, link);
	rb->loans.n++;
	rulebook_note_set(rb);
	*id = loan->id;
	return 0;
}

int rulebook_give_back(struct rulebook *rb, uint64_t id)
{
	struct loan *loan = find(rb, id);
	bool again;

	if (!loan)
		return -ENOENT;
	again = loan->replaces;
	TAILQ_REMOVE(&rb->loans.list, loan, link);
	rb->loans.n--;
	loan_free(loan);
	ruleset_drop(rb->set, is_of_loan, &id);
	/* what it stood for comes back, from a folder that has a bad file, too */
	if (again) {
		rb->loaded = false;
		rulebook_load(rb);
	}
	rulebook_note_set(rb);
	return 0;
}

void rulebook_each_lent(const struct rulebook *rb, uint64_t loan,
			void (*fn)(void *ctx, uint64_t id), void *ctx)
{
	size_t i;

	for (i = 0; i < rb->set->n_rules; i++) {
		if (rb->set->rules[i]->loan == loan)
			fn(ctx, rb->set->rules[i]->id);
	}
}

/* ---- what was needed --------------------------------------------------------------------- */

/* Would @ev go without the rules of a process tree? */
static bool goes_anyway(struct rulebook *rb, const struct owner *owner,
			const struct snitch_flow_event *ev)
{
	struct policy_decision d;
	struct query_room room;
	struct flow_query q;

	rulebook_query(rb, owner, ev, &room, &q);
	q.parent_images = NULL;
	q.image.pid = 0;
	policy_decide(rb->set, rulebook_env(rb), &q, &d);
	return d.rule && d.action == SNITCH_ALLOW;
}

static bool same_need(const struct need *need, const char *exe, const struct snitch_flow_event *ev)
{
	return need->family == ev->family && need->proto == ev->proto && need->port == ev->dport &&
	       !memcmp(need->addr, ev->daddr, sizeof(need->addr)) && !strcmp(need->exe, exe);
}

void rulebook_note_need(struct rulebook *rb, uint64_t id, const struct owner *owner,
			const struct snitch_flow_event *ev)
{
	const char *exe = rulebook_name(rb, owner->image->exe);
	struct loan *loan = find(rb, id);
	struct need *more;
	size_t i;

	if (!loan || !loan->record || goes_anyway(rb, owner, ev))
		return;
	if (exe[0] != '/') {
		loan->nameless++;
		return;
	}
	for (i = 0; i < loan->n_needs; i++) {
		if (same_need(&loan->needs[i], exe, ev))
			return;
	}
	if (i == LOAN_NEEDS_MAX)
		return;
	more = reallocarray(loan->needs, i + 1, sizeof(*more));
	if (!more)
		return;
	loan->needs = more;
	more[i] = (struct need){
		.exe = strdup(exe), .family = ev->family, .proto = ev->proto, .port = ev->dport,
	};
	memcpy(more[i].addr, ev->daddr, sizeof(more[i].addr));
	if (more[i].exe)
		loan->n_needs++;
}

static void print_need(FILE *f, const struct need *need)
{
	bool frames = need->family == AF_PACKET;
	char text[RULE_TEXT_MAX];
	struct rule *rule;

	if (rule_for_flow(SNITCH_ALLOW, need->exe, -1, frames ? 0 : need->family, need->addr,
			  need->port, frames ? RULE_PROTO_PACKET : need->proto, &rule)) {
		fputs("# a program whose name no rule can have\n", f);
		return;
	}
	if (rule_print_plain(rule, text, sizeof(text)) > 0)
		fprintf(f, "%s\n", text);
	rule_free(rule);
}

char *rulebook_needs(const struct rulebook *rb, uint64_t id)
{
	const struct loan *loan = find(rb, id);
	char *text = NULL;
	size_t size, i;
	FILE *f;

	f = loan ? open_memstream(&text, &size) : NULL;
	if (!f)
		return NULL;
	for (i = 0; i < loan->n_needs; i++)
		print_need(f, &loan->needs[i]);
	if (loan->n_needs == LOAN_NEEDS_MAX)
		fprintf(f, "# and more: only the first %d are here\n", LOAN_NEEDS_MAX);
	if (loan->nameless)
		fprintf(f, "# and %u connections of programs without a file, which no rule can name\n",
			loan->nameless);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
