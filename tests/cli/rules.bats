#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What ksplice-create makes of changed Makefiles, and how it leaves the source behind.

setup()
{
	create=$BATS_TEST_DIRNAME/../../bin/create
	dir=$BATS_TEST_TMPDIR
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
