// SPDX-License-Identifier: GPL-2.0-only
/* Main: the init ladder, and the one parameter that must be known early. */
#include <linux/module.h>

#include "abort.h"
#include "audit.h"
#include "bound.h"
#include "cache.h"
#include "control.h"
#include "device.h"
#include "dns.h"
#include "egress.h"
#include "flow.h"
#include "forward.h"
#include "image.h"
#include "netns.h"
#include "park.h"
#include "policy.h"
#include "probe.h"
#include "received.h"
#include "reply.h"
#include "revoke.h"
#include "tuple.h"

static bool armed;
module_param(armed, bool, 0444);
MODULE_PARM_DESC(armed, "judge from load on: without a policy all is unknown, without a decider refused");

static int __init snitch_init(void)
{
	int err;

	snitch_cache_init();
	err = snitch_policy_init(armed);
	if (err)
		return err;
	err = snitch_tuple_init();
	if (err)
		goto err_policy;
	err = snitch_flow_init();
	if (err)
		goto err_tuple;
	err = snitch_abort_init();
	if (err)
		goto err_flow;
	err = snitch_revoke_init();
	if (err)
		goto err_abort;
	err = snitch_park_init();
	if (err)
		goto err_revoke;
	err = snitch_probe_init();
	if (err)
		goto err_park;
	err = snitch_image_init();
	if (err)
		goto err_image;
	err = snitch_audit_init();
	if (err)
		goto err_image;
	err = snitch_reply_init();
	if (err)
		goto err_audit;
	err = snitch_bound_init();
	if (err)
		goto err_reply;
	err = snitch_forward_init();
	if (err)
		goto err_bound;
	err = snitch_netns_init();
	if (err)
		goto err_forward;
	snitch_bound_watch();
	err = snitch_egress_init();
	if (err)
		goto err_netns;
	err = snitch_control_init();
	if (err)
		goto err_egress;
	err = snitch_device_init();
	if (err)
		goto err_control;
	pr_info("loaded, %s\n", armed ? "judging" : "judging nothing before a policy is loaded");
	return 0;

err_control:
	snitch_control_exit();
err_egress:
	snitch_egress_exit();
err_netns:
	snitch_bound_unwatch();
	snitch_received_stop();
	snitch_netns_exit();
err_forward:
	snitch_forward_exit();
err_bound:
	snitch_bound_exit();
err_reply:
	snitch_reply_exit();
err_audit:
	snitch_park_stop();
	snitch_revoke_exit();
	snitch_abort_exit();
	snitch_probe_exit();
	snitch_audit_exit();
	snitch_cache_exit();
	snitch_park_exit();
	snitch_flow_exit();
	snitch_image_exit();
	snitch_tuple_exit();
	snitch_policy_exit();
	return err;
err_image:
	snitch_probe_exit();
	snitch_image_exit();
err_park:
	snitch_park_exit();
err_revoke:
	snitch_revoke_exit();
err_abort:
	snitch_abort_exit();
err_flow:
	snitch_flow_exit();
err_tuple:
	snitch_tuple_exit();
err_policy:
	snitch_policy_exit();
	return err;
}

/*
 * No file of the device is open. First nothing new may come (hooks), then
 * what waits is dropped, workers end, probes go, and the tables last.
 */
static void __exit snitch_exit(void)
{
	snitch_device_exit();
	snitch_control_exit();
	snitch_forward_exit();
	snitch_egress_exit();
	snitch_bound_unwatch();
	snitch_received_stop();
	snitch_netns_exit();
	snitch_dns_exit();
	snitch_bound_exit();
	snitch_reply_exit();
	snitch_park_stop();
	snitch_revoke_exit();
	snitch_abort_exit();
	snitch_probe_exit();
	snitch_audit_exit();
	snitch_cache_exit();
	snitch_park_exit();
	snitch_flow_exit();
	snitch_image_exit();
	snitch_tuple_exit();
	snitch_policy_exit();
}

module_init(snitch_init);
module_exit(snitch_exit);

MODULE_DESCRIPTION("per-application outbound firewall: judges, parks and refuses flows");
MODULE_AUTHOR("The snitch authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(SNITCH_VERSION);
