// SPDX-License-Identifier: GPL-2.0-or-later
/* A policy with its translations and what is nested in it; see find.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "find.h"

static const char *const suffixes[] = { ".plist", ".json" };

#define DOT_STEM	"." IAP_STEM

/* What is being read: files of one policy in @dir, "STEM" with or without a name before it. */
struct loading {
	const struct iap_root *root;
	uid_t also;
	const struct iap_langs *langs;
	const char *app;
	char *dir;
	char *stem;
	json_t *policy;
	json_t *tables[IAP_TABLES_MAX];
	size_t n_tables;
	struct iap_report *report;
};

bool iap_is_file(const char *name, size_t *len)
{
	size_t n = strlen(name), i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(suffixes); i++) {
		size_t tail = strlen(DOT_STEM) + strlen(suffixes[i]);

		if (n <= tail || strcmp(name + n - strlen(suffixes[i]), suffixes[i]) ||
		    strncmp(name + n - tail, DOT_STEM, strlen(DOT_STEM)))
			continue;
		*len = n - tail;
		return true;
	}
	return false;
}

static json_t *read_beside(const struct loading *l, const char *lang, char between,
			   const char *suffix)
{
	_cleanup_free_ char *folder = strdup(lang), *path = NULL, *bytes = NULL;
	json_t *out = NULL;
	size_t len;
	char *dash;

	dash = folder ? strchr(folder, '-') : NULL;
	if (dash)
		*dash = between;
	path = snitch_format("%s/%s.lproj/%s%s", l->dir, folder ? folder : lang, l->stem, suffix);
	if (!path || iap_trusted_read(l->root, path, l->also, &bytes, &len, NULL))
		return NULL;
	if (strcmp(suffix, ".strings"))
		out = iap_read(bytes, len, NULL);
	else
		out = iap_read_strings(bytes, len, NULL);
	return out;
}

/* A file of one language, whose folder may be named "de-AT" or "de_AT". */
static json_t *read_lang(const struct loading *l, const char *lang, const char *suffix)
{
	json_t *out = read_beside(l, lang, '-', suffix);

	return out || !strchr(lang, '-') ? out : read_beside(l, lang, '_', suffix);
}

static void add_table(struct loading *l, json_t *table)
{
	if (table && l->n_tables < IAP_TABLES_MAX)
		l->tables[l->n_tables++] = table;
	else
		json_decref(table);
}

static void add_embedded(struct loading *l, const char *lang)
{
	json_t *all = json_object_get(l->policy, "Localizations"), *table;
	const char *its;

	json_object_foreach(all, its, table) {
		if (iap_lang_same(its, lang) && json_is_object(table))
			add_table(l, json_incref(table));
	}
}

static void translate(struct loading *l)
{
	size_t i, k;

	for (i = 0; i < l->langs->n; i++) {
		const char *lang = l->langs->lang[i];
		json_t *whole = NULL;

		add_table(l, l->dir ? read_lang(l, lang, ".strings") : NULL);
		add_embedded(l, lang);
		if (!l->dir || l->n_tables)
			continue;
		for (k = 0; !whole && k < SNITCH_ARRAY_SIZE(suffixes); k++)
			whole = read_lang(l, lang, suffixes[k]);
		if (!whole)
			continue;
		json_decref(l->policy);
		l->policy = whole;
		return;
	}
}

static int build(struct loading *l, struct iap_policy **out)
{
	struct iap_texts texts = { .app = l->app };

	translate(l);
	for (texts.n = 0; texts.n < l->n_tables; texts.n++)
		texts.tables[texts.n] = l->tables[texts.n];
	return iap_build(l->policy, &texts, out, l->report);
}

static void loading_clear(struct loading *l)
{
	while (l->n_tables)
		json_decref(l->tables[--l->n_tables]);
	json_decref(l->policy);
	free(l->dir);
	free(l->stem);
}

/* Splits @path into folder and stem. */
static int name_parts(struct loading *l, const char *path)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');

	if (!slash || !dot || dot < slash)
		return -EINVAL;
	l->dir = strndup(path, slash - path);
	l->stem = strndup(slash + 1, dot - slash - 1);
	return l->dir && l->stem ? 0 : -ENOMEM;
}

static int load(const struct iap_root *root, const char *path, uid_t also,
		const struct iap_langs *langs, const char *app, unsigned int depth,
		struct iap_policy **out, uid_t *owner, struct iap_report *report);

static void load_nested(const struct loading *l, const char *app, unsigned int depth,
			struct iap_policy *policy)
{
	_cleanup_free_ char *folder = snitch_format("%s/%s.d", l->dir, l->stem);
	struct dirent **list = NULL;
	int n, i;

	if (!folder || depth == IAP_NESTED_DEPTH)
		return;
	n = iap_trusted_list(l->root, folder, l->also, IAP_NESTED_MAX, &list);
	for (i = 0; i < n; i++) {
		_cleanup_free_ char *path = snitch_format("%s/%s", folder, list[i]->d_name);
		struct iap_policy *nested = NULL;
		size_t len;

		if (!path || !iap_is_file(list[i]->d_name, &len))
			continue;
		if (!load(l->root, path, l->also, l->langs, app, depth + 1, &nested, NULL, NULL))
			iap_merge(policy, nested);
	}
	iap_list_free(list, n);
}

static int load(const struct iap_root *root, const char *path, uid_t also,
		const struct iap_langs *langs, const char *app, unsigned int depth,
		struct iap_policy **out, uid_t *owner, struct iap_report *report)
{
	struct loading l = {
		.root = root, .also = also, .langs = langs, .report = report,
		.app = depth ? app : NULL,
	};
	_cleanup_free_ char *bytes = NULL;
	size_t len;
	int r = iap_trusted_read(root, path, also, &bytes, &len, owner);

	if (r)
		return r;
	r = name_parts(&l, path);
	if (!r) {
		l.policy = iap_read(bytes, len, report);
		r = l.policy ? build(&l, out) : -EINVAL;
	}
	if (!r)
		load_nested(&l, app, depth, *out);
	loading_clear(&l);
	return r;
}

int iap_load(const struct iap_root *root, const char *path, uid_t also,
	     const struct iap_langs *langs, const char *app, struct iap_policy **out,
	     uid_t *owner, struct iap_report *report)
{
	return load(root, path, also, langs, app, 0, out, owner, report);
}

int iap_load_bytes(const char *bytes, size_t len, const struct iap_langs *langs,
		   struct iap_policy **out, struct iap_report *report)
{
	struct loading l = { .langs = langs, .report = report };
	int r;

	l.policy = iap_read(bytes, len, report);
	r = l.policy ? build(&l, out) : -EINVAL;
	loading_clear(&l);
	return r;
}
