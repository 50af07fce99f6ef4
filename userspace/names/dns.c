// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DNS messages, behind the parser of the C library. It must never believe a record that does not
 * follow from the question.
 */
#include "dns.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define CHAIN_MAX	16	/* names from the question to the addresses */
#define RECORDS_MAX	256	/* of an answer that are looked at */
#define LABEL_MAX	63
#define TYPE_SVCB	64
#define TYPE_HTTPS	65
#define KEY_IPV4HINT	4
#define KEY_IPV6HINT	6

/* A character of host names as a small one; 0: it is none. */
static char name_char(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c + 'a' - 'A';
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ? c : 0;
}

bool dns_name_clean(const char *text, char out[DNS_NAME_SIZE])
{
	size_t len = strlen(text), label = 0, i;

	if (len && text[len - 1] == '.')
		len--;
	if (!len || len >= DNS_NAME_SIZE)
		return false;
	for (i = 0; i < len; i++) {
		out[i] = text[i] == '.' ? '.' : name_char(text[i]);
		label = out[i] == '.' ? 0 : label + 1;
		if (!out[i] || label > LABEL_MAX || (!label && (!i || text[i - 1] == '.')))
			return false;
	}
	out[len] = '\0';
	return label > 0;
}

/* The name of a service is "_8443._https.HOST": people speak of the host. */
static const char *without_service(const char *name, uint16_t type)
{
	const char *dot;

	while (*name == '_' && (type == TYPE_HTTPS || type == TYPE_SVCB)) {
		dot = strchr(name, '.');
		if (!dot || !dot[1])
			break;
		name = dot + 1;
	}
	return name;
}

/* ---- addresses ------------------------------------------------------------------------- */

static void add_addr(struct dns_message *m, uint8_t family, const uint8_t *bytes)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct dns_addr a = { .family = family };
	unsigned int i;

	/* what is sent to an IPv4 address in IPv6's clothes leaves as IPv4 */
	if (family == AF_INET6 && !memcmp(bytes, mapped, sizeof(mapped))) {
		a.family = AF_INET;
		bytes += sizeof(mapped);
	}
	memcpy(a.addr, bytes, a.family == AF_INET ? 4 : 16);
	for (i = 0; i < m->n_addrs; i++) {
		if (!memcmp(&m->addrs[i], &a, sizeof(a)))
			return;
	}
	if (m->n_addrs < DNS_ADDRS_MAX)
		m->addrs[m->n_addrs++] = a;
}

static void lower_ttl(struct dns_message *m, const ns_rr *rr)
{
	uint32_t ttl = ns_rr_ttl(*rr);

	if (ttl > INT32_MAX)
		ttl = 0;	/* RFC 2181: as if it were 0 */
	if (ttl < m->ttl)
		m->ttl = ttl;
}

/* The addresses among the parameters of a service. Return: false: malformed. */
static bool add_hints(struct dns_message *m, const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		unsigned int key, len, step;

		if (end - p < 4)
			return false;
		key = ns_get16(p);
		len = ns_get16(p + 2);
		p += 4;
		if (len > end - p)
			return false;
		step = key == KEY_IPV4HINT ? 4 : key == KEY_IPV6HINT ? 16 : 0;
		for (; step && len >= step; len -= step, p += step)
			add_addr(m, step == 4 ? AF_INET : AF_INET6, p);
		p += len;
	}
	return true;
}

/* SVCB and HTTPS: a priority, a name, parameters. @next: of priority 0: the name to go on with. */
static bool take_service(struct dns_message *m, const ns_msg *h, const ns_rr *rr, char *next)
{
	const uint8_t *p = ns_rr_rdata(*rr), *end = p + ns_rr_rdlen(*rr);
	char name[NS_MAXDNAME];
	int n;

	if (end - p < 3)
		return false;
	n = ns_name_uncompress(ns_msg_base(*h), end, p + 2, name, sizeof(name));
	if (n < 0)
		return false;
	if (!ns_get16(p))
		return dns_name_clean(name, next);
	return add_hints(m, p + 2 + n, end);
}

/* ---- from the question to the addresses ------------------------------------------------------ */

/*
 * The records of one name: addresses are added, or @next is the name that it stands for. Return:
 * false when the message is malformed.
 */
static bool take_name(struct dns_message *m, ns_msg *h, const char *name, char *next)
{
	unsigned int count = ns_msg_count(*h, ns_s_an), i;
	char owner[DNS_NAME_SIZE], target[NS_MAXDNAME];
	ns_rr rr;

	next[0] = '\0';
	for (i = 0; i < count && i < RECORDS_MAX; i++) {
		if (ns_parserr(h, ns_s_an, i, &rr))
			return false;
		if (ns_rr_class(rr) != ns_c_in || !dns_name_clean(ns_rr_name(rr), owner) ||
		    strcmp(owner, name))
			continue;
		if (ns_rr_type(rr) == ns_t_a && ns_rr_rdlen(rr) == 4) {
			add_addr(m, AF_INET, ns_rr_rdata(rr));
		} else if (ns_rr_type(rr) == ns_t_aaaa && ns_rr_rdlen(rr) == 16) {
			add_addr(m, AF_INET6, ns_rr_rdata(rr));
		} else if (ns_rr_type(rr) == ns_t_cname) {
			if (ns_name_uncompress(ns_msg_base(*h), ns_msg_end(*h), ns_rr_rdata(rr),
					       target, sizeof(target)) < 0)
				return false;
			if (!dns_name_clean(target, next))
				return true;	/* it leads nowhere that we know */
		} else if (ns_rr_type(rr) == TYPE_HTTPS || ns_rr_type(rr) == TYPE_SVCB) {
			if (!take_service(m, h, &rr, next))
				return false;
		} else {
			continue;
		}
		lower_ttl(m, &rr);
	}
	return true;
}

static bool take_answers(struct dns_message *m, ns_msg *h, const char *asked)
{
	char name[DNS_NAME_SIZE], next[DNS_NAME_SIZE];
	int i;

	m->ttl = INT32_MAX;
	strcpy(name, asked);
	for (i = 0; i < CHAIN_MAX; i++) {
		if (!take_name(m, h, name, next))
			return false;
		if (!next[0])
			break;
		strcpy(name, next);
	}
	if (!m->n_addrs)
		m->ttl = 0;
	return true;
}

/* ---- multicast ------------------------------------------------------------------------------- */

#define CACHE_FLUSH	0x8000	/* in the class: what was said before is over */

static bool is_local(const char *name)
{
	static const char end[] = ".local";
	size_t len = strlen(name), n = sizeof(end) - 1;

	return len > n && !strcmp(name + len - n, end);
}

static bool take_said(const ns_rr *rr, struct dns_said *out)
{
	struct dns_message m = { .n_addrs = 0, .ttl = INT32_MAX };

	if ((ns_rr_class(*rr) & ~CACHE_FLUSH) != ns_c_in || !dns_name_clean(ns_rr_name(*rr), out->name) ||
	    !is_local(out->name))
		return false;
	if (ns_rr_type(*rr) == ns_t_a && ns_rr_rdlen(*rr) == 4)
		add_addr(&m, AF_INET, ns_rr_rdata(*rr));
	else if (ns_rr_type(*rr) == ns_t_aaaa && ns_rr_rdlen(*rr) == 16)
		add_addr(&m, AF_INET6, ns_rr_rdata(*rr));
	lower_ttl(&m, rr);
	out->ttl = m.ttl;
	out->addr = m.addrs[0];
	return m.n_addrs && m.ttl;
}

int dns_parse_said(const void *buf, size_t len, struct dns_said *out, size_t max)
{
	static const ns_sect sections[] = { ns_s_an, ns_s_ar };
	unsigned int i, k, looked = 0;
	size_t n = 0;
	ns_msg h;
	ns_rr rr;

	if (len > NS_MAXMSG || ns_initparse(buf, len, &h))
		return -EBADMSG;
	if (ns_msg_getflag(h, ns_f_opcode) != ns_o_query || !ns_msg_getflag(h, ns_f_qr))
		return -EOPNOTSUPP;
	for (k = 0; k < 2; k++) {
		for (i = 0; i < ns_msg_count(h, sections[k]) && n < max; i++) {
			if (looked++ == RECORDS_MAX || ns_parserr(&h, sections[k], i, &rr))
				return n;
			n += take_said(&rr, &out[n]);
		}
	}
	return n;
}

/* ---- messages -------------------------------------------------------------------------------- */

static bool asks_for_addresses(uint16_t type)
{
	return type == ns_t_a || type == ns_t_aaaa || type == ns_t_any || type == TYPE_HTTPS ||
	       type == TYPE_SVCB;
}

int dns_parse(const void *buf, size_t len, struct dns_message *out)
{
	char asked[DNS_NAME_SIZE];
	ns_msg h;
	ns_rr rr;

	memset(out, 0, sizeof(*out));
	if (len > NS_MAXMSG || ns_initparse(buf, len, &h))
		return -EBADMSG;
	if (ns_msg_getflag(h, ns_f_opcode) != ns_o_query || ns_msg_count(h, ns_s_qd) != 1)
		return -EOPNOTSUPP;
	if (ns_parserr(&h, ns_s_qd, 0, &rr))
		return -EBADMSG;
	if (ns_rr_class(rr) != ns_c_in || !dns_name_clean(ns_rr_name(rr), asked))
		return -EOPNOTSUPP;
	out->id = ns_msg_id(h);
	out->answer = ns_msg_getflag(h, ns_f_qr);
	out->type = ns_rr_type(rr);
	strcpy(out->name, without_service(asked, out->type));
	if (!out->answer || ns_msg_getflag(h, ns_f_rcode) != ns_r_noerror ||
	    !asks_for_addresses(out->type))
		return 0;
	return take_answers(out, &h, asked) ? 0 : -EBADMSG;
}
