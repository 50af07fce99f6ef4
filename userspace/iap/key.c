// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys: which programs a policy is for. What a process can make up about itself (its control group)
 * counts only as a claim, and only for programs of a sandbox.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "../package/package.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "find.h"

#define FLATPAK_APPS	"/var/lib/flatpak/app/"
#define SNAPS		"/snap/"
#define ID_MAX		255

static bool is_id(const char *id)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			  "._+-");

	return n && !id[n] && n <= ID_MAX && *id != '.';
}

static enum iap_match by_path(const struct iap_program *p, const char *path)
{
	return !fnmatch(path, p->path, FNM_PATHNAME | FNM_NOESCAPE) ? IAP_BY_PATH : IAP_BY_NOTHING;
}

static enum iap_match by_package(const struct iap_program *p, const char *package)
{
	const struct package_question q = {
		.root = p->root->fd, .owner = p->root->owner, .path = p->path, .md5 = "",
	};

	return package_lists(&q, package) == 1 ? IAP_BY_PACKAGE : IAP_BY_NOTHING;
}

/* Does the value of Exec= start this very file? */
static bool starts(const struct iap_program *p, const char *exec)
{
	size_t n = strcspn(exec, " \t");
	_cleanup_free_ char *path = snitch_format("%s%.*s", *exec == '/' ? "" : "/usr/bin/", (int)n,
						  exec);
	_cleanup_free_ char *real = path ? iap_resolve(p->root, path) : NULL;

	return real && !strcmp(real, p->path);
}

static enum iap_match by_desktop(const struct iap_program *p, const char *id)
{
	_cleanup_free_ char *path = snitch_format("/usr/share/applications/%s.desktop", id);
	_cleanup_free_ char *text = NULL;
	char *rest, *line;
	bool ours = false;
	size_t len;

	if (!path || iap_trusted_read(p->root, path, p->root->owner, &text, &len, NULL))
		return IAP_BY_NOTHING;
	text[len ? len - 1 : 0] = '\0';
	for (rest = text; (line = strsep(&rest, "\n"));) {
		if (*line == '[')
			ours = !strcmp(line, "[Desktop Entry]");
		else if (ours && !strncmp(line, "Exec=", 5) && starts(p, line + 5))
			return IAP_BY_DESKTOP;
	}
	return IAP_BY_NOTHING;
}

/* Is @text @id, followed by one of @after? */
static bool begins(const char *text, const char *id, const char *after)
{
	size_t n = strlen(id);

	return !strncmp(text, id, n) && text[n] && strchr(after, text[n]);
}

static enum iap_match by_flatpak(const struct iap_program *p, const char *id)
{
	static const char scope[] = "/app-flatpak-";
	const char *at = p->cgroup ? strstr(p->cgroup, scope) : NULL;

	if (!strncmp(p->path, FLATPAK_APPS, strlen(FLATPAK_APPS)) &&
	    begins(p->path + strlen(FLATPAK_APPS), id, "/"))
		return IAP_BY_SANDBOX;
	if (strncmp(p->path, "/app/", 5) || !at)
		return IAP_BY_NOTHING;
	return begins(at + strlen(scope), id, "-") ? IAP_BY_CLAIM : IAP_BY_NOTHING;
}

/* Snaps are mounted by root, read-only, each at its name. */
static enum iap_match by_snap(const struct iap_program *p, const char *name)
{
	return !strncmp(p->path, SNAPS, strlen(SNAPS)) &&
	       begins(p->path + strlen(SNAPS), name, "/") ? IAP_BY_SANDBOX : IAP_BY_NOTHING;
}

static const struct {
	const char *word;
	enum iap_match (*match)(const struct iap_program *p, const char *id);
} kinds[] = {
	{ "package ", by_package },
	{ "desktop ", by_desktop },
	{ "flatpak ", by_flatpak },
	{ "snap ", by_snap },
};

enum iap_match iap_key_match(const struct iap_program *program, const char *key)
{
	size_t i;

	if (!iap_key_valid(key))
		return IAP_BY_NOTHING;
	if (*key == '/')
		return by_path(program, key);
	for (i = 0; i < SNITCH_ARRAY_SIZE(kinds); i++)
		if (!strncmp(key, kinds[i].word, strlen(kinds[i].word)))
			return kinds[i].match(program, key + strlen(kinds[i].word));
	return IAP_BY_NOTHING;
}

enum iap_match iap_name_match(const struct iap_program *program, const char *name)
{
	enum iap_match match = IAP_BY_NOTHING;
	size_t i;

	for (i = 0; !match && is_id(name) && i < SNITCH_ARRAY_SIZE(kinds); i++)
		match = kinds[i].match(program, name);
	return match;
}

bool iap_key_valid(const char *key)
{
	size_t i;

	if (*key == '/')
		return key[1] && !strstr(key, "/../") && !strstr(key, "//");
	for (i = 0; i < SNITCH_ARRAY_SIZE(kinds); i++)
		if (!strncmp(key, kinds[i].word, strlen(kinds[i].word)))
			return is_id(key + strlen(kinds[i].word));
	return false;
}
