# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Functions and objects that the patch declares, new code refers to, and nobody
# defines: the part of the patch that does is missing. A build of the kernel would
# fail at the final link, which an update does without; and what is not exported is
# known by name only when the update is applied.
#
#	work/undefined/declared	names that the patched headers declare anew
#	work/undefined/references	NAME TAB UNIT, new ones to such names

# undefined_check UNIT...: those that changed or are new, with their post objects
undefined_check()
{
	local dir=$work/undefined unit name

	[[ -d $work/changes ]] || return 0
	mkdir -p "$dir"
	find "$work/changes" -name '*.h' -exec sed -n 's/^\(new\|name\|macro\) //p' {} + |
		sort -u >"$dir/declared"
	[[ -s $dir/declared ]] || return 0
	for unit; do
		undefined_new "$unit" | sed "s|\$|	$unit|"
	done | sort -u >"$dir/references"
	[[ -s $dir/references ]] || return 0
	while IFS=$'\t' read -r name unit; do
		! undefined_nowhere "$name" ||
			die 1 compile "the patch is not complete: $unit refers to $name, which the patch declares, and nothing defines" \
				"it is a part of a greater change: give the patch that defines $name as well (--patch may be repeated)"
	done <"$dir/references"
}

# undefined_new UNIT: the declared names that post refers to, unlike pre, and that no post object of
# the patch defines
undefined_new()
{
	local unit=$1

	nm -u "$work/post/$unit" | awk '$1 == "U" { print $2 }' | sort -u |
		comm -12 - "$work/undefined/declared" |
		comm -23 - <([[ ! -e $tree_dir/pre/$unit ]] ||
			nm -u "$tree_dir/pre/$unit" | awk '{ print $2 }' | sort -u) |
		comm -23 - <(find "$work/post" -name "*.o" -exec nm -g --defined-only {} + |
			awk 'NF == 3 { print $3 }' | sort -u) |
		comm -23 - <(cut -f 2 "$tree_build/Module.symvers" | sort -u)
}

# undefined_nowhere NAME: whether no source has a line that may define it. In C it begins in the
# first column, without `static', or is a string for the assembler; prototypes in headers are none.
undefined_nowhere()
(
	local name=$1 there beginning end='([^A-Za-z0-9_]|$)'

	headers_enter "$tree_src"
	beginning='^([A-Za-z_][^;]*[^A-Za-z0-9_;])?'
	! grep -RhE --include='*.c' "$beginning$name$end|\".*$name$end" "${there[@]}" |
		grep -qvE '^static ' || return 1
	! grep -RqwF --include='*.[Ss]' --include='*.lds*' -- "$name" "${there[@]}"
)
