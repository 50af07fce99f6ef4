// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults of policies, as `snitch iap lint` prints them. It must never hold an unescaped string. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"
#include "iap.h"

static void keep(struct iap_report *report, struct iap_finding finding, const char *where,
		 const char *fmt, va_list ap)
{
	_cleanup_free_ char *why = NULL;

	if (!report)
		return;
	report->fatal |= finding.fatal;
	if (report->n == IAP_FINDINGS_MAX) {
		report->more++;
		return;
	}
	why = snitch_vformat(fmt, ap);
	finding.why = snitch_escape_str(why);
	finding.where = snitch_escape_str(where);
	if (!finding.why || !finding.where) {
		free(finding.why);
		free(finding.where);
		report->more++;
		return;
	}
	report->found[report->n++] = finding;
}

void iap_fault(struct iap_report *report, bool fatal, const char *where, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(report, (struct iap_finding){ .fatal = fatal }, where, fmt, ap);
	va_end(ap);
}

void iap_fault_at(struct iap_report *report, bool fatal, unsigned int line, unsigned int column,
		  const char *fmt, ...)
{
	struct iap_finding finding = { .fatal = fatal, .line = line, .column = column };
	va_list ap;

	va_start(ap, fmt);
	keep(report, finding, NULL, fmt, ap);
	va_end(ap);
}

void iap_report_clear(struct iap_report *report)
{
	while (report->n) {
		free(report->found[--report->n].why);
		free(report->found[report->n].where);
	}
	report->more = 0;
	report->fatal = false;
}
