# SPDX-License-Identifier: GPL-2.0-or-later
# The table of `make check-detection`: what others' benchmark published (first file), what this run
# measured (second). It must never print a row that is not in the second.
FNR == NR && /^#\t/ { for (i = 2; i <= NF; i++) tool[i] = $i; tools = NF; next }
FNR == NR && /^#/ { next }
FNR == NR { for (i = 2; i <= NF; i++) other[$1, i] = $i; next }
FNR == 1 {
	printf "\n%-36s %9s %9s %9s %9s  %-6s", "scenario and program", "sent", "seen", "back", "seen", "snitch"
	for (i = 2; i <= tools; i++)
		printf " %-12s", tool[i]
	printf "\n"
}
{
	printf "%-36s %9s %9s %9s %9s  %-6s", $1 " " $2, $3, $4, $5, $6, $7
	for (i = 2; i <= tools; i++)
		printf " %-12s", other[$1, i]
	printf "\n%-36s\n", "    " $8
}
END {
	print "\nBytes. sent: IP layer, counted where it arrives at the far end; seen: what `snitch monitor`"
	print "said of that program. back: of TCP the payload that the far end's program sent, of others the"
	print "IP layer; AF_PACKET frames are seen whole, 14 bytes more each. snitch passes with the right"
	print "program, no other, and both within 10 %."
	print "Others: detected / bytes right, + yes, ~ partly, x no, - not offered, as picosnitch's benchmark"
	print "published on 2026-08-05 (github.com/elesiuta/picosnitch, bench/reports).\n"
}
