// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way to snitchd: system bus or private socket, calls, errors as exit
 * codes. It must never fall back to another daemon than the caller asked for.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "cli.h"

#define CALL_TIMEOUT_US (25ULL * 1000 * 1000)
#define PERSON_TIMEOUT_US (130ULL * 1000 * 1000)	/* longer than snitchd waits for polkit */

static int start(sd_bus *bus, const char *address, bool client)
{
	int rc = sd_bus_set_address(bus, address);

	if (rc >= 0)
		rc = sd_bus_set_bus_client(bus, client);
	return rc < 0 ? rc : sd_bus_start(bus);
}

static int open_address(const char *address, bool client, sd_bus **out)
{
	sd_bus *bus;
	int rc = sd_bus_new(&bus);

	if (rc < 0)
		return rc;
	rc = start(bus, address, client);
	if (rc < 0)
		bus = sd_bus_unref(bus);
	*out = bus;
	return rc;
}

static int open_private(struct cli *cli, const char *path)
{
	char address[512];
	int rc;

	if (strpbrk(path, ",;%="))
		return -EINVAL;
	snprintf(address, sizeof(address), "unix:path=%s", path);
	rc = open_address(address, false, &cli->bus);
	cli->direct = rc >= 0;
	return rc;
}

/* Is snitchd on this message bus? It is never started by asking. */
static bool has_snitchd(sd_bus *bus)
{
	sd_bus_message *reply = NULL;
	int owned = 0;

	if (sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
			       "org.freedesktop.DBus", "NameHasOwner", NULL, &reply, "s",
			       SNITCH_BUS_NAME) >= 0)
		sd_bus_message_read(reply, "b", &owned);
	sd_bus_message_unref(reply);
	return owned;
}

static int on_bus(struct cli *cli, int rc)
{
	if (rc < 0) {
		cli->bus = NULL;
		return rc;
	}
	if (has_snitchd(cli->bus))
		return 0;
	cli->bus = sd_bus_flush_close_unref(cli->bus);
	return -ENOENT;
}

static int try_open(struct cli *cli)
{
	const char *env = getenv(SNITCH_BUS_ENV);
	int rc, private;

	if (env && *env == '/')
		return open_private(cli, env);
	if (env && !strcmp(env, "session"))
		return on_bus(cli, sd_bus_open_user(&cli->bus));
	if (env && !strncmp(env, "session:", 8))
		return on_bus(cli, open_address(env + 8, true, &cli->bus));
	rc = on_bus(cli, sd_bus_open_system(&cli->bus));
	if (rc >= 0 || (env && *env) || access(SNITCH_BUS_SOCKET, F_OK))
		return rc;
	private = open_private(cli, SNITCH_BUS_SOCKET);
	if (private >= 0 || geteuid() == 0 || private == -EACCES || private == -EPERM)
		return private;
	return rc;
}

int cli_bus_open(struct cli *cli, bool quiet)
{
	int rc;

	if (cli->bus)
		return CLI_OK;
	rc = try_open(cli);
	if (rc >= 0)
		return CLI_OK;
	cli->bus = NULL;
	if (rc == -EACCES || rc == -EPERM) {
		if (!quiet)
			out_error("there is no system bus and %s is for root: use sudo",
				  SNITCH_BUS_SOCKET);
		return CLI_DENIED;
	}
	if (!quiet)
		out_error("snitchd is not running; start it: systemctl start snitchd "
			  "(`snitch doctor` says more)");
	return CLI_NO_DAEMON;
}

void cli_bus_close(struct cli *cli)
{
	cli->bus = sd_bus_flush_close_unref(cli->bus);
}

#define OWN_ERROR	SNITCH_BUS_NAME ".Error."

/* Error name to exit code. */
static const struct {
	const char *name;
	int code;
} error_codes[] = {
	{ OWN_ERROR "NotFound", CLI_NOT_FOUND },
	{ OWN_ERROR "NotPermitted", CLI_DENIED },
	{ OWN_ERROR "Invalid", CLI_INVALID },
	{ "org.freedesktop.DBus.Error.AccessDenied", CLI_DENIED },
	{ SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, CLI_DENIED },
	{ "org.freedesktop.DBus.Error.ServiceUnknown", CLI_NO_DAEMON },
	{ "org.freedesktop.DBus.Error.NameHasNoOwner", CLI_NO_DAEMON },
	{ "org.freedesktop.DBus.Error.Disconnected", CLI_NO_DAEMON },
	{ "org.freedesktop.DBus.Error.NoReply", CLI_TIMEOUT },
	{ "org.freedesktop.DBus.Error.Timeout", CLI_TIMEOUT },
};

int cli_bus_error(const char *what, int err, const sd_bus_error *error)
{
	const char *text = error && error->message ? error->message : strerror(-err);
	size_t i;

	if (err == -ECONNRESET || err == -ENOTCONN || err == -EPIPE) {
		out_error("%s: snitchd went away; see `journalctl -u snitchd`", what);
		return CLI_NO_DAEMON;
	}
	/* Sentences of snitchd stand for themselves. */
	if (sd_bus_error_is_set(error) && !strncmp(error->name, OWN_ERROR, strlen(OWN_ERROR)))
		out_error("%s", text);
	else if (sd_bus_error_has_name(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED))
		out_error("%s: type the command in a terminal, without --no-ask-password, or use sudo",
			  text);
	else
		out_error("%s: %s", what, text);
	for (i = 0; error && error->name && i < SNITCH_ARRAY_SIZE(error_codes); i++)
		if (!strcmp(error->name, error_codes[i].name))
			return error_codes[i].code;
	return err == -ETIMEDOUT ? CLI_TIMEOUT : CLI_FAILED;
}

/* A call of @member, without arguments yet. */
static int call_new(struct cli *cli, const char *member, sd_bus_message **m)
{
	int rc = sd_bus_message_new_method_call(cli->bus, m, cli->direct ? NULL : SNITCH_BUS_NAME,
						SNITCH_BUS_PATH, SNITCH_BUS_IFACE, member);

	if (rc >= 0)
		sd_bus_message_set_auto_start(*m, 0);
	return rc;
}

/* snitchd would take a password: the same call as @m once more, so that a person may be asked. */
static int call_again(struct cli *cli, const char *member, sd_bus_message *m, sd_bus_error *error,
		      sd_bus_message **reply)
{
	sd_bus_message *again = NULL;
	int rc = call_new(cli, member, &again);

	if (rc >= 0)
		rc = sd_bus_message_set_allow_interactive_authorization(again, true);
	if (rc >= 0)
		rc = sd_bus_message_rewind(m, true);
	if (rc >= 0)
		rc = sd_bus_message_copy(again, m, true);
	if (rc >= 0) {
		sd_bus_error_free(error);
		password_start(cli);
		rc = sd_bus_call(cli->bus, again, PERSON_TIMEOUT_US, error, reply);
		password_stop(cli);
	}
	sd_bus_message_unref(again);
	return rc;
}

/* Sends @m, which it takes, unless @rc says that it could not be made. */
static int call_send(struct cli *cli, const char *member, sd_bus_message *m, int rc,
		     sd_bus_message **reply)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int code = CLI_OK;

	if (rc >= 0)
		rc = sd_bus_call(cli->bus, m, CALL_TIMEOUT_US, &error, reply);
	if (rc < 0 && !cli->no_password &&
	    sd_bus_error_has_name(&error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED))
		rc = call_again(cli, member, m, &error, reply);
	if (rc < 0)
		code = cli_bus_error(member, rc, &error);
	sd_bus_error_free(&error);
	sd_bus_message_unref(m);
	return code;
}

static int callv(struct cli *cli, const char *member, sd_bus_message **reply, const char *types,
		 va_list ap)
{
	sd_bus_message *m = NULL;
	int rc, code = cli_bus_open(cli, false);

	if (code)
		return code;
	rc = call_new(cli, member, &m);
	if (rc >= 0 && *types)
		rc = sd_bus_message_appendv(m, types, ap);
	return call_send(cli, member, m, rc, reply);
}

int cli_call(struct cli *cli, const char *member, sd_bus_message **reply, const char *types, ...)
{
	va_list ap;
	int code;

	va_start(ap, types);
	code = callv(cli, member, reply, types, ap);
	va_end(ap);
	return code;
}

/* The first value of @reply, which it takes. */
static int read_reply(const char *member, sd_bus_message *reply, json_t **out)
{
	*out = value_read(reply);
	sd_bus_message_unref(reply);
	if (*out)
		return CLI_OK;
	out_error("%s: snitchd gave an answer this program does not understand: "
		  "are both of the same version?", member);
	return CLI_FAILED;
}

int cli_call_json(struct cli *cli, const char *member, json_t **out, const char *types, ...)
{
	sd_bus_message *reply = NULL;
	va_list ap;
	int code;

	va_start(ap, types);
	code = callv(cli, member, &reply, types, ap);
	va_end(ap);
	return code ? code : read_reply(member, reply, out);
}

int cli_call_many(struct cli *cli, const char *member, json_t **out, char **strings,
		  const char *last)
{
	sd_bus_message *m = NULL, *reply = NULL;
	int rc, code = cli_bus_open(cli, false);

	if (code)
		return code;
	rc = call_new(cli, member, &m);
	if (rc >= 0)
		rc = sd_bus_message_append_strv(m, strings);
	if (rc >= 0)
		rc = sd_bus_message_append(m, "s", last);
	code = call_send(cli, member, m, rc, &reply);
	return code ? code : read_reply(member, reply, out);
}

int cli_match(struct cli *cli, const char *member, sd_bus_message_handler_t handler, void *ctx)
{
	return sd_bus_match_signal(cli->bus, NULL, cli->direct ? NULL : SNITCH_BUS_NAME,
				   SNITCH_BUS_PATH, SNITCH_BUS_IFACE, member, handler, ctx);
}

int cli_match_gone(struct cli *cli, sd_bus_message_handler_t handler, void *ctx)
{
	int rc;

	rc = sd_bus_add_match(cli->bus, NULL,
			      "type='signal',path='/org/freedesktop/DBus/Local',"
			      "interface='org.freedesktop.DBus.Local',member='Disconnected'",
			      handler, ctx);
	if (rc < 0 || cli->direct)
		return rc;
	return sd_bus_add_match(cli->bus, NULL,
				"type='signal',sender='org.freedesktop.DBus',"
				"interface='org.freedesktop.DBus',member='NameOwnerChanged',"
				"arg0='" SNITCH_BUS_NAME "'", handler, ctx);
}

bool cli_is_gone(sd_bus_message *m)
{
	const char *name, *old, *new;

	if (!sd_bus_message_is_signal(m, "org.freedesktop.DBus", "NameOwnerChanged"))
		return true;
	return sd_bus_message_read(m, "sss", &name, &old, &new) >= 0 && *old;
}
