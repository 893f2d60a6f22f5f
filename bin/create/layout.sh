# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Types that the patch lays out anew. Objects of them that exist when the update
# is applied keep the old layout, and new code would misread them.
#
# Only the units that changed are looked at, and only if the patch touches more than
# the bodies of functions. The preprocessed texts from before and after tell which
# type definitions differ (types.awk); for each kind of difference, the compiler's
# debugging information of one unit that has it tells the layouts (pahole,
# layout.awk). A type counts if a function that changed uses it (reached.awk).
#
#	work/layout/text/pre, post/UNIT	preprocessed
#	work/layout/debug/pre, post/UNIT	objects with debugging information
#	work/layout/difference/KEY	what types.awk printed; KEY is its checksum
#	work/layout/found/KEY		TYPE TAB layout|note TAB TEXT
#	tree_dir/layout/UNIT.zst	pahole's listing of pre, kept

layout_slice=16		# units whose texts, some megabytes each, lie there at once
layout_options='-g -gdwarf-4 -fno-eliminate-unused-debug-types'	# all types of a unit, used or not
declare -A layout_keys=()	# of units
declare -A layout_said=()	# types that are done with
declare -A layout_checked=()	# units that are
layout_refused=

# layout_check UNIT...: those that changed; the tree is as it was before the patch
layout_check()
{
	local unit i

	[[ $changes_types ]] || return 0
	for unit; do
		shift
		[[ ${layout_checked[$unit]-} ]] || set -- "$@" "$unit"
		layout_checked[$unit]=1
	done
	(($#)) || return 0
	if ! command -v pahole >/dev/null; then
		warn "pahole (package dwarves) is not installed: changed structures are not looked for"
		return
	fi
	stage "Comparing the layout of types in $# unit$(plural $#)"
	mkdir -p "$work"/layout/{difference,found}
	for ((i = 1; i <= $#; i += layout_slice)); do
		progress_show $((i - 1)) $#
		layout_check_slice "${@:i:layout_slice}"
		rm -rf "$work/layout/text"
		# Then there is no update anyway.
		[[ ! $layout_refused ]] || break
	done
	[[ ! $layout_refused ]] ||
		die 6 unsupported "the patch cannot be applied to a running kernel as it is"
}

layout_check_slice()
{
	local unit key types=() first=()

	layout_compile post text '-E -P' "$@"
	layout_compile pre text '-E -P' "$@"
	for unit; do
		layout_difference "$unit"
		key=${layout_keys[$unit]}
		[[ $key ]] || continue
		types+=("$unit")
		[[ -e $work/layout/found/$key ]] || first+=("$unit")
		: >>"$work/layout/found/$key"
	done
	[[ ${#types[@]} -gt 0 ]] || return 0
	if [[ ${#first[@]} -gt 0 ]]; then
		layout_debug "${first[@]}"
		for unit in "${first[@]}"; do
			layout_compare "$unit"
		done
	fi
	for unit in "${types[@]}"; do
		layout_used "$unit"
	done
}

# layout_compile pre|post text|debug OPTIONS UNIT...
layout_compile()
{
	local which=$1 what=$2

	build_extra=$3
	shift 3
	if [[ $which = post ]]; then
		build_put_patched lines
		units_when=after
	fi
	build_compile "$work/layout/$what/$which" "$@"
	if [[ $which = post ]]; then
		tree_restore
		units_when=before
	fi
	build_extra=
}

# layout_difference UNIT: layout_keys[UNIT]; empty: no type differs
layout_difference()
{
	local unit=$1 text=$work/layout/text key

	layout_keys[$unit]=
	# Assembler has no types.
	[[ $(units_command "$unit") != *.S ]] || return 0
	awk -f "$KSPLICE_LIBDIR/create/definitions.awk" -f "$KSPLICE_LIBDIR/create/types.awk" \
		"$text/pre/$unit" "$text/post/$unit" >"$work/layout/difference/new" 2>>"$log_file" ||
		die_log 1 failed "the types of $unit could not be compared"
	[[ -s $work/layout/difference/new ]] || return 0
	key=$(sha256sum <"$work/layout/difference/new" | cut -c 1-16)
	mv "$work/layout/difference/new" "$work/layout/difference/$key"
	layout_keys[$unit]=$key
}

# layout_debug UNIT...: the listing of pre, the object of post
layout_debug()
{
	local unit missing=() post=() pre=()

	for unit; do
		[[ -e $work/layout/debug/post/$unit ]] || post+=("$unit")
		[[ ! -e $tree_dir/layout/$unit.zst ]] || continue
		missing+=("$unit")
		[[ -e $work/layout/debug/pre/$unit ]] || pre+=("$unit")
	done
	[[ ${#post[@]} = 0 ]] || layout_compile post debug "$layout_options" "${post[@]}"
	[[ ${#pre[@]} = 0 ]] || layout_compile pre debug "$layout_options" "${pre[@]}"
	for unit in ${missing[@]+"${missing[@]}"}; do
		mkdir -p "$tree_dir/layout/${unit%/*}"
		layout_list pre "$unit" >"$work/layout/before"
		zstd -q -f -o "$tree_dir/layout/$unit.zst.new" "$work/layout/before"
		mv "$tree_dir/layout/$unit.zst.new" "$tree_dir/layout/$unit.zst"
	done
}

layout_list()
{
	pahole -F dwarf --anon_include "$work/layout/debug/$1/$2" 2>>"$log_file" ||
		die_log 1 failed "pahole cannot read the types of $2"
}

# layout_compare UNIT: what the difference in its types means
layout_compare()
{
	local unit=$1 key=${layout_keys[$1]}

	zstd -q -d -c "$tree_dir/layout/$unit.zst" >"$work/layout/before"
	layout_list post "$unit" >"$work/layout/after"
	[[ -s $work/layout/before && -s $work/layout/after ]] ||
		die_log 1 failed "pahole finds no types in $unit"
	{
		awk -f "$KSPLICE_LIBDIR/create/layout.awk" "$work/layout/before" "$work/layout/after"
		# Enumerators are told by the text.
		grep -v '^[<>] ' "$work/layout/difference/$key" || true
	} >"$work/layout/found/$key"
}

# layout_used UNIT: says which of the types that differ its changed functions use
layout_used()
{
	local unit=$1 type kind text functions

	[[ -s $work/layout/found/${layout_keys[$unit]} ]] || return 0
	differences_of "$unit"
	# Of a unit that cannot be compared, any function may use it.
	((differences_status != 7)) || return 0
	functions=$(sed -n 's/^\(added\|changed\) *\(init \|exit \)\?function *\([A-Za-z0-9_]*\).*/\3/p' \
		"$differences" | tr '\n' ' ')
	((differences_status != 0)) || [[ $functions ]] || return 0
	while IFS=$'\t' read -r type kind text; do
		[[ ! ${layout_said[$type $kind]+set} ]] || continue
		# One word for each name by which text can lead to it.
		printf 'name %s\n' "${type##* }" >"$work/layout/type"
		[[ $type != enum* ]] || printf 'name %s\n' "${text%% *}" >>"$work/layout/type"
		((differences_status != 0)) || [[ $(awk -v functions="$functions" \
			-f "$KSPLICE_LIBDIR/create/definitions.awk" -f "$KSPLICE_LIBDIR/create/reached.awk" \
			"$work/layout/type" "$work/layout/text/post/$unit") ]] || {
			verbose "$unit: $type changes ($text), but no changed function uses it"
			continue
		}
		layout_say "$unit" "$type" "$kind" "$text"
	done <"$work/layout/found/${layout_keys[$unit]}"
}

# layout_say UNIT TYPE layout|note TEXT
layout_say()
{
	local unit=$1 type=$2 kind=$3 text=$4

	layout_said[$type $kind]=1
	if [[ $kind = note ]]; then
		note "$type: $text"
	elif accepted layout "$type"; then
		warn "accepted: the layout of $type changes: $text"
	else
		refuse "$unit: the layout of $type changes: $text" \
			"objects that exist already have the old one: keep new data outside of it; or, if none can be there when the update is applied: --accept layout='$type'"
		layout_refused=1
	fi
}
