# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Patches that change how the kernel is configured and built. Both are tried
# with the patched files in the tree: a Kconfig file is of no importance if the
# configuration comes out the same, and of a Makefile counts what Kbuild makes
# of it: which units there are, and how each is compiled.
#
#	work/rules.before	the units of the folders concerned, UNIT TAB COMMAND
#	work/rules.after	the same with the patch

rules_new=()		# units that the patch adds to the build
rules_gone=()		# units that it takes out of it
rules_changed=()	# units that it has compiled in another way
declare -A rules_renamed=()	# units whose source it renames: how they are called afterwards

rules_try()
{
	rules_configuration
	rules_makefiles
}

# rules_put PATH...: these files as patched into the tree, until tree_restore()
rules_put()
{
	local path

	for path; do
		if [[ -e $work/new/$path ]]; then
			tree_replace "$path" "$work/new/$path"
		elif [[ -e $tree_src/$path ]]; then
			tree_remove "$path"
		fi
	done
}

rules_configuration()
{
	local changes

	[[ ${#patch_kconfigs[@]} -gt 0 ]] || return 0
	stage "Configuring with the patch"
	cp "$tree_build/.config" "$work/config"
	rules_put "${patch_kconfigs[@]}"
	logged "${tree_make[@]}" "KCONFIG_CONFIG=$work/config" olddefconfig ||
		die_log 1 failed "with the patch the configuration cannot be taken over"
	tree_restore
	changes=$(diff <(tree_options "$tree_build/.config") <(tree_options "$work/config") || true)
	[[ ! $changes ]] ||
		die 6 unsupported "the patch changes ${patch_kconfigs[*]} so that the configuration is another one: $(rules_options <<<"$changes")" \
			"what is configured cannot be changed while the kernel runs: leave those files out of the patch"
	note "the configuration stays the same, ignored: ${patch_kconfigs[*]}"
}

# The first options of a diff of configurations, as a list.
rules_options()
{
	sed -n 's/^> //p; s/^< \([^=]*\)=.*/no \1/p' | head -n 3 | paste -s -d , | sed 's/,/, /g'
}

rules_makefiles()
{
	local path folder folders=() kind unit

	[[ ${#patch_makefiles[@]} -gt 0 ]] || return 0
	stage "Listing the units that the changed Makefiles build"
	for path in "${patch_makefiles[@]}"; do
		folder=${path%/*}
		until [[ -e $tree_src/$folder/Makefile || -e $tree_src/$folder/Kbuild || \
			$folder != */* ]]; do
			folder=${folder%/*}
		done
		folders+=("$folder/")
	done
	mapfile -t folders < <(printf '%s\n' "${folders[@]}" | sort -u)
	rules_list "$work/rules.before" "${folders[@]}"
	# The sources as well: Kbuild knows no rule for one that is not there.
	rules_put "${patch_makefiles[@]}" "${patch_sources[@]}"
	rules_list "$work/rules.after" "${folders[@]}"
	tree_restore

	while IFS=$'\t' read -r kind unit; do
		case $kind in
		new) rules_new+=("$unit") ;;
		gone) rules_gone+=("$unit") ;;
		changed) rules_changed+=("$unit") ;;
		esac
	done < <(rules_compare "$work/rules.before" "$work/rules.after")
	rules_rename
	verbose "new units: ${rules_new[*]-}; units gone: ${rules_gone[*]-}; renamed: ${!rules_renamed[*]}; compiled in another way: ${rules_changed[*]-}"
	rules_check
	((${#rules_new[@]} + ${#rules_gone[@]} + ${#rules_renamed[@]} + ${#rules_changed[@]})) ||
		note "the build stays the same, ignored: ${patch_makefiles[*]}"
}

# rules_rename: units that are there before and after, of a source with another name
rules_rename()
{
	local path old new before after unit gone=() added=()

	for path in "${!patch_origin[@]}"; do
		[[ $path = *.[cS] ]] || continue
		old=$(rules_unit_of "${patch_origin[$path]}" "${rules_gone[@]}")
		new=$(rules_unit_of "$path" "${rules_new[@]}")
		[[ $old && $new ]] || continue
		before=$(rules_command "$work/rules.before" "$old" | rules_targets)
		after=$(rules_command "$work/rules.after" "$new" | rules_targets)
		[[ $before = "$after" ]] || continue
		rules_renamed[$old]=$new
	done
	[[ ${#rules_renamed[@]} -gt 0 ]] || return 0
	for unit in "${rules_gone[@]}"; do
		[[ ${rules_renamed[$unit]+set} ]] || gone+=("$unit")
	done
	for unit in "${rules_new[@]}"; do
		units_among "$unit" "${rules_renamed[@]}" || added+=("$unit")
	done
	rules_gone=("${gone[@]}")
	rules_new=("${added[@]}")
}

# rules_unit_of SOURCE UNIT...: that one of the units that is made of the source
rules_unit_of()
{
	local unit source=$1

	shift
	for unit; do
		[[ $(units_plain "$unit") != "${source%.*}.o" ]] || printf '%s\n' "$unit"
	done
}

# rules_list FILE FOLDER...
rules_list()
{
	logged units_list_make "$1" init/ "${@:2}" || true
	grep -q '^init/main.o' "$1" ||
		die_log 1 failed "Kbuild did not list its commands" "is one of ${patch_makefiles[*]} damaged?"
}

# rules_compare BEFORE AFTER: new, gone or changed TAB UNIT
rules_compare()
{
	awk -F '\t' '
		NR == FNR { before[$1] = $2; next }
		!($1 in before) { print "new\t" $1; next }
		before[$1] != $2 { print "changed\t" $1 }
		{ delete before[$1] }
		END { for (unit in before) print "gone\t" unit }' "$1" "$2" | sort
}

# A unit can come and go in a target that is there; it cannot move to another one.
rules_check()
{
	local unit target before after

	before=$(cut -f 2- "$work/rules.before" | rules_targets | sort -u)
	for unit in "${rules_new[@]}"; do
		after=$(rules_command "$work/rules.after" "$unit" | rules_targets)
		for target in $after; do
			[[ $target = vmlinux ]] || grep -qxF -- "$target" <<<"$before" ||
				die 6 unsupported "the patch adds the module $target, which the running kernel has not" \
					"build and load it as a module of its own; leave it out of the patch"
		done
	done
	for unit in "${rules_changed[@]}"; do
		before=$(rules_command "$work/rules.before" "$unit" | rules_targets)
		after=$(rules_command "$work/rules.after" "$unit" | rules_targets)
		[[ $before = "$after" ]] ||
			die 6 unsupported "the patch moves $unit from ${before//$'\n'/ } to ${after//$'\n'/ }: its code and data are where they are" \
				"leave the change of ${patch_makefiles[*]} out of the patch"
	done
}

# rules_command LIST UNIT
rules_command()
{
	awk -F '\t' -v "unit=$2" '$1 == unit { print $2; exit }' "$1"
}

# The targets of the units whose commands it reads: vmlinux, a module, or several modules.
rules_targets()
{
	awk -f "$KSPLICE_LIBDIR/create/targets.awk" | cut -f 1
}
