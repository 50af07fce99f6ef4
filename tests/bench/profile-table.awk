# SPDX-License-Identifier: GPL-2.0-or-later
# The table of `make bench-profile`, of what profile-log.awk counted without and with the module.
# awk -f profile-table.awk WITHOUT WITH
BEGIN {
	text[1] = "the sender's first packet, at the hook"
	text[2] = "the far end's refusal, at the hook"
	text[0] = "the ways there; the socket's states and end; the entry's end"
}

FNR == 1 { file++ }
{
	more[$1, $2] += file == 1 ? -$3 : $3
	name[$1, $2]
	sum[$1] += file == 1 ? -$3 : $3
	all += file == 1 ? -$3 : $3
}

END {
	for (part = 1; part >= 0; part = part == 1 ? 2 : part == 2 ? 0 : -1) {
		printf "\n%6.0f  %s\n", sum[part], text[part]
		sorted = "sort -k1,1nr -k2"
		others = 0
		for (key in name) {
			split(key, field, SUBSEP)
			if (field[1] != part)
				continue
			if (more[key] >= 9.5)
				printf "%14.0f  %s\n", more[key], field[2] | sorted
			else
				others += more[key]
		}
		close(sorted)
		printf "%14.0f  %s\n", others, "others"
	}
	printf "\n%6.0f  in all (*: of the module)\n", all
}
