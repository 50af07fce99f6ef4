// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mode and its file: one line "MODE" or "MODE until SECONDS then MODE". It must never read
 * something more open than what was written.
 */
#include "mode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/snitch.h"
#include "../util/cleanup.h"
#include "../util/format.h"

int mode_parse(const char *text, uint32_t *mode)
{
	uint32_t m;

	for (m = SNITCH_MODE_OFF; m <= SNITCH_MODE_LOCKDOWN; m++) {
		if (!strcmp(text, snitch_mode_name(m))) {
			*mode = m;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_line(struct mode *mode, char *line)
{
	char now[16], after[16];
	unsigned long long until;
	int n;

	n = sscanf(line, "%15s until %llu then %15s", now, &until, after);
	if ((n != 1 && n != 3) || mode_parse(now, &mode->now))
		return -EINVAL;
	mode->after = mode->now;
	mode->until = 0;
	if (n == 1)
		return 0;
	mode->until = until;
	return mode_parse(after, &mode->after);
}

int mode_load(struct mode *mode, const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char line[128];

	*mode = (struct mode){ .now = SNITCH_MODE_OBSERVE, .after = SNITCH_MODE_OBSERVE };
	if (!f && errno == ENOENT)
		return 0;
	if (f && fgets(line, sizeof(line), f) && !parse_line(mode, line))
		return 0;
	*mode = (struct mode){ .now = SNITCH_MODE_QUIET, .after = SNITCH_MODE_QUIET };
	return f ? 1 : -errno;
}

int mode_save(const struct mode *mode, const char *path)
{
	_cleanup_free_ char *tmp = NULL;
	_cleanup_fclose_ FILE *f = NULL;

	tmp = snitch_format("%s.new", path);
	if (!tmp)
		return -ENOMEM;
	f = fopen(tmp, "we");
	if (!f)
		return -errno;
	fprintf(f, "%s", snitch_mode_name(mode->now));
	if (mode->until)
		fprintf(f, " until %llu then %s", (unsigned long long)mode->until,
			snitch_mode_name(mode->after));
	fputc('\n', f);
	if (fflush(f) || fsync(fileno(f)) || rename(tmp, path))
		return -errno;
	return 0;
}

void mode_set(struct mode *mode, uint32_t now, uint64_t seconds, uint64_t real_now)
{
	uint32_t back = mode->until ? mode->after : mode->now;

	mode->now = now;
	mode->after = seconds ? back : now;
	mode->until = seconds ? real_now + seconds : 0;
}

int mode_expire(struct mode *mode, uint64_t real_now)
{
	if (!mode->until || real_now < mode->until)
		return 0;
	mode->now = mode->after;
	mode->until = 0;
	return 1;
}
