# SPDX-License-Identifier: GPL-2.0-or-later
# Counts the instructions of connections in QEMU's log of all that was executed.
# Must never count a connection that it saw only a part of.
#
# awk -f profile-log.awk SYMBOLS LOG: SYMBOLS is /proc/kallsyms, sorted. Prints lines
# `PART FUNCTION INSTRUCTIONS`, the mean of the connections that are as the median one. PART is 1 at the
# hook with the first packet, 2 with the second, 0 elsewhere. Status 1: too few connections.

function lookup(pc,    low, high, middle) {
	if (pc < "ffff8000")
		return "user"
	low = 1
	high = n_symbols
	while (low < high) {
		middle = int((low + high + 1) / 2)
		if (address[middle] <= pc)
			low = middle
		else
			high = middle - 1
	}
	return name[low]
}

function end_connection() {
	if (n)
		total[n] = instructions
	n++
	instructions = visit = part = 0
}

FNR == 1 { file++ }

file == 1 {
	if ($2 !~ /[tT]/)
		next
	address[++n_symbols] = $1
	name[n_symbols] = $3 ($4 == "[snitch]" ? "*" : "")
	if ($3 == "__x64_sys_connect")
		start = $1
	if ($3 == "snitch_hook")
		hook = $1
	next
}

/^Trace / {
	split($0, field, "/")
	pc = field[2]
	if (!(pc in known))
		known[pc] = lookup(pc)
	f = known[pc]
	if (pc == start)
		end_connection()
	else if (pc == hook)
		part = ++visit
	else if (f == "nf_hook_slow")
		part = 0
	if (n) {
		instructions++
		count[n, part, f]++
		if (!((part, f) in seen))
			seen[part, f]
	}
}

END {
	all = n - 1	# the last one was cut off
	if (all < 10) {
		print "profile-log: " all + 0 " connections" > "/dev/stderr"
		exit 1
	}
	for (i = 1; i <= all; i++) {
		below = 0
		for (k = 1; k <= all; k++)
			below += total[k] < total[i] || (total[k] == total[i] && k < i)
		if (below == int(all / 2))
			median = total[i]
	}
	for (i = 1; i <= all; i++) {
		if (total[i] < median * 0.99 || total[i] > median * 1.01)
			continue
		like++
		for (key in seen)
			sum[key] += count[i, key]
	}
	for (key in sum) {
		split(key, field, SUBSEP)
		printf "%s %s %.3f\n", field[1], field[2], sum[key] / like
	}
}
