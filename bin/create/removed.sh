# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Functions, data and exports that the patch takes out of a unit. Functions that another
# unit gets have moved; of the others it has to be sure that nothing in the
# kernel refers to them any more: a linker would tell, but the kernel is not
# linked again.
#
#	work/names/TARGET	what `objmanip names' prints of the target's units
#	work/names.all		the same of all targets

removed_max=64		# units to compile in search of references

# removed_find: writes work/names; refuses what is still referred to. With the tree locked.
removed_find()
{
	local unit target targets objects

	[[ -x $KSPLICE_OBJMANIP ]] || die 1 missing "$KSPLICE_OBJMANIP: not built" "run make"
	stage "Looking for what moves or is removed"
	mkdir "$work/names"
	for unit in "${units[@]}" "${units_added[@]}" "${units_gone[@]}"; do
		targets=$(link_targets_of "$unit") || exit
		link_objects "$unit"
		logged "$KSPLICE_OBJMANIP" names "${objects[@]}" --unit "$unit" -o "$work/names.unit" ||
			die_log 1 failed "objmanip failed on $unit"
		for target in $targets; do
			cat "$work/names.unit" >>"$work/names/$target"
		done
		removed_exports "$unit"
	done
	cat "$work"/names/* >"$work/names.all"
	for target in "$work"/names/*; do
		removed_check "${target##*/}"
	done
}

# removed_exports UNIT: says what the patch exports, or does not export any more
removed_exports()
{
	local name lost got

	removed_export_names "$tree_dir/pre/$1" >"$work/exports.before"
	removed_export_names "$work/post/$1" >"$work/exports.after"
	lost=$(comm -23 "$work/exports.before" "$work/exports.after" | paste -s -d " ")
	got=$(comm -13 "$work/exports.before" "$work/exports.after" | paste -s -d " ")
	[[ ! $lost ]] || note "$1: no longer exported, but modules can use it until the next boot: $lost"
	[[ ! $got ]] || note "$1: exported to the update itself, but to no other module: $got"
}

# removed_export_names OBJECT: as 6.1 marks them, and as 6.12 does
removed_export_names()
{
	[[ ! -e $1 ]] || nm "$1" | sed -n 's/.* __\(ksymtab\|export_symbol\)_//p' | sort -u
}

# removed_check TARGET: the globals that none of its units has any more
removed_check()
{
	local target=$1 unit name

	awk -F '\t' '
		$4 == "global" && $2 == "lost" { lost[$6] = $1 }
		$4 == "global" && $2 == "new" { got[$6] }
		END { for (name in lost) if (!(name in got)) print lost[name] "\t" name }' \
		"$work/names/$target" | sort >"$work/removed"
	[[ -s $work/removed ]] || return 0
	cut -f 2 "$work/removed" >"$work/removed.names"
	removed_own "$target"
	removed_others "$target"
}

# removed_still NAME UNIT WHERE
removed_still()
{
	die 6 unsupported "the patch removes $1 from $2, but $3 still refers to it" \
		"remove that too, or leave $1 where it is"
}

# In the units of the update, and as names that no text has.
removed_own()
{
	local unit name other

	while IFS=$'\t' read -r unit name; do
		for other in "${units[@]}" "${units_added[@]}"; do
			! removed_is_undefined "$name" "$work/post/$other" || removed_still "$name" "$unit" "$other"
		done
		sed 's/[\\:]$//' "$tree_dir/pre/$unit.d" | tr -s ' ' '\n' | grep -F "$tree_src/" |
			xargs cat | grep -wF -- "$name" >/dev/null ||
			die 6 unsupported "the patch removes $name from $unit, which a macro makes: what else the macro does with it is not known" \
				"system calls, tracepoints and the like are in tables of the kernel; leave it where it is"
	done <"$work/removed"
}

# removed_is_undefined NAME OBJECT
removed_is_undefined()
{
	nm -u "$2" | awk -v "name=$1" '$2 == name { found = 1 } END { exit !found }'
}

# In the target's other units: those whose source, or a file that it includes, has the name.
removed_others()
{
	local target=$1 unit name other files=() candidates=() others=()

	mapfile -t files < <(removed_files)
	[[ ${#files[@]} -gt 0 ]] || return 0
	if [[ ! -e $tree_dir/include-lines ]]; then
		logged headers_scan || die_log 1 failed "the source's include lines could not be read"
	fi
	mapfile -t candidates < <({
		printf '%s\n' "${files[@]}" | sed -n 's/\.[cS]$/.o/p'
		awk -f "$KSPLICE_LIBDIR/create/includes.awk" users "$tree_dir/include-lines" "${files[@]}"
	} | sort -u | grep -vxF -f <(printf '%s\n' - "${units[@]}" "${units_added[@]}" "${units_gone[@]}"))
	[[ ${#candidates[@]} -gt 0 ]] || return 0
	units_list "${candidates[@]}"
	for unit in "${candidates[@]}"; do
		units_configured "$unit" || continue
		! link_targets_of "$unit" | grep -qxF -- "$target" || others+=("$unit")
	done
	[[ ${#others[@]} -gt 0 ]] || return 0
	[[ ${#others[@]} -le $removed_max ]] ||
		die 6 unsupported "the patch removes $(paste -s -d ' ' "$work/removed.names"), but ${#others[@]} units may still refer to it by ${files[*]:0:3}" \
			"remove the name there, too"
	build_before "${others[@]}"
	while IFS=$'\t' read -r unit name; do
		for other in "${others[@]}"; do
			! removed_is_undefined "$name" "$tree_dir/pre/$other" || removed_still "$name" "$unit" "$other"
		done
	done <"$work/removed"
}

# The files of the patched source that have one of the names; it may be a farm of links (-R).
removed_files()
{
	local there

	{
		headers_enter "$tree_src"
		grep -RlwF --include='*.[chS]' --include='*.inc' -f "$work/removed.names" -- "${there[@]}" |
			grep -vxF -f <(printf '%s\n' "${patch_files[@]}")
		cd "$work/new" && grep -rlwF -f "$work/removed.names" -- * | grep '\.\([chS]\|inc\)$'
	} || true
}
