// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The administrator's rules: root changes the files in /etc itself, for snitchd is not root and
 * may not. It must never leave snitchd with other rules than the files have, unless it says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "cli.h"

#define FOLDER "/etc/snitch/rules.d"

static int told(const struct rule_error *err, int r)
{
	char text[1024];

	out_error("%s", rule_error_print(err, text, sizeof(text)));
	return r == -EACCES || r == -EPERM || r == -EROFS ? CLI_DENIED :
	       r == -EINVAL ? CLI_INVALID : CLI_FAILED;
}

/* One at a time. Return: a descriptor that holds the lock; -1: no folder yet, or no right to it. */
static int lock_folder(const char *root)
{
	_cleanup_free_ char *path = snitch_format("%s" FOLDER, root ? root : "");
	int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0 && flock(fd, LOCK_EX)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* snitchd watches the folder too, but then nobody would hear what it says. */
int admin_tell(struct cli *cli, const char *root)
{
	if (root)
		return CLI_OK;
	if (cli_bus_open(cli, true) == CLI_OK)
		return cli_call(cli, "Reload", NULL, "");
	out_error("the file is written; snitchd does not answer, so the change counts when it starts");
	return CLI_OK;
}

/* Takes the rules. */
static int add_all(struct cli *cli, const char *root, struct rule **rules, size_t n, uint64_t *ids)
{
	const struct policy_paths paths = { .root = root };
	struct rule_error err = { 0 };
	struct ruleset *set = NULL;
	_cleanup_close_ int lock = lock_folder(root);
	size_t bad;
	int r;

	/* where another file is bad snitchd would keep its last good rules: say so before */
	r = ruleset_load(&paths, 0, &set, &err);
	if (r) {
		while (n--)
			rule_free(rules[n]);
		return told(&err, r);
	}
	r = n == 1 ? ruleset_add(set, &paths, rules[0], RULE_S_ADMIN, 0, false, ids, &err) :
	    ruleset_add_all(set, &paths, rules, n, RULE_S_ADMIN, 0, false, ids, &bad, &err);
	ruleset_free(set);
	return r ? told(&err, r) : admin_tell(cli, root);
}

int admin_add_all(struct cli *cli, const char *root, struct rule **rules, size_t n, uint64_t *ids)
{
	if (root || !geteuid())
		return add_all(cli, root, rules, n, ids);
	while (n--)
		rule_free(rules[n]);
	out_error("the administrator's rules are changed by root only: use sudo, or --scope user");
	return CLI_DENIED;
}

int admin_add(struct cli *cli, const char *root, struct rule *rule, uint64_t *id)
{
	return admin_add_all(cli, root, &rule, 1, id);
}

int admin_remove(struct cli *cli, const char *root, uint64_t id)
{
	const struct policy_paths paths = { .root = root };
	struct rule_error err = { 0 };
	struct ruleset *set = NULL;
	const struct rule *rule;
	_cleanup_close_ int lock = -1;
	int r;

	if (!root && geteuid())
		return CLI_NOT_FOUND;	/* snitchd tells whose it is */
	lock = lock_folder(root);
	r = ruleset_load(&paths, RULES_SKIP_BAD, &set, &err);
	if (r)
		return told(&err, r);
	rule = ruleset_find(set, id);
	if (!rule || rule->scope != RULE_S_ADMIN || rule->runtime) {
		ruleset_free(set);
		return CLI_NOT_FOUND;
	}
	r = ruleset_remove(set, &paths, id, &err);
	ruleset_free(set);
	return r ? told(&err, r) : admin_tell(cli, root);
}
