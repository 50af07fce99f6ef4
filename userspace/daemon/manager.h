/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the manager object share. No other file may include it.
 */
#ifndef SNITCH_DAEMON_MANAGER_H
#define SNITCH_DAEMON_MANAGER_H

#include "daemon.h"

/* Replies with an error of ours. Return: as a method handler shall. */
int manager_refuse(sd_bus_message *m, const char *name, const char *text);

/*
 * Asks polkit for what @error says the caller lacks; the method runs again then. Where nobody is to
 * be asked, or polkit has said no, replies with @error. Return: as a method handler shall.
 */
int manager_lacks(struct daemon *d, sd_bus_message *m, const struct core_error *error);

/* What a method handler returns when all is said, or will be later: 0 would be "no such method". */
static inline int manager_end(int r)
{
	return r < 0 ? r : 1;
}

/* The caller of @m; replies by itself when nobody can tell. Return: 1 to go on. */
int manager_caller(struct daemon *d, sd_bus_message *m, struct caller *who);

/*
 * manager_caller(), then the arguments of @m, by sd_bus_message_read()'s @types. Return: 1 to go
 * on; else as a method handler shall.
 */
int manager_args(struct daemon *d, sd_bus_message *m, struct caller *who, const char *types, ...);

/* Goes on only for root and group snitch, or by polkit; replies by itself to others. Return: 1. */
int manager_admin(struct daemon *d, sd_bus_message *m, struct caller *who);

/* Sends @reply unless @r is an error. Return: as a method handler shall. */
int manager_reply(sd_bus_message *reply, int r);

/*
 * manager_caller(), then a reply with an array of @type begins, for manager_close_list(). Return: 1
 * to go on; else as a method handler shall.
 */
int manager_open_list(struct daemon *d, sd_bus_message *m, struct caller *who, const char *type,
		      sd_bus_message **reply);
/* Ends the array and sends @reply unless @r is an error. Return: as a method handler shall. */
int manager_close_list(sd_bus_message *reply, int r);

/* Of manager-status.c, manager-rules.c, manager-history.c and manager-explain.c, for the table. */
int manager_get_property(sd_bus *bus, const char *path, const char *interface,
			 const char *property, sd_bus_message *reply, void *userdata,
			 sd_bus_error *error);
int manager_get_status(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_list_rules(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_add_rule(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_add_rules(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_remove_rule(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_history(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_explain(sd_bus_message *m, void *userdata, sd_bus_error *error);
/* of manager-flows.c */
int manager_list_flows(sd_bus_message *m, void *userdata, sd_bus_error *error);
/* of manager-cut.c */
int manager_cut(sd_bus_message *m, void *userdata, sd_bus_error *error);
/* of trial.c */
int manager_begin_trial(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_get_trial(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_end_trial(sd_bus_message *m, void *userdata, sd_bus_error *error);
/* of profile.c */
int manager_set_profile(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_list_profiles(sd_bus_message *m, void *userdata, sd_bus_error *error);
/* of lend.c */
int manager_lend_rules(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_return_rules(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_loan_needs(sd_bus_message *m, void *userdata, sd_bus_error *error);
/* Installs changed rules, tells agents. Return: 0, also without a kernel, or a negative errno. */
int manager_rules_changed(struct daemon *d);
int manager_reload(sd_bus_message *m, void *userdata, sd_bus_error *error);

/* Of manager-lists.c. */
int manager_list_lists(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_test_list(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_set_list(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_remove_list(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_except_list(sd_bus_message *m, void *userdata, sd_bus_error *error);
int manager_update_list(sd_bus_message *m, void *userdata, sd_bus_error *error);

#endif
