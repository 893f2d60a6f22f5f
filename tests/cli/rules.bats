#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What ksplice-create makes of changed Makefiles, and how it leaves the source behind.

setup()
{
	create=$BATS_TEST_DIRNAME/../../bin/create
	dir=$BATS_TEST_TMPDIR
	KSPLICE_LIBDIR=${create%/*}
}

# tree FUNCTION...: calls the functions that stand patched files in for the source's
tree()
{
	(
		# shellcheck source=bin/create/tree.sh
		source "$create/tree.sh"
		tree_dir=$dir tree_src=$dir/source
		"$@"
	)
}

@test "the source is as it was after files were put in its place" {
	mkdir "$dir/source"
	echo original >"$dir/source/changed.c"
	echo original >"$dir/source/removed.c"
	echo first >"$dir/first"
	echo second >"$dir/second"
	for file in first second; do
		tree tree_replace changed.c "$dir/$file"
		tree tree_replace new/added.c "$dir/$file"
		[ "$(cat "$dir/source/changed.c" "$dir/source/new/added.c")" = "$file"$'\n'"$file" ]
	done
	tree tree_remove removed.c
	[ ! -e "$dir/source/removed.c" ]
	tree tree_restore
	[ "$(cat "$dir/source/changed.c" "$dir/source/removed.c")" = original$'\n'original ]
	[ ! -e "$dir/source/new/added.c" ]
}

# rules BEFORE AFTER: what the change of the build is
rules()
{
	# shellcheck source=bin/create/rules.sh
	(source "$create/rules.sh" && rules_compare "$1" "$2")
}

@test "what a changed Makefile does to the build" {
	printf '%s\t%s\n' a.o 'gcc -O2 -c -o a.o a.c' b.o 'gcc -O2 -c -o b.o b.c' \
		gone.o 'gcc -c -o gone.o gone.c' >"$dir/before"
	printf '%s\t%s\n' a.o 'gcc -O2 -c -o a.o a.c' b.o 'gcc -O3 -c -o b.o b.c' \
		new.o 'gcc -c -o new.o new.c' >"$dir/after"
	[ "$(rules "$dir/before" "$dir/after")" = \
		$'changed\tb.o\ngone\tgone.o\nnew\tnew.o' ]
	[ -z "$(rules "$dir/before" "$dir/before")" ]
}

@test "the target that a unit is built for" {
	# shellcheck source=bin/create/rules.sh
	source "$create/rules.sh"
	[ "$(rules_targets <<<"gcc -DKBUILD_MODNAME='\"fork\"' -c -o kernel/fork.o")" = vmlinux ]
	[ "$(rules_targets <<<"gcc -DMODULE -DKBUILD_MODNAME='\"zram\"' -c -o zcomp.o")" = zram ]
	[ "$(rules_targets <<<"gcc -DMODULE -DKBUILD_MODNAME='\"one:two\"' -c -o x.o")" = $'one\ntwo' ]
	[ "$(rules_targets <<<"gcc -DMODULE -c -o x.o")" = '?' ]
}

@test "the assembler's units get the module's name from Kbuild's lists" {
	local cc="gcc-12 -Wp,-MMD,x.d -D__KERNEL__"

	# As Kbuild prints them: what it would say, and what it would do.
	cat >"$dir/make" <<-EOF
	set -e;  echo '  printf '\''%s\n'\''   one.o ../two.o both.o | awk '\''!x[\$0]++ { print("d/"\$0) }'\'' > d/mod-a.mod';    trap 'rm -f d/mod-a.mod; trap - HUP' HUP;   printf '%s\n'   one.o ../two.o both.o | awk '!x[\$0]++ { print("d/"\$0) }' > d/mod-a.mod; printf '%s\n' 'cmd_d/mod-a.mod := printf '\''%s\n'\'' one.o' > d/.mod-a.mod.cmd
	set -e;   printf '%s\n'   both.o | awk '!x[\$0]++ { print("d/"\$0) }' > d/b.mod; :
	$cc -D__ASSEMBLY__ -DMODULE -c -o d/one.o s/d/one.S
	$cc -D__ASSEMBLY__ -DMODULE -c -o d/../two.o s/two.S
	$cc -D__ASSEMBLY__ -DMODULE -c -o d/both.o s/d/both.S
	$cc -D__ASSEMBLY__ -DMODULE -c -o d/none.o s/d/none.S
	$cc -D__ASSEMBLY__ -c -o d/builtin.o s/d/builtin.S
	$cc -DMODULE -DKBUILD_MODNAME='"own"' -c -o d/own.o s/d/own.c
	EOF
	awk -f "$create/commands.awk" gcc-12 <"$dir/make" >"$dir/commands"
	# shellcheck source=bin/create/rules.sh
	source "$create/rules.sh"
	[ "$(wc -l <"$dir/commands")" = 6 ]
	while IFS='|' read -r unit targets; do
		[ "$(rules_command "$dir/commands" "$unit" | rules_targets | paste -s -d ' ')" = "$targets" ] || {
			echo "$unit:"
			cat "$dir/commands"
			return 1
		}
		[[ $(rules_command "$dir/commands" "$unit") == *" -c -o $unit s/"* ]]
	done <<-'EOF'
	d/one.o|mod_a
	d/../two.o|mod_a
	d/both.o|mod_a b
	d/none.o|?
	d/builtin.o|vmlinux
	d/own.o|own
	EOF
}

@test "a patch that reaches no unit leaves no list, and is no failure" {
	# As in ksplice-create: what fails is told by a trap, in subshells too.
	run bash -c 'set -o errexit -o errtrace -o nounset -o pipefail; trap "echo trapped" ERR
		source "$1/units.sh"; source "$1/targets.sh"; opt_targets=
		rules_new=() rules_gone=() rules_changed=()
		units_sort; echo "${#units[@]}"' - "$create"
	[ "$output" = 0 ]
}
