# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# What the patch does to the definitions in each file, told from the text alone
# (changed.awk). It saves work, and decides nothing else: files in which only
# comments and blanks differ need no compiler, a change in the bodies of functions
# lays no structure out anew, and a header's change reaches only those who name it.
#
#	work/changes/PATH	what changed.awk says; none for files that are new or gone

changes_types=		# a type's layout may differ

# Takes the files that stay the same for the compiler out of patch_sources.
changes_read()
{
	local path same=() rest=()

	for path in "${patch_sources[@]}"; do
		changes_file "$path"
		if [[ ! -e $work/changes/$path ]] || grep -q '^unknown\|^types' "$work/changes/$path"; then
			changes_types=1
		fi
		if [[ ! -e $work/changes/$path || -s $work/changes/$path ||
			${patch_origin[$path]+set} ]]; then
			rest+=("$path")
		else
			same+=("$path")
		fi
	done
	# Options of the compiler may do anything.
	[[ ${#patch_makefiles[@]} = 0 ]] || changes_types=1
	if [[ ${#rest[@]} = 0 && ${#patch_makefiles[@]} = 0 ]]; then
		[[ ${#same[@]} -gt 0 ]] || die 7 no_change "the patch changes no code of this kernel"
		die 7 no_change "the patch changes comments and white space only"
	fi
	[[ ${#same[@]} = 0 ]] ||
		note "only comments and white space change, ignored: ${same[*]}"
	patch_sources=("${rest[@]}")
}

changes_file()
{
	local path=$1 from=${patch_origin[$1]-$1}

	# Other files are no C.
	[[ $path = *.[ch] && -e $tree_src/$from && -e $work/new/$path ]] || return 0
	mkdir -p "$work/changes/$(dirname "$path")"
	awk -f "$KSPLICE_LIBDIR/create/definitions.awk" -f "$KSPLICE_LIBDIR/create/changed.awk" \
		"$tree_src/$from" "$work/new/$path" >"$work/changes/$path" 2>>"$log_file" ||
		die_log 1 failed "$path: the definitions could not be compared"
}
