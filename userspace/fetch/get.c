// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One list over HTTPS. It must never speak anything else, believe a certificate that nobody
 * vouches for, nor take more bytes, time or redirects than its bounds.
 */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fetch.h"

/**
 * struct transfer - what a transfer has brought so far
 * @left: bytes that may still come
 * @too_big: more came
 * @failed: they could not be written
 */
struct transfer {
	FILE *to;
	uint64_t left;
	bool too_big;
	bool failed;
	char etag[LIST_ETAG_MAX];
};

/* Decompressed bytes: their number is bounded, too. */
static size_t take_body(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	n *= size;
	t->too_big = n > t->left;
	if (t->too_big)
		return 0;
	t->left -= n;
	t->failed = fwrite(data, 1, n, t->to) != n;
	return t->failed ? 0 : n;
}

/* "ETag: ..." of the last answer, if it is one that can be written down. */
static void take_etag(struct transfer *t, const char *value, size_t len)
{
	size_t i;

	while (len && (*value == ' ' || *value == '\t')) {
		value++;
		len--;
	}
	while (len && strchr(" \t\r\n", value[len - 1]))
		len--;
	if (len >= sizeof(t->etag))
		return;
	for (i = 0; i < len; i++) {
		if ((unsigned char)value[i] < ' ' || (unsigned char)value[i] >= 0x7f)
			return;
	}
	memcpy(t->etag, value, len);
	t->etag[len] = '\0';
}

static size_t take_header(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	n *= size;
	if (n >= 5 && !strncasecmp(data, "HTTP/", 5))
		t->etag[0] = '\0';	/* of another answer: a redirect */
	else if (n >= 5 && !strncasecmp(data, "etag:", 5))
		take_etag(t, data + 5, n - 5);
	return n;
}

static CURLcode only_https(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	CURLcode r = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");

	return r ? r : curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
	CURLcode r = curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTPS);

	return r ? r : curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, (long)CURLPROTO_HTTPS);
#endif
}

static CURLcode set_bounds(CURL *curl, const struct fetch_options *opt)
{
	CURLcode r = curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)opt->max);

	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)FETCH_CONNECT);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_TIMEOUT, opt->time);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)FETCH_SLOW_BYTES);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, opt->slow_time);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	return r ? r : curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)FETCH_REDIRECTS);
}

static CURLcode set_all(CURL *curl, const struct fetch_options *opt, const struct list_job *job,
			struct transfer *t, struct curl_slist *headers, char *error)
{
	CURLcode r = only_https(curl);

	if (!r)
		r = set_bounds(curl, opt);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	if (!r && opt->cacert)
		r = curl_easy_setopt(curl, CURLOPT_CAINFO, opt->cacert);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_URL, job->url);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_USERAGENT, "snitch-fetch/" SNITCH_VERSION);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	if (!r)
		r = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	return r ? r : curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
}

static struct curl_slist *condition(const struct list_job *job)
{
	char line[LIST_ETAG_MAX + 32];

	if (!*job->etag)
		return NULL;
	snprintf(line, sizeof(line), "If-None-Match: %s", job->etag);
	return curl_slist_append(NULL, line);
}

/* One line of printable ASCII: what libcurl says may quote the other side. */
static void say(struct list_result *result, const char *text)
{
	size_t i;

	for (i = 0; text[i] && i < sizeof(result->error) - 1; i++)
		result->error[i] = text[i] < ' ' || text[i] >= 0x7f ? '?' : text[i];
	result->error[i] = '\0';
}

static void judge(const struct transfer *t, CURLcode r, long status, const char *error,
		  struct list_result *result)
{
	char text[64];

	result->outcome = LIST_FETCH_FAILED;
	if (t->too_big || r == CURLE_FILESIZE_EXCEEDED) {
		say(result, "it is too big");
	} else if (t->failed) {
		say(result, "it cannot be written: no room?");
	} else if (r) {
		say(result, *error ? error : curl_easy_strerror(r));
	} else if (status == 304) {
		result->outcome = LIST_FETCH_SAME;
	} else if (status == 200) {
		result->outcome = LIST_FETCH_OK;
		strcpy(result->etag, t->etag);
	} else {
		snprintf(text, sizeof(text), "the server answers %ld", status);
		say(result, text);
	}
}

void fetch_get(const struct fetch_options *opt, const struct list_job *job, FILE *to,
	       struct list_result *result)
{
	struct transfer t = { .to = to, .left = opt->max };
	struct curl_slist *headers = condition(job);
	char error[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	CURLcode r = CURLE_OUT_OF_MEMORY;
	long status = 0;

	if (curl) {
		r = set_all(curl, opt, job, &t, headers, error);
		if (!r)
			r = curl_easy_perform(curl);
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_cleanup(curl);
	}
	curl_slist_free_all(headers);
	judge(&t, r, status, error, result);
}
