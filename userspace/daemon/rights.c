// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may see and answer what. It must never give a right on a doubt: what cannot be read counts
 * as no.
 */
#include "rights.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-login.h>

#include "../util/cleanup.h"

#define ADMIN_GROUP	"snitch"
#define UID_FIRST_USER	1000U	/* Debian policy 9.2.2 */
#define UID_DYNAMIC	61184U	/* systemd's DynamicUser range */
#define UID_DYNAMIC_END	65519U
#define UID_NOBODY	65534U

/* Name and group of @uid from the local file: other name services may need the network. */
static bool local_user(uint32_t uid, char *name, size_t size, gid_t *gid)
{
	_cleanup_fclose_ FILE *f = fopen("/etc/passwd", "re");
	struct passwd *pw;

	while (f && (pw = fgetpwent(f))) {
		if (pw->pw_uid != uid)
			continue;
		snprintf(name, size, "%s", pw->pw_name);
		*gid = pw->pw_gid;
		return true;
	}
	return false;
}

char *rights_user_name(uint32_t uid, char *buf, size_t size)
{
	gid_t gid;

	if (!local_user(uid, buf, size, &gid))
		snprintf(buf, size, "%u", uid);
	return buf;
}

static bool has_member(const struct group *gr, const char *name)
{
	char **m;

	for (m = gr->gr_mem; *m; m++) {
		if (!strcmp(*m, name))
			return true;
	}
	return false;
}

static bool in_admin_group(uint32_t uid)
{
	_cleanup_fclose_ FILE *f = fopen("/etc/group", "re");
	struct group *gr;
	char name[256];
	gid_t gid;

	if (!f || !local_user(uid, name, sizeof(name), &gid))
		return false;
	while ((gr = fgetgrent(f))) {
		if (!strcmp(gr->gr_name, ADMIN_GROUP))
			return gr->gr_gid == gid || has_member(gr, name);
	}
	return false;
}

size_t rights_groups(uint32_t uid, uint32_t *gids, size_t max)
{
	_cleanup_fclose_ FILE *f = fopen("/etc/group", "re");
	struct group *gr;
	char name[256];
	size_t n = 0;
	gid_t gid;

	if (!f || !local_user(uid, name, sizeof(name), &gid))
		return 0;
	while (n < max && (gr = fgetgrent(f))) {
		if (has_member(gr, name))
			gids[n++] = gr->gr_gid;
	}
	return n;
}

void rights_caller(struct caller *caller, uint32_t uid)
{
	*caller = (struct caller){ .uid = uid, .admin = uid == 0 || in_admin_group(uid) };
}

void rights_grant(struct caller *caller, enum right right)
{
	if (rights_system_uid(caller->uid))
		return;
	caller->keep |= right == RIGHT_KEEP_OWN;
	caller->system |= right == RIGHT_ANSWER_SYSTEM;
	caller->admin |= right == RIGHT_MANAGE;
}

bool rights_system_uid(uint32_t uid)
{
	return uid < UID_FIRST_USER || (uid >= UID_DYNAMIC && uid <= UID_DYNAMIC_END) ||
	       uid == UID_NOBODY || uid == 65535 || uid == (uint32_t)-1;
}

bool rights_may_answer(const struct caller *caller, uint32_t uid)
{
	return rights_may_last(caller, uid) || (caller->system && rights_system_uid(uid));
}

enum right rights_to_answer(const struct caller *caller, uint32_t uid)
{
	return rights_system_uid(uid) && !rights_system_uid(caller->uid) ? RIGHT_ANSWER_SYSTEM :
									   RIGHT_NONE;
}

bool rights_may_last(const struct caller *caller, uint32_t uid)
{
	return caller->admin || (caller->uid == uid && !rights_system_uid(uid));
}

static bool has_local_session(uint32_t uid)
{
	char **sessions = NULL;
	bool found = false;
	int i, n;

	n = sd_uid_get_sessions(uid, true, &sessions);
	for (i = 0; i < n; i++) {
		if (sd_session_is_remote(sessions[i]) == 0 &&
		    sd_session_get_seat(sessions[i], NULL) >= 0)
			found = true;
		free(sessions[i]);
	}
	free(sessions);
	return found;
}

bool rights_may_keep(const struct caller *caller, uint32_t uid)
{
	if (!rights_may_last(caller, uid))
		return false;
	return caller->admin || caller->keep || has_local_session(uid);
}
