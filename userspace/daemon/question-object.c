// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Questions as objects /org/snitch/Snitch1/question/N, for tools that browse the bus. It must
 * never show a question to somebody who may not answer it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"
#include "daemon.h"
#include "identity.h"

/* The caller's right to see @q, checked for each call and each property. */
static int may_see(struct daemon *d, sd_bus *bus, const struct question *q, sd_bus_error *error)
{
	sd_bus_message *m = sd_bus_get_current_message(bus);
	struct caller who;
	int r;

	r = m ? bus_caller(d, m, &who) : -EACCES;
	if (r >= 0 && rights_may_answer(&who, q->belongs))
		return 0;
	return sd_bus_error_set(error, DAEMON_ERROR "NotPermitted",
				"this question is somebody else's");
}

static struct question *question_of(struct daemon *d, const char *path)
{
	size_t len = strlen(DAEMON_QUESTION_PATH);
	char *end;
	uint64_t id;

	if (strncmp(path, DAEMON_QUESTION_PATH "/", len + 1) || path[len + 1] < '0' ||
	    path[len + 1] > '9')
		return NULL;
	errno = 0;
	id = strtoull(path + len + 1, &end, 10);
	if (errno || *end)
		return NULL;
	return questions_find(d->core.questions, id);
}

int question_find(sd_bus *bus, const char *path, const char *interface, void *userdata,
		  void **found, sd_bus_error *error)
{
	const struct question *q = question_of(userdata, path);

	(void)bus;
	(void)interface;
	(void)error;
	if (!q || !q->listed)
		return 0;
	*found = userdata;
	return 1;
}

int question_enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***nodes,
		       sd_bus_error *error)
{
	struct daemon *d = userdata;
	sd_bus_message *m = sd_bus_get_current_message(bus);
	struct question *q = NULL;
	struct caller who;
	size_t n = 0;
	char **list;

	(void)prefix;
	(void)error;
	if (!m || bus_caller(d, m, &who) < 0)
		return 0;
	list = calloc(SNITCH_QUESTIONS_LISTED + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	while ((q = questions_next(d->core.questions, q)) && n < SNITCH_QUESTIONS_LISTED) {
		if (!rights_may_answer(&who, q->belongs))
			continue;
		list[n] = snitch_format(DAEMON_QUESTION_PATH "/%llu", (unsigned long long)q->id);
		if (!list[n])
			break;
		n++;
	}
	*nodes = list;
	return 0;
}

/* Texts that somebody else may have made. */
static int get_text(const struct question *q, const char *property, sd_bus_message *reply)
{
	const struct image *image = q->owner->image;
	char text[APP_WORDS] = "";
	const char *value = text;

	if (!strcmp(property, "User"))
		rights_user_name(q->uid, text, sizeof(text));
	else if (!strcmp(property, "LoginUser") && image->wire.loginuid != (uint32_t)-1)
		rights_user_name(image->wire.loginuid, text, sizeof(text));
	else if (!strcmp(property, "App"))
		identity_words(image, text, sizeof(text));
	else if (!strcmp(property, "Script"))
		value = image->script;
	else if (!strcmp(property, "Name"))
		value = q->names.n ? q->names.name[0].text : "";
	else if (!strcmp(property, "Program"))
		value = image_program(image, text, sizeof(text));
	_cleanup_free_ char *safe = snitch_escape_str(value);

	return safe ? sd_bus_message_append(reply, "s", safe) : -ENOMEM;
}

static int get(sd_bus *bus, const char *path, const char *interface, const char *property,
	       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct question *q = question_of(d, path);
	char text[SNITCH_ADDR_TEXT];
	int r;

	(void)interface;
	if (!q)
		return -ENOENT;
	r = may_see(d, bus, q, error);
	if (r < 0)
		return r;
	if (!strcmp(property, "Id"))
		return sd_bus_message_append(reply, "t", q->id);
	if (!strcmp(property, "State"))
		return sd_bus_message_append(reply, "s", question_state_name(q->state));
	if (!strcmp(property, "Pid"))
		return sd_bus_message_append(reply, "u", q->owner->image->wire.pid);
	if (!strcmp(property, "Uid"))
		return sd_bus_message_append(reply, "u", q->uid);
	if (!strcmp(property, "Flows"))
		return sd_bus_message_append(reply, "u", q->n_flows);
	if (!strcmp(property, "Destination"))
		return sd_bus_message_append(reply, "s", snitch_addr_format(q->target.family,
									    q->target.addr, text));
	return get_text(q, property, reply);
}

static int on_get(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct question *q = question_of(d, sd_bus_message_get_path(m));
	sd_bus_message *reply = NULL;
	int r;

	if (!q)
		return -ENOENT;
	r = may_see(d, sd_bus_message_get_bus(m), q, error);
	if (r >= 0)
		r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = message_question(reply, &d->core, q);
	if (r >= 0)
		r = sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	return r;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct question *q = question_of(d, sd_bus_message_get_path(m));

	(void)error;
	return q ? manager_answer(d, m, q->id) : -ENOENT;
}

const sd_bus_vtable question_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Id", "t", get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("State", "s", get, 0, 0),
	SD_BUS_PROPERTY("Program", "s", get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Pid", "u", get, 0, 0),
	SD_BUS_PROPERTY("Uid", "u", get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("User", "s", get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("LoginUser", "s", get, 0, 0),
	SD_BUS_PROPERTY("App", "s", get, 0, 0),
	SD_BUS_PROPERTY("Script", "s", get, 0, 0),
	SD_BUS_PROPERTY("Name", "s", get, 0, 0),
	SD_BUS_PROPERTY("Destination", "s", get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Flows", "u", get, 0, 0),
	SD_BUS_METHOD("Get", "", "a{sv}", on_get, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Answer", "sss", "a{sv}", on_answer, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END
};
