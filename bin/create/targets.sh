# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Which targets the update is for. Every module that an update changes must be loaded when it is
# applied, and a changed header may reach many more than any machine has loaded: --targets names
# those to change, and the others keep the code that they have.

targets_most=512	# of an update, as ksplice-apply reads it

# targets_option TEXT: is it a list of names with commas?
targets_option()
{
	[[ $1 =~ ^[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*$ ]]
}

# targets_wanted TARGET
targets_wanted()
{
	[[ ! $opt_targets || ,${opt_targets//-/_}, = *",$1,"* ]]
}

# targets_filter: of lines UNIT TAB COMMAND, those of a wanted target
targets_filter()
{
	if [[ ! $opt_targets ]]; then
		cat
		return
	fi
	awk -f "$KSPLICE_LIBDIR/create/targets.awk" |
		awk -F '\t' -v wanted="${opt_targets//-/_}" '
			BEGIN { for (n = split(wanted ",?", name, ","); n; n--) want[name[n]] }
			$1 in want { sub(/^[^\t]*\t/, ""); print }' | uniq
}

# targets_choose: leaves those of a wanted target in the lists of units
targets_choose()
{
	local unit units_when=after added=()

	[[ $opt_targets ]] || return 0
	warn "--targets: what the patch changes in other targets than these is left out: they keep the code that they have"
	for unit in "${units_added[@]}"; do
		[[ ! $(units_command "$unit" | targets_filter) ]] || added+=("$unit")
	done
	units_added=("${added[@]}")
	mapfile -t units_gone < <(targets_units "${units_gone[@]}")
	mapfile -t units < <(targets_units "${units[@]}")
}

# targets_units UNIT...: those of a wanted target
targets_units()
{
	units_commands <(printf '%s\n' "$@") | targets_filter | cut -f 1
}

# targets_check TARGET...: those that the update changes; more than can be are refused
targets_check()
{
	(($# <= targets_most)) ||
		die 6 unsupported "the patch changes $# targets; an update has $targets_most at the most" \
			"name those to change: --targets vmlinux,MODULE,..."
}
