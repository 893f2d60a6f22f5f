# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Code that ran at boot, or when its module was loaded, and that the patch does not
# touch: the compiler has put a function into it that the patch changes. Such a
# change is left out of the update, and said, where another change of code that ran
# is refused. For if the compiler had called the function instead, the code that
# ran would be the same in both builds, and the patch would do nothing else.
#
#	work/initcode/differs	what initcode.awk says

declare -A initcode_inlined=()	# UNIT: the functions, each with a blank before it

# initcode_find: looks at the units that changed; the tree is as it was before the patch
initcode_find()
{
	local unit names

	for unit in ${units[@]+"${units[@]}"}; do
		names=$(initcode_changed "$unit")
		[[ ! $names ]] || initcode_look "$unit" "$names"
	done
}

# initcode_changed UNIT: the names of its functions of this kind that change
initcode_changed()
{
	differences_of "$1"
	sed -n 's/^changed *init function *\([^ :]*\):.*/\1/p' "$differences"
}

# initcode_look UNIT NAMES: which of them the patch does not touch
initcode_look()
{
	local unit=$1 name names=$2 which text=$work/layout/text functions

	# Assembler has no functions to put into others.
	[[ $(units_command "$unit") != *.S ]] || return 0
	stage "Looking at code of $unit that ran already"
	mkdir -p "$work/initcode"
	layout_compile post text '-E -P' "$unit"
	layout_compile pre text '-E -P' "$unit"
	awk -f "$KSPLICE_LIBDIR/create/definitions.awk" -f "$KSPLICE_LIBDIR/create/initcode.awk" \
		"$text/pre/$unit" "$text/post/$unit" >"$work/initcode/differs" 2>>"$log_file" ||
		die_log 1 failed "the definitions of $unit could not be compared"
	for name in $names; do
		functions=$(initcode_source_names "$work/post/$unit" "$name")
		for which in pre post; do
			[[ ! $(awk -v "functions=$functions" -f "$KSPLICE_LIBDIR/create/definitions.awk" \
				-f "$KSPLICE_LIBDIR/create/reached.awk" \
				"$work/initcode/differs" "$text/$which/$unit") ]] || continue 2
		done
		initcode_inlined[$unit]+=" $name"
	done
	rm -rf "$text"
}

# initcode_source_names OBJECT NAME: the names that the source has for that function: those of its
# aliases as well (module_init() makes one), without what the compiler adds to the name of a clone
initcode_source_names()
{
	objdump -t "$1" | awk -v "name=$2" '
		NF >= 5 { place[$NF] = $1 " " $(NF - 2) }
		END {
			for (other in place) {
				if (place[other] != place[name] || other ~ /^\./)
					continue
				sub(/\..*/, "", other)
				printf "%s ", other
			}
		}'
}

# initcode_accept UNIT: that, for objmanip's --accept
initcode_accept()
{
	local name

	for name in ${initcode_inlined[$1]-}; do
		printf 'init-code=%s\n' "$name"
	done
}

# initcode_report UNIT NAME: says so, if it is one of these
initcode_report()
{
	[[ " ${initcode_inlined[$1]-} " = *" $2 "* ]] || return 0
	warn "$1: $2() ran already, with the old code of a function that is inlined there: what it set up stays as it was"
}
