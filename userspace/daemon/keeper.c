// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lists as they are in force. It must never lose a good list to a bad one, nor wait for a
 * file.
 */
#include "keeper.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "../util/save.h"
#include "keeper-private.h"

int keeper_clear(struct keeper *k, const char *name)
{
	static const char *const suffixes[] = { ".list", ".except", ".conf" };
	size_t i;
	int r = 0;

	for (i = 0; !r && i < SNITCH_ARRAY_SIZE(suffixes); i++) {
		_cleanup_free_ char *file = snitch_format("%s%s", name, suffixes[i]);

		r = file ? snitch_save(k->store, file, NULL, NULL) : -ENOMEM;
	}
	return r;
}

/* What a daemon that was killed has left: files half written, lists half removed. */
static void sweep(struct keeper *k)
{
	char text[LIST_SPOOL_TEXT], name[LIST_NAME_MAX + 1];
	struct list_conf conf;
	struct dirent *entry;
	unsigned int line;
	DIR *dir;

	snitch_save_sweep(k->store);
	snitch_save_sweep(k->jobs);
	dir = opendir(k->store);
	while (dir && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".conf") || dot - entry->d_name > LIST_NAME_MAX ||
		    keeper_read_small(k->store, entry->d_name, text, sizeof(text)) < 0 ||
		    list_conf_read(text, &conf, &line) || !conf.removed)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(dot - entry->d_name), entry->d_name);
		keeper_clear(k, name);
	}
	if (dir)
		closedir(dir);
}

int keeper_new(struct keeper **out, const char *root, struct rulebook *rb, bool only_read)
{
	struct keeper *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	TAILQ_INIT(&k->intakes);
	k->rules = rb;
	k->only_read = only_read;
	k->root = strdup(root);
	k->store = snitch_format("%s" LIST_FOLDER_STORE, root);
	k->jobs = snitch_format("%s" LIST_JOBS, root);
	k->spool = snitch_format("%s" LIST_SPOOL, root);
	if (!k->root || !k->store || !k->jobs || !k->spool) {
		keeper_free(k);
		return -ENOMEM;
	}
	if (!only_read)
		sweep(k);
	keeper_look(k);
	*out = k;
	return 0;
}

/* Nobody waits from here on; @error: unless the waiter has one of its own. */
static void tell_waiters(struct keeper *k, const char *error)
{
	unsigned int i;

	for (i = 0; i < k->n_waiters; i++) {
		struct keeper_waiter *waiter = k->waiters[i];

		waiter->done(waiter->ctx, *waiter->error ? waiter->error : error);
		free(waiter);
	}
	k->n_waiters = 0;
}

void keeper_free(struct keeper *k)
{
	struct intake *in;

	if (!k)
		return;
	while ((in = TAILQ_FIRST(&k->intakes)))
		intake_free(k, in);
	tell_waiters(k, "snitchd ends");
	if (k->loading)
		lists_load_end(k->loading, NULL);
	free(k->root);
	free(k->store);
	free(k->jobs);
	free(k->spool);
	free(k);
}

const char *keeper_folder(unsigned int i)
{
	static const char *const folders[] = { LIST_FOLDER_STORE, LIST_FOLDER_ADMIN, LIST_SPOOL };

	return i < SNITCH_ARRAY_SIZE(folders) ? folders[i] : NULL;
}

void keeper_look(struct keeper *k)
{
	k->look = true;
	k->results = !k->only_read;
}

const char *keeper_problem(const struct keeper *k)
{
	return k->problem;
}

void keeper_conf(const struct keeper *k, const char *name, struct list_conf *conf)
{
	const struct list *list = lists_find(rulebook_lists(k->rules), name);
	_cleanup_free_ char *file = snitch_format("%s.conf", name);
	char text[LIST_SPOOL_TEXT];
	unsigned int line;

	/* the file may be newer than the lists in force */
	if (file && keeper_read_small(k->store, file, text, sizeof(text)) >= 0 &&
	    !list_conf_read(text, conf, &line))
		return;
	memset(conf, 0, sizeof(*conf));
	if (list)
		*conf = list_facts(list)->conf;
}

int keeper_write_conf(struct keeper *k, const char *name, const struct list_conf *conf)
{
	_cleanup_free_ char *file = snitch_format("%s.conf", name);

	return file ? snitch_save(k->store, file, list_conf_write, conf) : -ENOMEM;
}

/* ---- reading ------------------------------------------------------------------------------- */

static void begin_load(struct keeper *k)
{
	struct rule_error err;
	char text[sizeof(k->problem)];
	int r;

	k->look = false;
	r = lists_load_start(k->root, rulebook_lists(k->rules), &k->loading, &err);
	if (!r) {
		k->problem[0] = '\0';
		return;
	}
	k->loading = NULL;
	if (err.expected[0])
		rule_error_print(&err, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s", r == -E2BIG ? "more than 256 lists" :
			 strerror(-r));
	if (strcmp(text, k->problem))
		log_msg(LOG_ERR, "lists stay as they are: %s", text);
	memcpy(k->problem, text, sizeof(text));
}

/* What is new about lists that have a problem. */
static void tell_problems(const struct lists *before, const struct lists *now)
{
	const struct list *list, *old;
	size_t i;

	for (i = 0; (list = lists_at(now, i)); i++) {
		const struct list_facts *facts = list_facts(list);

		old = lists_find(before, facts->name);
		if (facts->problem[0] && (!old || strcmp(list_facts(old)->problem, facts->problem)))
			log_msg(LOG_ERR, "list %s stays as it was: %s", facts->name,
				facts->problem);
	}
}

static bool load_some(struct keeper *k)
{
	struct lists *lists = NULL;
	bool changed;
	int r = lists_load_step(k->loading, KEEPER_STEP);

	if (r > 0)
		return false;
	changed = lists_load_end(snitch_take_ptr(k->loading), &lists);
	if (!lists) {
		log_msg(LOG_ERR, "lists stay as they are: %s", strerror(-r));
		return false;
	}
	tell_problems(rulebook_lists(k->rules), lists);
	rulebook_take_lists(k->rules, lists);
	if (!k->only_read)
		spool_write_jobs(k);
	return changed;
}

int keeper_step(struct keeper *k, bool *changed)
{
	*changed = false;
	if (k->loading) {
		*changed = load_some(k);
	} else if (!TAILQ_EMPTY(&k->intakes)) {
		intake_step(k);
	} else if (k->look) {
		begin_load(k);
	} else if (k->results) {
		/* after the first load: results are of lists that are known */
		spool_take_results(k);
	} else {
		tell_waiters(k, NULL);
		return 0;
	}
	return 1;
}
