// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policies that are shipped: no fault in any, each says for whom it is and where its content
 * comes from, and no two are for the same program. It must never look at this machine's programs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>

#include "iap-lab.h"
#include "iap/find.h"

#define POLICIES_MAX	200
#define LEAST		40

static struct iap_policy *policies[POLICIES_MAX];
static char *names[POLICIES_MAX];
static size_t n_policies;

static struct iap_policy *load(const char *path)
{
	static const struct iap_langs langs;
	struct iap_report report = { .n = 0 };
	struct iap_policy *policy = NULL;
	char *bytes = malloc(IAP_BYTES_MAX);
	FILE *f = fopen(path, "re");
	size_t len;

	assert_non_null(f);
	len = fread(bytes, 1, IAP_BYTES_MAX, f);
	fclose(f);
	iap_load_bytes(bytes, len, &langs, &policy, &report);
	if (report.n || !policy)
		fail_msg("%s: %s", path, lab_faults(&report));
	free(bytes);
	iap_report_clear(&report);
	return policy;
}

static int load_all(void **state)
{
	const char *top = getenv("SNITCH_TOP");
	const struct dirent *e;
	char path[800];
	size_t len;
	DIR *dir;

	(void)state;
	snprintf(path, sizeof(path), "%s/userspace/iap/policies", top ? top : ".");
	dir = opendir(path);
	if (!dir)
		return -1;
	while ((e = readdir(dir)) && n_policies < POLICIES_MAX) {
		if (!iap_is_file(e->d_name, &len))
			continue;
		snprintf(path, sizeof(path), "%s/userspace/iap/policies/%s", top ? top : ".",
			 e->d_name);
		names[n_policies] = strdup(e->d_name);
		policies[n_policies++] = load(path);
	}
	closedir(dir);
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	while (n_policies) {
		iap_free(policies[--n_policies]);
		free(names[n_policies]);
	}
	return 0;
}

static void there_are_enough(void **state)
{
	(void)state;
	assert_true(n_policies >= LEAST);
}

static void each_says_for_whom(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < n_policies; i++) {
		if (!policies[i]->n_keys)
			fail_msg("%s is for no program", names[i]);
		for (k = 0; k < policies[i]->n_keys; k++)
			if (!iap_key_valid(policies[i]->keys[k]))
				fail_msg("%s: '%s' is no key", names[i], policies[i]->keys[k]);
	}
}

static void each_says_where_from(void **state)
{
	static const char *const words[] = { "Documentation: ", "Configuration: ", "Source: " };
	size_t i, k;

	(void)state;
	for (i = 0; i < n_policies; i++) {
		const char *said = policies[i]->established;

		for (k = 0; k < 3 && (!said || strncmp(said, words[k], strlen(words[k]))); k++)
			;
		if (k == 3)
			fail_msg("%s does not say where its content comes from", names[i]);
	}
}

static void no_two_are_for_one(void **state)
{
	size_t i, k, a, b;

	(void)state;
	for (i = 0; i < n_policies; i++)
		for (k = 0; k < i; k++)
			for (a = 0; a < policies[i]->n_keys; a++)
				for (b = 0; b < policies[k]->n_keys; b++)
					if (!strcmp(policies[i]->keys[a], policies[k]->keys[b]))
						fail_msg("%s and %s are both for %s", names[i],
							 names[k], policies[k]->keys[b]);
}

/* What is only essential to a few must say what denying costs. */
static void essential_ones_say_what_denying_costs(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < n_policies; i++)
		for (k = 0; k < policies[i]->n_connections; k++)
			if (policies[i]->connections[k].essential &&
			    !policies[i]->connections[k].consequences)
				fail_msg("%s: connection %zu", names[i], k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_are_enough),
		cmocka_unit_test(each_says_for_whom),
		cmocka_unit_test(each_says_where_from),
		cmocka_unit_test(no_two_are_for_one),
		cmocka_unit_test(essential_ones_say_what_denying_costs),
	};

	return cmocka_run_group_tests(tests, load_all, free_all);
}
