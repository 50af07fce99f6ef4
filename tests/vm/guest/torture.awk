# SPDX-License-Identifier: GPL-2.0-or-later
# Joins what the torture's senders say of themselves with what the decider was told, by destination.
# Must never take anything of a sender's truth from the decider's log.
#
# awk -f torture.awk TRUTH LOG FAR: FAR has a destination address a line, as the far end received them.
# Each sender's packets of one program (its file and script) and user are one flow, told once, with that very process.

function field(name,   i, at) {
	for (i = 1; i <= NF; i++) {
		at = index($i, "=")
		if (at && substr($i, 1, at - 1) == name)
			return substr($i, at + 1)
	}
	return ""
}

function wrong(key, why) {
	bad++
	if (bad <= 40) {
		printf "wrong %s: %s\n", key, why
		printf "  expected: %s\n", key in truths ? truth[key, 1] : "nothing"
		for (n = 2; n <= truths[key]; n++)
			printf "            %s\n", truth[key, n]
		for (n = 1; n <= flows[key]; n++)
			printf "  got:      %s / %s\n", flow[key, n], owner_line[flow_owner[key, n]]
	}
}

function no_deleted(path) {
	sub(/\\x20\(deleted\)$/, "", path)
	return path
}

# "" or what differs between the truth and what was told.
function differs(t, f,   id, out, path) {
	id = flow_owner[f]
	if (!(id in owner_line))
		return "no owner"
	out = ""
	if (truth_pid[t] != owner_pid[id])
		out = out " pid"
	if (truth_start[t] != int(owner_start[id] / 10000000))
		out = out " start"
	if (truth_dev[t] != owner_dev[id] || truth_ino[t] != owner_ino[id])
		out = out " executable"
	if (truth_exe[t] != "?" && truth_exe[t] != no_deleted(owner_exe[id]))
		out = out " path"
	if (truth_script[t] != owner_script[id])
		out = out " script"
	if (truth_uid[t] != flow_uid[f])
		out = out " uid"
	if (owner_odd[id])
		out = out " flags"
	return out
}

FILENAME == ARGV[1] && $1 == "TRUTH" {
	sends++
	key = $2 " " $3
	identity = field("dev") " " field("ino") " " field("uid") " " field("script")
	a = substr($3, 1, match($3, /:[0-9]+$/) - 1)
	address[a] = key
	hasty[a] = $0 ~ /K$/
	if (key in truths && last[key] == identity)
		next
	last[key] = identity
	t = key SUBSEP (++truths[key])
	truth[t] = substr($0, length($1 $2 $3) + 4)
	truth_pid[t] = field("pid")
	truth_start[t] = field("start")
	truth_dev[t] = field("dev")
	truth_ino[t] = field("ino")
	truth_uid[t] = field("uid")
	truth_exe[t] = field("exe")
	truth_script[t] = field("script")
	next
}

FILENAME == ARGV[2] && $1 == "OWNER" {
	id = field("id")
	owner_line[id] = $0
	owner_pid[id] = field("pid")
	owner_start[id] = field("start")
	owner_dev[id] = field("dev")
	owner_ino[id] = field("ino")
	owner_exe[id] = field("exe")
	owner_script[id] = field("script")
	# Disguised, scanned, kernel, unknown: none of the senders is.
	flags = field("flags")
	owner_odd[id] = flags ~ /[4-7c-f]$/ || flags ~ /[2367abef].$/ || flags ~ /[89a-f].$/ ||
		flags ~ /[13579bdf]..$/
	next
}

FILENAME == ARGV[2] && $1 == "FLOW" {
	proto = field("proto")
	sub(/^icmp.*/, "icmp", proto)
	key = proto " " field("remote")
	f = key SUBSEP (++flows[key])
	flow[f] = $0
	flow_owner[f] = field("owner")
	flow_uid[f] = field("uid")
	at_address[field("id")] = substr($0, match($0, /remote=/) + 7)
	next
}

# Who ends just as it is allowed has a socket that goes nowhere any more: moved.
FILENAME == ARGV[2] && $1 == "CANCEL" && field("why") ~ /^(closed|moved)$/ {
	split(at_address[field("id")], words, " ")
	closed[substr(words[1], 1, match(words[1], /:[0-9]+$/) - 1)] = 1
	next
}

FILENAME == ARGV[2] && $1 ~ /^(LOST|MALFORMED|ERROR|END)$/ {
	bad++
	print "wrong: the decider says: " $0
}

FILENAME == ARGV[3] {
	received[$1] = 1
	far++
}

END {
	for (key in truths) {
		if (flows[key] + 0 != truths[key]) {
			wrong(key, "told " flows[key] + 0 " times, not " truths[key])
			continue
		}
		for (n = 1; n <= truths[key]; n++) {
			why = differs(key SUBSEP n, key SUBSEP n)
			if (why != "") {
				wrong(key, "other" why)
				break
			}
		}
	}
	for (key in flows)
		if (!(key in truths))
			wrong(key, "nobody sent that")
	for (a in received)
		if (!(a in address))
			wrong(a, "the far end received what nobody sent")
	# A SYN whose socket is gone is no longer sent: who does not wait for the connection may
	# have ended before the answer.
	for (a in address)
		if (!(a in received) && !(hasty[a] && a in closed))
			wrong(address[a], "the far end did not receive it")
	for (key in truths)
		destinations++
	for (t in truth_pid) {
		processes[truth_pid[t] " " truth_start[t]] = 1
		pids[truth_pid[t]] = 1
	}
	for (t in processes)
		n_processes++
	for (t in pids)
		n_pids++
	printf "torture processes %d with %d pids\n", n_processes, n_pids
	printf "torture sends %d destinations %d received %d wrong %d\n", sends, destinations, far, bad
	exit bad > 0 || !sends
}
