// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * D-Bus values as JSON, so that every command shows and prints the same thing
 * in both forms. It must never trust a value to be of the documented type.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static json_t *read_basic(sd_bus_message *m, char type)
{
	union {
		uint8_t y;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		double d;
		const char *s;
	} v;

	if (sd_bus_message_read_basic(m, type, &v) <= 0)
		return NULL;
	switch (type) {
	case 'y': return json_integer(v.y);
	case 'b': return json_boolean(v.i);
	case 'n': return json_integer(v.n);
	case 'q': return json_integer(v.q);
	case 'i': return json_integer(v.i);
	case 'u': return json_integer(v.u);
	case 'x': return json_integer(v.x);
	case 't': return json_integer((json_int_t)v.t);
	case 'd': return json_real(v.d);
	case 's':
	case 'o':
	case 'g': return json_string(v.s);
	}
	return NULL;
}

/* "id" and "rule_id" hold 64 bits: as strings, which no reader rounds. */
static json_t *stringify_id(const char *key, json_t *value)
{
	char text[24];

	if (!json_is_integer(value) || (strcmp(key, "id") && strcmp(key, "rule_id")))
		return value;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)json_integer_value(value));
	json_decref(value);
	return json_string(text);
}

static int read_entry(sd_bus_message *m, json_t *obj)
{
	const char *contents, *key;
	char type;

	if (sd_bus_message_peek_type(m, &type, &contents) <= 0 || type != 'e' ||
	    *contents != 's' || sd_bus_message_enter_container(m, 'e', contents) < 0 ||
	    sd_bus_message_read_basic(m, 's', &key) <= 0)
		return -1;
	if (json_object_set_new(obj, key, stringify_id(key, value_read(m))))
		return -1;
	return sd_bus_message_exit_container(m);
}

static json_t *read_array(sd_bus_message *m, char type, const char *contents)
{
	bool dict = type == 'a' && *contents == '{';
	json_t *out = dict ? json_object() : json_array();

	if (!out || sd_bus_message_enter_container(m, type, contents) < 0)
		goto fail;
	while (!sd_bus_message_at_end(m, 0)) {
		if (dict ? read_entry(m, out) < 0 : json_array_append_new(out, value_read(m)))
			goto fail;
	}
	if (sd_bus_message_exit_container(m) < 0)
		goto fail;
	return out;
fail:
	json_decref(out);
	return NULL;
}

json_t *value_read(sd_bus_message *m)
{
	const char *contents;
	json_t *out;
	char type;

	if (sd_bus_message_peek_type(m, &type, &contents) <= 0)
		return NULL;
	if (type == 'a' || type == 'r')
		return read_array(m, type, contents);
	if (type != 'v')
		return read_basic(m, type);
	if (sd_bus_message_enter_container(m, 'v', contents) < 0)
		return NULL;
	out = value_read(m);
	if (sd_bus_message_exit_container(m) < 0) {
		json_decref(out);
		return NULL;
	}
	return out;
}

const char *value_str(const json_t *obj, const char *key, const char *fallback)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : fallback;
}

int64_t value_int(const json_t *obj, const char *key, int64_t fallback)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_integer(v) ? json_integer_value(v) : fallback;
}

bool value_bool(const json_t *obj, const char *key)
{
	return json_is_true(json_object_get(obj, key));
}

uint64_t value_id(const json_t *obj)
{
	return strtoull(value_str(obj, "id", "0"), NULL, 10);
}
