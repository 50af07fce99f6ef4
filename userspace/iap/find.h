/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the policy of a program is: in the administrator's folder, the system's, beside the
 * executable, in it. It must never take one that a program, or a user, could have made up for a
 * program that is not theirs.
 */
#ifndef SNITCH_IAP_FIND_H
#define SNITCH_IAP_FIND_H

#include "iap.h"
#include "trust.h"

#define IAP_ADMIN_FOLDER	"/etc/snitch/iap"
#define IAP_SYSTEM_FOLDER	"/usr/share/snitch/iap"
#define IAP_STEM		"InternetAccessPolicy"

#define IAP_FILES_MAX		1024	/* looked at in one folder */
#define IAP_NESTED_MAX		32	/* policies in one folder of nested ones */
#define IAP_NESTED_DEPTH	4

/* ---- load.c ------------------------------------------------------------------------------ */

/**
 * iap_load - read a policy's file with its translations and what is nested in it
 * @path: absolute, below @root
 * @also: who may own the files besides root
 * @app: name of the program, for %APPNAME% in nested ones
 * @owner: gets whose the file is; may be NULL
 *
 * Translations of DIR/STEM.json or .plist are DIR/LANG.lproj/STEM.strings, and the file's own
 * Localizations; DIR/LANG.lproj/STEM.json or .plist replaces the file. Nested policies lie in
 * DIR/STEM.d.
 *
 * Return: 0, -EINVAL with a fatal fault, or as iap_trusted_open().
 */
int iap_load(const struct iap_root *root, const char *path, uid_t also,
	     const struct iap_langs *langs, const char *app, struct iap_policy **out,
	     uid_t *owner, struct iap_report *report);

/** iap_load_bytes - the same of a policy that is no file: only Localizations count */
int iap_load_bytes(const char *bytes, size_t len, const struct iap_langs *langs,
		   struct iap_policy **out, struct iap_report *report);

/** iap_is_file - is @name one of a policy, "NAME.InternetAccessPolicy.json"? The length of NAME. */
bool iap_is_file(const char *name, size_t *len);

/* ---- key.c ------------------------------------------------------------------------------- */

/**
 * struct iap_program - the program that a policy is looked for
 * @path: of its executable, absolute, without symbolic links on the way
 * @cgroup: of the process; NULL: not known
 */
struct iap_program {
	const struct iap_root *root;
	const char *path;
	const char *cgroup;
};

/* How a key names a program, the surest first. */
enum iap_match {
	IAP_BY_NOTHING,
	IAP_BY_PATH,
	IAP_BY_PACKAGE,
	IAP_BY_DESKTOP,
	IAP_BY_SANDBOX,
	IAP_BY_CLAIM,			/* only the program's own surroundings say so */
};

/** iap_key_match - does a key ("/path", "package NAME", "desktop ID"...) name this program? */
enum iap_match iap_key_match(const struct iap_program *program, const char *key);

/** iap_name_match - the same for the name of a file without keys */
enum iap_match iap_name_match(const struct iap_program *program, const char *name);

/** iap_key_valid - is it a key at all? */
bool iap_key_valid(const char *key);

/* ---- find.c ------------------------------------------------------------------------------ */

enum iap_place {
	IAP_ADMIN,
	IAP_SYSTEM,
	IAP_BESIDE,
	IAP_INSIDE,
};

/**
 * struct iap_found - what was found
 * @path: of the file, or of the executable
 * @owner: whose that is
 */
struct iap_found {
	struct iap_policy *policy;
	enum iap_place place;
	enum iap_match match;
	char *path;
	uid_t owner;
};

/**
 * struct iap_search - what to look for, and whom to tell of each step
 * @tell: called with each file looked at, and with what became of it: 0, or a negative errno
 *        (-EPERM: others could have written it); may be NULL
 */
struct iap_search {
	const struct iap_root *root;
	const char *path;
	const char *cgroup;
	const struct iap_langs *langs;
	void (*tell)(void *ctx, const char *path, int result);
	void *ctx;
};

/** iap_find - the policy of a program, for iap_found_clear(); 0 or -ENOENT */
int iap_find(const struct iap_search *search, struct iap_found *found);
void iap_found_clear(struct iap_found *found);

/** iap_source - whose word it is, in words: "the administrator (/etc/...)"; for free() */
char *iap_source(const struct iap_found *found);

/** iap_resolve - @path below @root without symbolic links; for free(); NULL: it is not there */
char *iap_resolve(const struct iap_root *root, const char *path);

#endif
