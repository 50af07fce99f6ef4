// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mode and its file: one line "MODE", or "MODE until SECONDS then MODE boot ID NANOSECONDS",
 * the end by the calendar and by the boot-time clock of that boot. It must never read something
 * more open than what was written.
 */
#include "mode.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../lib/snitch.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/save.h"
#include "../util/timespan.h"

#define BOOT_ID	"/proc/sys/kernel/random/boot_id"

void mode_clock_read(struct mode_clock *clock)
{
	_cleanup_fclose_ FILE *f = fopen(BOOT_ID, "re");

	clock->boottime = snitch_boottime();
	clock->real = time(NULL);
	if (!f || fscanf(f, "%39s", clock->boot) != 1)
		clock->boot[0] = '\0';
}

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

/* What is over ends at 1, for 0 is never. */
static uint64_t end_by_calendar(uint64_t until, const struct mode_clock *clock)
{
	uint64_t left = until > clock->real ? until - clock->real : 0;

	if (left > SNITCH_SPAN_MAX)
		left = SNITCH_SPAN_MAX;	/* somebody has set the clock back */
	return left ? clock->boottime + left * SNITCH_NSEC_PER_SEC : 1;
}

static int parse_line(struct mode *mode, const char *line, const struct mode_clock *clock)
{
	unsigned long long until, boottime;
	char now[16], after[16], boot[40], rest[2];
	int n;

	/* the whole line or nothing: a rest that is lost would be an end that is lost */
	n = sscanf(line, "%15s until %llu then %15s boot %39s %llu %1s", now, &until, after, boot,
		   &boottime, rest);
	if (n == 3 && sscanf(line, "%*s until %*u then %*s %1s", rest) == 1)
		n = 0;
	if (n == 1 && sscanf(line, "%*s %1s", rest) == 1)
		n = 0;
	if ((n != 1 && n != 3 && n != 5) || mode_parse(now, &mode->now))
		return -EINVAL;
	mode->after = mode->now;
	mode->until = 0;
	if (n == 1)
		return 0;
	if (n == 5 && boottime && clock->boot[0] && !strcmp(boot, clock->boot))
		mode->until = boottime;
	else
		mode->until = end_by_calendar(until, clock);
	return mode_parse(after, &mode->after);
}

int mode_load(struct mode *mode, const char *path, const struct mode_clock *clock)
{
	_cleanup_fclose_ FILE *f = snitch_read(path);
	char line[160];

	*mode = (struct mode){ .now = SNITCH_MODE_OBSERVE, .after = SNITCH_MODE_OBSERVE };
	if (!f && errno == ENOENT)
		return 0;
	if (f && fgets(line, sizeof(line), f) && !parse_line(mode, line, clock))
		return 0;
	*mode = (struct mode){ .now = SNITCH_MODE_QUIET, .after = SNITCH_MODE_QUIET };
	return f ? 1 : -errno;
}

struct saving {
	const struct mode *mode;
	const struct mode_clock *clock;
};

static int write_line(FILE *f, const void *ctx)
{
	const struct saving *s = ctx;
	const struct mode *mode = s->mode;
	const struct mode_clock *clock = s->clock;
	uint64_t left = mode->until > clock->boottime ? mode->until - clock->boottime : 0;

	fprintf(f, "%s", snitch_mode_name(mode->now));
	if (mode->until)
		fprintf(f, " until %llu then %s",
			(unsigned long long)(clock->real + left / SNITCH_NSEC_PER_SEC),
			snitch_mode_name(mode->after));
	if (mode->until && clock->boot[0])
		fprintf(f, " boot %s %llu", clock->boot, (unsigned long long)mode->until);
	fputc('\n', f);
	return 0;
}

int mode_save(const struct mode *mode, const char *path, const struct mode_clock *clock)
{
	const struct saving saving = { mode, clock };
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder = NULL;

	if (!slash)
		return -EINVAL;
	folder = strndup(path, slash - path);
	return folder ? snitch_save(folder, slash + 1, write_line, &saving) : -ENOMEM;
}

void mode_set(struct mode *mode, uint32_t now, uint64_t seconds, uint64_t boottime)
{
	uint32_t back = mode->until ? mode->after : mode->now;

	mode->now = now;
	mode->after = seconds ? back : now;
	mode->until = seconds ? boottime + seconds * SNITCH_NSEC_PER_SEC : 0;
}

int mode_expire(struct mode *mode, uint64_t boottime)
{
	if (!mode->until || boottime < mode->until)
		return 0;
	mode->now = mode->after;
	mode->until = 0;
	return 1;
}
