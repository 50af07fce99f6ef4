/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a policy says of a selection, as values that every face shows alike. All texts went through
 * iap_text(): it must never hold a raw one.
 */
#ifndef SNITCH_IAP_DESCRIBE_H
#define SNITCH_IAP_DESCRIBE_H

#include "find.h"

/**
 * iap_describe - the policy as an object: source, file, application, developer, website,
 * established, connections, services; see snitch(1)
 * @sel: NULL: all connections, in the order of the file
 *
 * Return: for json_decref(); NULL without memory.
 */
json_t *iap_describe(const struct iap_found *found, const struct iap_selection *sel);

/**
 * iap_next_text - the next of the texts to show; one that was shown already is passed over
 * @key: "purpose" or "deny_consequences"
 * @at: where to go on, from 0
 *
 * Return: the text; NULL: no more.
 */
const char *iap_next_text(const json_t *description, const char *key, size_t *at);

#endif
