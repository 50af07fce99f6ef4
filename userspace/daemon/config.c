// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /etc/snitch/snitchd.conf: the few things that are neither rules nor the mode. It must never take
 * half a file.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "daemon.h"

#define CONFIG_FILE	"/etc/snitch/snitchd.conf"

struct config {
	uint32_t fail, kernel, forward;
	bool sni;
	struct history_wish history;
};

static int set_word(uint32_t *to, const char *value, const char *refuse)
{
	if (!strcmp(value, "allow"))
		*to = SNITCH_ALLOW;
	else if (!strcmp(value, refuse))
		*to = SNITCH_DENY;
	else
		return -EINVAL;
	return 0;
}

static int set_forward(uint32_t *to, const char *value)
{
	uint32_t i;

	for (i = SNITCH_FORWARD_IGNORE; i <= SNITCH_FORWARD_RULES; i++) {
		if (strcmp(value, snitch_forward_name(i)))
			continue;
		*to = i;
		return 0;
	}
	return -EINVAL;
}

static int set_switch(bool *to, const char *value)
{
	if (strcmp(value, "on") && strcmp(value, "off"))
		return -EINVAL;
	*to = value[1] == 'n';
	return 0;
}

/* Takes one line apart. Return: 0, -EINVAL. */
static int take_line(struct config *config, char *line)
{
	char key[32], value[32], rest[2];
	char *hash = strchr(line, '#');

	if (hash)
		*hash = '\0';
	if (line[strspn(line, " \t\r\n")] == '\0')
		return 0;
	if (sscanf(line, " %31[a-z-] = %31s %1s", key, value, rest) != 2)
		return -EINVAL;
	if (!strcmp(key, "fail"))
		return set_word(&config->fail, value, "refuse");
	if (!strcmp(key, "kernel"))
		return set_word(&config->kernel, value, "deny");
	if (!strcmp(key, "forward"))
		return set_forward(&config->forward, value);
	if (!strcmp(key, "sni"))
		return set_switch(&config->sni, value);
	if (!strncmp(key, "history", strlen("history")))
		return history_setting(&config->history, key, value);
	return -EINVAL;
}

int config_read(struct daemon *d)
{
	struct config config = { .fail = 0, .kernel = SNITCH_ALLOW, .sni = true,
				 .forward = SNITCH_FORWARD_LOG, .history = HISTORY_WISH_USUAL };
	_cleanup_free_ char *path = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	unsigned int number = 0;
	char line[256];

	path = snitch_format("%s" CONFIG_FILE, d->opt.root);
	if (!path)
		return -ENOMEM;
	f = fopen(path, "re");
	if (!f && errno != ENOENT) {
		log_msg(LOG_ERR, "cannot read %s: %m", path);
		return -EINVAL;
	}
	while (f && fgets(line, sizeof(line), f)) {
		number++;
		if (take_line(&config, line)) {
			log_msg(LOG_ERR, "%s:%u: expected \"fail = refuse|allow\", \"kernel = allow|deny\", "
				"\"forward = ignore|log|rules\", \"sni = on|off\", "
				HISTORY_WISH_EXPECTED, path, number);
			return -EINVAL;
		}
	}
	d->core.fail = config.fail;
	d->core.kernel_default = config.kernel;
	d->core.forward = config.forward;
	d->core.sni = config.sni;
	d->history_wish = config.history;
	return 0;
}
