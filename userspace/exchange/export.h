/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the writers of formats share. Private to userspace/exchange. */
#ifndef SNITCH_EXCHANGE_EXPORT_H
#define SNITCH_EXCHANGE_EXPORT_H

#include "exchange.h"

/* Report rule @at of @x, which is left out or written with less. Return: 0 or -ENOMEM. */
int export_leave(struct exchange *x, size_t at, const char *reason);
int export_change(struct exchange *x, size_t at, const char *reason);

/* The rules as an .lsrules file, in JSON. Return: 0 or -ENOMEM. */
int export_lsrules(struct exchange *x, char **out);

#endif
