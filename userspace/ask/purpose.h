/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the policy of a question's program says of it. The faces read policies themselves, as their
 * user; it must never change what a question offers or how it is answered.
 */
#ifndef SNITCH_ASK_PURPOSE_H
#define SNITCH_ASK_PURPOSE_H

#include <jansson.h>

struct purposes;

/**
 * purposes_new - policies by program, read once
 * @root: stands for /; NULL: /
 * @lang: languages, or NULL: of the environment
 *
 * Return: for purposes_free(); NULL without memory: nothing is known then.
 */
struct purposes *purposes_new(const char *root, const char *lang);
void purposes_free(struct purposes *p);		/* NULL is fine */

/**
 * purpose_of - what is known of a question, if an answer had this scope
 * @p: NULL is fine
 * @q: the question
 * @scope: "address-port"...
 *
 * Return: iap_describe()'s object, for json_decref(); NULL: no policy, or one that cannot be told
 * to be this very program's.
 */
json_t *purpose_of(struct purposes *p, const json_t *q, const char *scope);

/** purpose_attach - purpose_of() the default scope as member "policy" of @q, where there is one */
void purpose_attach(struct purposes *p, json_t *q);

#endif
