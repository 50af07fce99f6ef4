// SPDX-License-Identifier: GPL-2.0-or-later
/* Words for the numbers of the wire, the same everywhere. */
#include "snitch.h"

static const char *word(const char *const *words, size_t n, unsigned int i)
{
	return i < n && words[i] ? words[i] : "?";
}

#define WORD(words, i) word(words, sizeof(words) / sizeof((words)[0]), i)

const char *snitch_action_name(unsigned int action)
{
	static const char *const words[] = {
		[SNITCH_ALLOW] = "allow", [SNITCH_DENY] = "deny", [SNITCH_DROP] = "drop",
		[SNITCH_ASK] = "ask", [SNITCH_HOLD] = "hold",
	};

	return WORD(words, action);
}

const char *snitch_origin_name(unsigned int origin)
{
	static const char *const words[] = {
		[SNITCH_BY_RULE] = "rule", [SNITCH_BY_PERSON] = "person",
		[SNITCH_BY_MODE] = "mode", [SNITCH_BY_FAIL] = "fail",
		[SNITCH_BY_INBOUND] = "inbound", [SNITCH_BY_KERNEL] = "kernel",
		[SNITCH_BY_OLDER] = "older", [SNITCH_BY_NAME] = "name",
	};

	return WORD(words, origin);
}

const char *snitch_cancel_name(unsigned int why)
{
	static const char *const words[] = {
		[SNITCH_CANCEL_CLOSED] = "closed", [SNITCH_CANCEL_MOVED] = "moved",
		[SNITCH_CANCEL_TIMEOUT] = "timeout", [SNITCH_CANCEL_CONSULT] = "consult",
		[SNITCH_CANCEL_NETNS] = "netns", [SNITCH_CANCEL_ROUTE] = "route",
		[SNITCH_CANCEL_POLICY] = "policy",
		[SNITCH_CANCEL_UNHELD] = "unheld",
	};

	return WORD(words, why);
}

const char *snitch_kernel_name(unsigned int kernel)
{
	static const char *const words[] = {
		[SNITCH_K_NONE] = "none", [SNITCH_K_ICMP_ERROR] = "icmp-error",
		[SNITCH_K_ICMP_REPLY] = "icmp-reply", [SNITCH_K_ND] = "nd",
		[SNITCH_K_IGMP] = "igmp", [SNITCH_K_MLD] = "mld", [SNITCH_K_TCP] = "tcp",
		[SNITCH_K_WIREGUARD] = "wireguard", [SNITCH_K_NFS] = "nfs",
		[SNITCH_K_VXLAN] = "vxlan", [SNITCH_K_OTHER] = "other",
		[SNITCH_K_RELAYED] = "relayed", [SNITCH_K_FORWARDED] = "forwarded",
	};

	return WORD(words, kernel);
}

const char *snitch_mode_name(unsigned int mode)
{
	static const char *const words[] = {
		[SNITCH_MODE_OFF] = "off", [SNITCH_MODE_OBSERVE] = "observe",
		[SNITCH_MODE_ASK] = "ask", [SNITCH_MODE_QUIET] = "quiet",
		[SNITCH_MODE_LOCKDOWN] = "lockdown",
	};

	return WORD(words, mode);
}

const char *snitch_forward_name(unsigned int forward)
{
	static const char *const words[] = {
		[SNITCH_FORWARD_IGNORE] = "ignore", [SNITCH_FORWARD_LOG] = "log",
		[SNITCH_FORWARD_RULES] = "rules",
	};

	return WORD(words, forward);
}

const char *snitch_counter_name(unsigned int counter)
{
	static const char *const words[__SNITCH_C_MAX] = {
		[SNITCH_C_ACCEPTED] = "accepted", [SNITCH_C_REFUSED] = "refused",
		[SNITCH_C_CONSULTED] = "consulted", [SNITCH_C_HELD] = "held",
		[SNITCH_C_PARK_ALLOWED] = "park-allowed", [SNITCH_C_PARK_REFUSED] = "park-refused",
		[SNITCH_C_CANCEL_CLOSED] = "cancel-closed", [SNITCH_C_CANCEL_MOVED] = "cancel-moved",
		[SNITCH_C_CANCEL_NETNS] = "cancel-netns", [SNITCH_C_CANCEL_ROUTE] = "cancel-route",
		[SNITCH_C_HOLD_TIMEOUT] = "hold-timeout",
		[SNITCH_C_CONSULT_TIMEOUT] = "consult-timeout",
		[SNITCH_C_FAIL_ALLOWED] = "fail-allowed", [SNITCH_C_FAIL_REFUSED] = "fail-refused",
		[SNITCH_C_BOUND_GLOBAL] = "bound-global", [SNITCH_C_BOUND_IMAGE] = "bound-image",
		[SNITCH_C_BOUND_UID] = "bound-uid", [SNITCH_C_BOUND_NETNS] = "bound-netns",
		[SNITCH_C_BOUND_PACKETS] = "bound-packets", [SNITCH_C_NOMEM] = "nomem",
		[SNITCH_C_NO_OWNER] = "no-owner", [SNITCH_C_LOST_DST] = "lost-dst",
		[SNITCH_C_LATE_VERDICT] = "late-verdict",
		[SNITCH_C_KERNEL_ALLOWED] = "kernel-allowed",
		[SNITCH_C_KERNEL_REFUSED] = "kernel-refused", [SNITCH_C_INBOUND] = "inbound",
		[SNITCH_C_OLDER] = "older", [SNITCH_C_REJUDGED] = "rejudged",
		[SNITCH_C_ABORTED] = "aborted", [SNITCH_C_UNPARSED] = "unparsed",
		[SNITCH_C_OWNERS_FULL] = "owners-full", [SNITCH_C_FOREIGN] = "foreign",
		[SNITCH_C_SWITCHED] = "switched", [SNITCH_C_DISGUISED] = "disguised",
		[SNITCH_C_EVENTS_LOST] = "events-lost", [SNITCH_C_AUDIT_LOST] = "audit-lost",
		[SNITCH_C_REPLIES] = "replies", [SNITCH_C_REPLIES_FULL] = "replies-full",
		[SNITCH_C_REPLY_NETS] = "reply-nets",
		[SNITCH_C_DNS] = "dns", [SNITCH_C_DNS_LOST] = "dns-lost",
		[SNITCH_C_FORWARDED] = "forwarded",
		[SNITCH_C_FORWARD_REFUSED] = "forward-refused",
		[SNITCH_C_FORWARD_FULL] = "forward-full",
		[SNITCH_C_DATA] = "data", [SNITCH_C_DATA_AGAIN] = "data-again",
		[SNITCH_C_PASSED] = "passed",
	};

	return WORD(words, counter);
}
