/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may see and answer what. One place for the rule "a flow belongs to its effective uid"; it
 * never talks to a bus and never blocks on the network (local files only).
 */
#ifndef SNITCH_DAEMON_RIGHTS_H
#define SNITCH_DAEMON_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What somebody may lack, and polkit may give. */
enum right {
	RIGHT_NONE,
	RIGHT_KEEP_OWN,		/* lasting answers and rules for the own flows */
	RIGHT_ANSWER_SYSTEM,	/* seeing questions of system uids, answering them once */
	RIGHT_MANAGE,		/* what group snitch may */
	__RIGHT_MAX
};

/**
 * struct caller - somebody who talks to the daemon
 * @uid: effective uid, as the bus or the socket vouches for it
 * @admin: root, or a member of group snitch; or by polkit, for one call
 * @keep, @system: by polkit: RIGHT_KEEP_OWN, RIGHT_ANSWER_SYSTEM
 */
struct caller {
	uint32_t uid;
	bool admin;
	bool keep;
	bool system;
};

/* Fills in @caller for @uid: looks into /etc/passwd and /etc/group. */
void rights_caller(struct caller *caller, uint32_t uid);

/* Gives @right to @caller, who must be a person: system uids get nothing. */
void rights_grant(struct caller *caller, enum right right);

/* Supplementary groups of @uid by the local files, at most @max. Return: how many. */
size_t rights_groups(uint32_t uid, uint32_t *gids, size_t max);

/* Name of @uid by /etc/passwd, or the number, to @buf (at least 16 bytes). Return: @buf. */
char *rights_user_name(uint32_t uid, char *buf, size_t size);

/* True for uids of the system and of nobody: they have no person to answer for themselves. */
bool rights_system_uid(uint32_t uid);

/* True when @caller may see flows that belong to @uid, and answer them at least once. */
bool rights_may_answer(const struct caller *caller, uint32_t uid);

/* What @caller, who may not answer flows of @uid, would have to get for that; RIGHT_NONE: nothing. */
enum right rights_to_answer(const struct caller *caller, uint32_t uid);

/* True when @caller may also answer them for a while: an admin, or the user itself. */
bool rights_may_last(const struct caller *caller, uint32_t uid);

/*
 * True when @caller may also answer for ever: an admin, or the user itself in an active local
 * session, or by polkit.
 */
bool rights_may_keep(const struct caller *caller, uint32_t uid);

#endif
