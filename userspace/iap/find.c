// SPDX-License-Identifier: GPL-2.0-or-later
/* The search for a program's policy; see find.h. */
#include "find.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../util/cleanup.h"
#include "../util/format.h"

static const char *const suffixes[] = { ".plist", ".json" };

char *iap_resolve(const struct iap_root *root, const char *path)
{
	_cleanup_free_ char *whole = snitch_format("%s%s", root->prefix, path);
	_cleanup_free_ char *real = whole && *path == '/' ? realpath(whole, NULL) : NULL;
	size_t n = strlen(root->prefix);

	if (!real || strncmp(real, root->prefix, n) || real[n] != '/')
		return NULL;
	return strdup(real + n);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Tries one file. Return: true: it is the one. */
static bool try(const struct iap_search *s, const char *path, uid_t also, struct iap_found *found)
{
	struct iap_report report = { .n = 0 };
	int r = iap_load(s->root, path, also, s->langs, base_name(s->path), &found->policy,
			 &found->owner, &report);

	iap_report_clear(&report);
	if (s->tell)
		s->tell(s->ctx, path, r);
	if (r)
		return false;
	found->path = strdup(path);
	return true;
}

/* "STEM.plist", then "STEM.json" of a path without them. */
static bool try_both(const struct iap_search *s, const char *stem, uid_t also,
		     struct iap_found *found)
{
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(suffixes); i++) {
		_cleanup_free_ char *path = snitch_format("%s%s", stem, suffixes[i]);

		if (path && try(s, path, also, found))
			return true;
	}
	return false;
}

/* ---- folders ----------------------------------------------------------------------------- */

/* The best of the keys of a file, or what its name says where it has none. */
static enum iap_match match_file(const struct iap_program *program, const char *path,
				 const char *name, size_t name_len)
{
	_cleanup_free_ char *bytes = NULL, *id = strndup(name, name_len);
	enum iap_match best = IAP_BY_NOTHING, m;
	const json_t *keys, *key;
	json_t *root;
	size_t len, i;

	if (iap_trusted_read(program->root, path, program->root->owner, &bytes, &len, NULL))
		return IAP_BY_NOTHING;
	root = iap_read(bytes, len, NULL);
	keys = json_object_get(root, IAP_KEY_FOR);
	if (root && !keys && id)
		best = iap_name_match(program, id);
	for (i = 0; i < json_array_size(keys) && i < IAP_KEYS_MAX; i++) {
		key = json_array_get(keys, i);
		m = json_is_string(key) ? iap_key_match(program, json_string_value(key)) :
		    IAP_BY_NOTHING;
		if (m && (!best || m < best))
			best = m;
	}
	json_decref(root);
	return best;
}

static bool in_folder(const struct iap_search *s, const char *folder, struct iap_found *found)
{
	const struct iap_program program = {
		.root = s->root, .path = s->path, .cgroup = s->cgroup,
	};
	_cleanup_free_ char *stem = snitch_format("%s%s." IAP_STEM, folder, s->path);
	_cleanup_free_ char *best = NULL;
	struct dirent **list = NULL;
	int n, i;

	found->match = IAP_BY_PATH;
	if (stem && try_both(s, stem, s->root->owner, found))
		return true;
	found->match = IAP_BY_NOTHING;
	n = iap_trusted_list(s->root, folder, s->root->owner, IAP_FILES_MAX, &list);
	for (i = 0; i < n; i++) {
		_cleanup_free_ char *path = snitch_format("%s/%s", folder, list[i]->d_name);
		enum iap_match m;
		size_t len;

		if (!path || !iap_is_file(list[i]->d_name, &len))
			continue;
		m = match_file(&program, path, list[i]->d_name, len);
		if (!m || (found->match && m >= found->match))
			continue;
		found->match = m;
		free(best);
		best = snitch_take_ptr(path);
	}
	iap_list_free(list, n);
	if (!best && s->tell)
		s->tell(s->ctx, folder, n < 0 ? n : -ENOENT);
	return best && try(s, best, s->root->owner, found);
}

/* ---- the executable ---------------------------------------------------------------------- */

static bool beside(const struct iap_search *s, uid_t owner, struct iap_found *found)
{
	_cleanup_free_ char *stem = snitch_format("%s." IAP_STEM, s->path);
	_cleanup_free_ char *dir = strdup(s->path), *share = NULL;
	char *slash;

	found->match = IAP_BY_PATH;
	if (!stem || !dir)
		return false;
	if (try_both(s, stem, owner, found))
		return true;
	slash = strrchr(dir, '/');
	*slash = '\0';
	slash = strrchr(dir, '/');
	if (!slash)
		return false;
	*slash = '\0';
	share = snitch_format("%s/share/%s/" IAP_STEM, dir, base_name(s->path));
	return share && try_both(s, share, owner, found);
}

static bool inside(const struct iap_search *s, uid_t owner, struct iap_found *found)
{
	_cleanup_close_ int fd = iap_trusted_open(s->root, s->path, owner, &found->owner);
	_cleanup_free_ char *bytes = NULL;
	size_t len;
	int r = fd < 0 ? fd : iap_elf_note(fd, &bytes, &len);

	if (!r)
		r = iap_load_bytes(bytes, len, s->langs, &found->policy, NULL);
	if (s->tell)
		s->tell(s->ctx, s->path, r);
	found->path = r ? NULL : strdup(s->path);
	return !r;
}

int iap_find(const struct iap_search *search, struct iap_found *found)
{
	_cleanup_free_ char *real = iap_resolve(search->root, search->path);
	struct iap_search s = *search;
	struct stat st;

	memset(found, 0, sizeof(*found));
	s.path = real ? real : search->path;
	if (*s.path != '/' || strstr(s.path, "/../") || strlen(s.path) >= PATH_MAX)
		return -ENOENT;
	found->place = IAP_ADMIN;
	if (in_folder(&s, IAP_ADMIN_FOLDER, found))
		return 0;
	found->place = IAP_SYSTEM;
	if (in_folder(&s, IAP_SYSTEM_FOLDER, found))
		return 0;
	if (!real || fstatat(s.root->fd, real + 1, &st, AT_SYMLINK_NOFOLLOW))
		return -ENOENT;
	found->place = IAP_BESIDE;
	if (beside(&s, st.st_uid, found))
		return 0;
	found->place = IAP_INSIDE;
	return inside(&s, st.st_uid, found) ? 0 : -ENOENT;
}

void iap_found_clear(struct iap_found *found)
{
	iap_free(found->policy);
	free(found->path);
	memset(found, 0, sizeof(*found));
}

char *iap_source(const struct iap_found *found)
{
	static const char *const places[] = {
		[IAP_ADMIN] = "this machine's administrator", [IAP_SYSTEM] = "shipped with snitch",
		[IAP_BESIDE] = "the program's own", [IAP_INSIDE] = "the program's own",
	};
	const char *claim = found->match == IAP_BY_CLAIM ? ", if the program is what it says" : "";
	const struct passwd *pw = found->owner ? getpwuid(found->owner) : NULL;

	if (found->place < IAP_BESIDE || !found->owner)
		return snitch_format("%s%s", places[found->place], claim);
	return snitch_format("%s, written by user %s", places[found->place],
			     pw ? pw->pw_name : "unknown");
}
