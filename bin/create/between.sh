# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# What one module of the update defines and another one uses: a new function of
# the kernel that a module's new code calls. The exports of a running kernel
# cannot grow, but the update's own modules can export: the module loader then
# knows that the one needs the other, and the order of loading and unloading.
# The exported names have the update's id, so that two updates do not meet.
#
#	work/between		TARGET that defines TAB TARGET that uses TAB NAME TAB EXPORTED NAME

# between_find: writes work/between, orders work/modules, and gives the names to the code
between_find()
{
	local target module

	while read -r target module; do
		nm -P -g "$work/link/${module}_code.raw" | awk -v "target=$target" '
			NF < 2 || index($1, ".ksplice.") { next }
			{ print target "\t" ($2 ~ /^[Uwv]$/ ? "uses" : "defines") "\t" $1 }'
	done <"$work/modules" >"$work/between.names"
	awk -F '\t' '
		FILENAME == ARGV[1] { exported[$2]; next }
		$2 == "defines" { definer[$3] = $1; next }
		$3 in definer && !($3 in exported) { print definer[$3] "\t" $1 "\t" $3 }' \
		"$tree_build/Module.symvers" <(sort -t $'\t' -k 2,2 "$work/between.names") |
		between_names >"$work/between"
	[[ -s $work/between ]] || return 0
	between_order
	while read -r target module; do
		logged between_rename "$target" "$work/link/${module}_code.raw" ||
			die_log 1 failed "the new code of $target could not be linked"
	done <"$work/modules"
}

# Adds the exported name to each line. The loader's lists of versions have room for 55 characters.
between_names()
{
	local definer user name exported

	while IFS=$'\t' read -r definer user name; do
		exported=ksplice_${opt_id}_$name
		[[ ${#exported} -le 55 ]] ||
			exported=ksplice_${opt_id}_$(sha256sum <<<"$name" | cut -c 1-16)
		printf '%s\t%s\t%s\t%s\n' "$definer" "$user" "$name" "$exported"
	done
}

# Who defines is loaded before who uses.
between_order()
{
	local target

	{
		awk '{ print $1, $1 }' "$work/modules"
		cut -f 1,2 "$work/between" | tr '\t' ' '
	} | tsort >"$work/between.order" 2>>"$log_file" ||
		die 6 unsupported "new code of $(cut -f 1 "$work/between" | sort -u | paste -s -d ' ') refers to each other: none of these modules could be loaded first" \
			"let only one of them call what is new in the other"
	while read -r target; do
		awk -v "target=$target" '$1 == target' "$work/modules"
	done <"$work/between.order" >"$work/modules.new"
	mv "$work/modules.new" "$work/modules"
}

# between_rename TARGET OBJECT: its part in what is exported, by the exported names
between_rename()
{
	local definer user name exported options=() symbols=()

	while IFS=$'\t' read -r definer user name exported; do
		[[ $definer != "$1" ]] || symbols+=("--defsym=$exported=$name")
		[[ $user != "$1" ]] || options+=(--redefine-sym "$name=$exported")
	done <"$work/between"
	if [[ ${#symbols[@]} -gt 0 ]]; then
		ld -r "${symbols[@]}" -o "$2.new" "$2" && mv "$2.new" "$2" || return
	fi
	if [[ ${#options[@]} -gt 0 ]]; then
		objcopy "${options[@]}" "$2"
	fi
}

# between_exports TARGET: the C text that exports what others use of it
between_exports()
{
	[[ -s $work/between ]] || return 0
	awk -F '\t' -v "target=$1" '
		$1 == target && !($4 in done) {
			done[$4]
			print "extern char " $4 "[];\nEXPORT_SYMBOL_GPL(" $4 ");"
		}' "$work/between"
}
