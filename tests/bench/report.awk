# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the table and the JSON of `make bench` out of raw measurements and goals.
# Must never print a figure that was not measured in this run: what is missing is an error.
#
# awk -v JSON=FILE -f report.awk RAW GOALS; status 1: a bound is exceeded, 2: a figure is missing.

function median(key,    n, i, k, t, v) {
	if (!(key in count)) {
		printf "bench: no measurement '%s'\n", key > "/dev/stderr"
		missing = 1
		return 0
	}
	n = count[key]
	for (i = 1; i <= n; i++)
		v[i] = raw[key, i]
	for (i = 2; i <= n; i++)
		for (k = i; k > 1 && v[k - 1] > v[k]; k--) {
			t = v[k]; v[k] = v[k - 1]; v[k - 1] = t
		}
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

function meets(value, limit) {
	return limit ~ /^>=/ ? value + 0 >= substr(limit, 3) + 0 : value + 0 <= substr(limit, 3) + 0
}

function quote(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	return "\"" s "\""
}

function show(value, how) {
	return how ~ /^(ratio|share)$/ ? sprintf("%.3f", value) : sprintf("%d", value < 0 ? value - 0.5 : value + 0.5)
}

function figure(how, a, b) {
	a = median(a)
	if (how == "value")
		return a
	b = median(b)
	if (missing)
		return 0
	return how == "over" ? a - b : how == "ratio" ? a / b : b / a
}

FNR == NR {
	raw[$1 " " $2, ++count[$1 " " $2]] = $3
	whole = $1 == "end"
	next
}
FNR == 1 {
	FS = "|"
	$0 = $0
	printf "%-9s %-66s %9s %8s  %s\n", "id", "what", "value", "goal", "met"
}
/^#/ || !NF { next }
{
	value = show(figure($4, $5, $6), $4)
	met = $7 == "-" ? "null" : meets(value, $7) ? "true" : "false"
	if ($8 != "-" && !meets(value, $8))
		over = over " " $1
	printf "%-9s %-66s %9s %8s  %s\n", $1, $2, value, $7, met == "null" ? "" : met == "true" ? "yes" : "NO"
	if ($9 != "")
		printf "%-9s   peers: %s\n", "", $9
	lines[++n] = sprintf("{\"id\": %s, \"what\": %s, \"value\": %s, \"unit\": %s, \"goal\": %s, \"met\": %s, \"peers\": %s}",
		quote($1), quote($2), value, quote($3), $7 == "-" ? "null" : quote($7), met,
		$9 == "" ? "null" : quote($9))
}
END {
	if (!whole)
		printf "bench: the measurements are not complete\n" > "/dev/stderr"
	if (!whole || missing)
		exit 2
	for (i = 1; i <= n; i++)
		printf "%s%s%s\n", i == 1 ? "[\n" : "", lines[i], i < n ? "," : "\n]" > JSON
	if (over != "") {
		printf "bench: out of bounds:%s\n", over > "/dev/stderr"
		exit 1
	}
}
