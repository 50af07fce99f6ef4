# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of snitch: the program itself says what may come next.
_snitch()
{
	local cur=${COMP_WORDS[COMP_CWORD]} line
	local -a words=("${COMP_WORDS[@]:1:COMP_CWORD}")

	COMPREPLY=()
	while IFS= read -r line; do
		COMPREPLY+=("$line")
	done < <(snitch complete "${words[@]}" 2>/dev/null)
	# Files stand where the program has nothing to offer: snitch rules check FILE, explain PROGRAM.
	if [[ ${#COMPREPLY[@]} -eq 0 && ( "${COMP_WORDS[1]-} ${COMP_WORDS[2]-}" =~ ^(rules (check|test|import|export)|iap .*|lists add|cut --program)$ ||
	      ${COMP_WORDS[1]-} == explain && $cur == /* ) ]]; then
		while IFS= read -r line; do
			COMPREPLY+=("$line")
		done < <(compgen -f -- "$cur")
	fi
}
complete -F _snitch snitch
