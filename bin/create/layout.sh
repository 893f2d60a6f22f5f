# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Structures that the patch lays out anew. Objects of them that exist when the
# update is applied keep the old layout, and new code would misread them. The
# units that changed are compiled once more before and after, with debugging
# information, and pahole tells the layouts.

# layout_compile pre|post UNIT...
layout_compile()
{
	local which=$1

	shift
	build_extra='-g -gdwarf-4'
	build_compile "$work/layout/$which" "$@"
	build_extra=
}

# layout_check UNIT...
layout_check()
{
	local unit name before after found=()

	if ! command -v pahole >/dev/null; then
		warn "pahole (package dwarves) is not installed: changed structures are not looked for"
		return
	fi
	for unit; do
		[[ -e $work/layout/pre/$unit && -e $work/layout/post/$unit ]] || continue
		pahole -F dwarf "$work/layout/pre/$unit" >"$work/layout/before" 2>>"$log_file" || true
		pahole -F dwarf "$work/layout/post/$unit" >"$work/layout/after" 2>>"$log_file" || true
		awk -f "$KSPLICE_LIBDIR/create/layout.awk" "$work/layout/before" "$work/layout/after"
	done | sort -u >"$work/layout/changed"
	while IFS=$'\t' read -r name before after; do
		if [[ $before = "$after" ]]; then
			found+=("$name (members moved or renamed)")
		else
			found+=("$name ($before to $after bytes)")
		fi
	done <"$work/layout/changed"
	[[ ${#found[@]} -gt 0 ]] || return 0
	printf -v name ', %s' "${found[@]}"
	name=${name#, }
	[[ ! $opt_accept_layout ]] || {
		warn "the patch changes the layout of $name"
		return
	}
	die 6 unsupported "the patch changes the layout of $name: objects that exist already have the old one" \
		"keep new data outside of it; or --accept-layout, if no such object can be there when the update is applied"
}
