# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Which units the patch can change: those made from the files that it touches,
# and those that include one of them; only what the configuration builds.

units=()		# names, as "fs/proc/cmdline.o": there before and after the patch
units_added=()		# those that it adds to the build
units_gone=()		# those that it takes out of it
units_when=before	# whose command lines: of the source as it is, or `after' the patch
units_many=64		# for more than these, one list of everything is made

units_find()
{
	local path unit found included=() direct=() ignored=()

	for path in "${patch_sources[@]}"; do
		[[ $path = *.[cS] ]] || { included+=("$path"); continue; }
		unit=${path%.*}.o
		if [[ -e $tree_src/$path ]]; then
			direct+=("$unit")
		elif ! units_new_source "$path" && ! units_is_new_name "$path"; then
			units_new_file "$path"
			included+=("$path")
		fi
	done

	if [[ ${#direct[@]} -gt 0 ]]; then
		units_list "${direct[@]}"
		for unit in "${direct[@]}"; do
			found=$unit
			units_configured "$unit" || units_elsewhere "$unit"
			if units_configured "$found"; then
				units_not_removed "$unit" "$found"
				units+=("$found")
			elif [[ -e $tree_src/${unit%.o}.c ]]; then
				# Not a unit by itself, but another one may include it.
				included+=("${unit%.o}.c")
			else
				ignored+=("$unit")
			fi
		done
		verbose "not in this configuration: ${ignored[*]-}"
	fi
	if [[ ${#included[@]} -gt 0 ]]; then
		build_try "${units[@]}"
		headers_units "${included[@]}"
	fi
	units_sort
	if [[ ${#units[@]} = 0 && ${#units_added[@]} = 0 && ${#units_gone[@]} = 0 ]]; then
		[[ ! $opt_targets ]] ||
			die 7 no_change "the patch changes nothing in $opt_targets"
		[[ ! -s $work/reach/commands ]] ||
			die 7 no_change "the patch changes no code: no unit depends on what it changes in ${included[*]}"
		die 7 no_change "nothing of ${patch_files[*]} is built into $kernel_release: its configuration leaves it out"
	fi
	[[ ${#units[@]} = 0 ]] || units_load "${units[@]}"
	verbose "units: ${units[*]-}; added: ${units_added[*]-}; gone: ${units_gone[*]-}"
}

# Each unit is in one of the three lists, once.
units_sort()
{
	units_added=("${rules_new[@]}")
	units_gone=("${rules_gone[@]}")
	mapfile -t units < <(printf '%s\n' "${units[@]}" "${rules_changed[@]}" |
		sed '/^$/d' | sort -u |
		{ grep -vxF -f <(printf '%s\n' - "${units_added[@]}" "${units_gone[@]}") || true; })
	((${#units_gone[@]} + ${#rules_changed[@]} == 0)) || units_list "${units_gone[@]}" "${rules_changed[@]}"
	targets_choose
}

# units_plain NAME: the name without "..", as arch/x86/kvm/../../../virt/kvm/kvm_main.o has them
units_plain()
{
	sed -E ':again; s|[^/.][^/]*/\.\./||; t again' <<<"$1"
}

# units_new_source PATH: whether a unit that the patch adds to the build is made of it
units_new_source()
{
	local unit

	for unit in "${rules_new[@]}"; do
		[[ $(units_plain "$unit") != "${1%.*}.o" ]] || return 0
	done
	return 1
}

# units_is_new_name PATH: whether it is what the patch calls the source of a unit
units_is_new_name()
{
	local unit

	for unit in "${rules_renamed[@]}"; do
		[[ $(units_plain "$unit") != "${1%.*}.o" ]] || return 0
	done
	return 1
}

# units_elsewhere UNIT: sets $found to its name, if another folder's Makefile has it, as KVM's
# arch/x86/kvm/../../../virt/kvm/kvm_main.o. Not looked for where the folder has units of its
# own: the whole configuration has to be listed for it.
units_elsewhere()
{
	! grep -q "^${1%/*}/[^/]*	" "$tree_dir"/commands/* || return 0
	units_list_all
	found=$(awk -v "unit=$1" -F '\t' 'index($1, "/../") {
		name = $1
		while (sub(/[^\/.][^\/]*\/\.\.\//, "", name))
			;
		if (name == unit) {
			print $1
			exit
		}
	}' "$tree_dir/commands/all")
	found=${found:-$1}
}

# units_not_removed UNIT NAME: the patch may remove a source only together with its unit
units_not_removed()
{
	local source=${1%.o} gone

	[[ ! ${rules_renamed[$2]+set} ]] || return 0
	for gone in "${rules_gone[@]}"; do
		[[ $gone != "$2" ]] || return 0
	done
	[[ -e $work/new/$source.c || -e $work/new/$source.S ]] ||
		die 6 unsupported "the patch removes the source of $1, which is built into this kernel"
}

plural()
{
	[[ $1 = 1 ]] || printf s
}

# A new file is fine if something includes it, or if it is not configured.
units_new_file()
{
	local folder=${1%/*} name=${1##*/}

	! grep -qsw -- "${name%.*}[.]o" "$work/new/$folder"/{Makefile,Kbuild} || return 0
	if ! grep -rqs -- "include.*[\"</]${name}[\">]" "$work/new"; then
		die 6 unsupported "the patch adds $1, which no Makefile and no other file names" \
			"the patch has to add $name to a Makefile as well, as for any kernel: obj-y += ${name%.*}.o"
	fi
}

# What is configured is Kbuild's own word: a run that builds nothing and prints
# every command. One file for each folder with a Makefile, UNIT TAB COMMAND:
# tree_dir/commands/FOLDER (a comma for each slash), or all in tree_dir/commands/all.

# units_folder UNIT: the folder whose Makefile has it; sets $folder
units_folder()
{
	folder=${1%/*}
	until [[ -e $tree_src/$folder/Makefile || -e $tree_src/$folder/Kbuild || \
		$folder != */* ]]; do
		folder=${folder%/*}
	done
}

# units_list UNIT...: sees to it that the lists of their folders are there
units_list()
{
	local unit folder folders=()

	units_lists_current
	[[ ! -e $tree_dir/commands/all ]] || return 0
	for unit; do
		units_folder "$unit"
		[[ -e $tree_dir/commands/${folder//\//,} ]] || folders+=("$folder")
	done
	[[ ${#folders[@]} -gt 0 ]] || return 0
	mapfile -t folders < <(printf '%s\n' "${folders[@]}" | sort -u)
	if [[ ${#folders[@]} -gt $units_many ]]; then
		units_list_all
		return
	fi
	stage "Listing the units of ${#folders[@]} folder$(plural ${#folders[@]})"
	# init/ is in every kernel: a list without it is none.
	logged units_list_make "$work/units" init/ "${folders[@]/%//}" || true
	grep -q '^init/main.o' "$work/units" || die_log 1 failed "Kbuild did not list its commands"
	for folder in "${folders[@]}"; do
		grep "^$folder/" "$work/units" >"$tree_dir/commands/${folder//\//,}.new" || true
		mv "$tree_dir/commands/${folder//\//,}.new" "$tree_dir/commands/${folder//\//,}"
	done
}

# units_lists_current: forgets lists that another version of commands.awk made
units_lists_current()
{
	local key

	key=$(sha256sum <"$KSPLICE_LIBDIR/create/commands.awk")
	[[ ! -e $tree_dir/commands/.made || $(<"$tree_dir/commands/.made") != "$key" ]] || return 0
	rm -rf "$tree_dir/commands"
	mkdir "$tree_dir/commands"
	printf '%s\n' "$key" >"$tree_dir/commands/.made"
}

# units_list_all: one list of all that is configured
units_list_all()
{
	units_lists_current
	[[ ! -e $tree_dir/commands/all ]] || return 0
	stage "Listing the units of the whole configuration (once)"
	logged units_list_make "$tree_dir/commands/all.new" vmlinux modules || true
	[[ -s $tree_dir/commands/all.new ]] || die_log 1 failed "Kbuild listed no units"
	mv "$tree_dir/commands/all.new" "$tree_dir/commands/all"
}

# units_list_make FILE TARGET...: it "fails" at files that would have been built before
units_list_make()
{
	local file=$1

	shift
	"${tree_make[@]}" -n -k V=1 "$@" 2>/dev/null |
		awk -f "$KSPLICE_LIBDIR/create/commands.awk" "$tree_cc" |
		sort -u >"$file"
}

# units_commands FILE: those of the units in FILE that are configured, UNIT TAB COMMAND. A unit that
# another folder's Makefile has may be called by its name without "..".
units_commands()
{
	local lists=("$tree_dir"/commands/*)

	[[ ! -e $tree_dir/commands/all ]] || lists=("$tree_dir/commands/all")
	awk -F '\t' '
		function plain(name) {
			while (sub(/[^\/.][^\/]*\/\.\.\//, "", name))
				;
			return name
		}
		FILENAME == ARGV[1] { wanted[$1]; next }
		$1 in wanted || (index($1, "/../") && plain($1) in wanted)' "$1" "${lists[@]}" |
		sort -u -t '	' -k 1,1
}

# units_load UNIT...: units_command() knows them from now on without looking
units_load()
{
	local unit command

	while IFS=$'\t' read -r unit command; do
		units_loaded[$unit]=$command
	done < <(units_commands <(printf '%s\n' "$@"))
}
declare -A units_loaded=()

# units_command UNIT: the command line that Kbuild has for it. Of a renamed one, after the patch, it
# is that of its new name, for an object of the old one.
units_command()
{
	local command folder file=$tree_dir/commands/all

	if [[ $units_when = after && -e $work/rules.after ]]; then
		if [[ ${rules_renamed[$1]+set} ]]; then
			command=$(rules_command "$work/rules.after" "${rules_renamed[$1]}")
			printf '%s\n' "${command/ -c -o ${rules_renamed[$1]} / -c -o $1 }"
			return
		fi
		! grep -m 1 -- "^$1	" "$work/rules.after" | cut -f 2- || return 0
	fi
	if [[ ${units_loaded[$1]+set} ]]; then
		printf '%s\n' "${units_loaded[$1]}"
		return
	fi
	if [[ ! -e $file ]]; then
		units_folder "$1"
		file=$tree_dir/commands/${folder//\//,}
	fi
	grep -m 1 -- "^$1	" "$file" | cut -f 2-
}

units_configured()
{
	local command

	command=$(units_command "$1") || return 1
	[[ $command ]]
}

# units_among UNIT UNIT...: whether the first is one of the others
units_among()
{
	local unit=$1 other

	shift
	for other; do
		[[ $other != "$unit" ]] || return 0
	done
	return 1
}
