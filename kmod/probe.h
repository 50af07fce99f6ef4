/* SPDX-License-Identifier: GPL-2.0-only */
/* Probe: attaches to kernel tracepoints by name; all or nothing. */
#ifndef SNITCH_PROBE_H
#define SNITCH_PROBE_H

int snitch_probe_init(void);
void snitch_probe_exit(void);

#endif
