#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Which objects ksplice-create compiles, and when; the compiler only notes what it is asked for.

setup()
{
	create=$BATS_TEST_DIRNAME/../../bin/create
	cd "$BATS_TEST_TMPDIR"
	mkdir -p source/fs work/new/fs
	touch source/fs/{a,gone}.c source/fs/wide.h work/new/fs/a.c
}

# parts FUNCTION...: calls the functions of units.sh and build.sh, with what is around them noted
parts()
{
	(
		tree_src=$PWD/source tree_dir=$PWD/tree work=$PWD/work kernel_release=test opt_targets=
		for part in units targets build; do
			# shellcheck disable=SC1090
			source "$create/$part.sh"
		done
		stage() { :; }
		verbose() { :; }
		units_list() { :; }
		units_load() { :; }
		units_configured() { :; }
		build_put_patched() { :; }
		tree_restore() { :; }
		headers_units() { echo "headers $*"; }
		build_before() { echo "before $*"; }
		layout_check() { echo "layouts $*"; }
		build_compile()
		{
			local dir=$1 unit

			shift
			echo "compile $*"
			: >"$work/failed"
			for unit; do
				mkdir -p "$dir/${unit%/*}"
				touch "$dir/$unit"
			done
		}
		rules_new=() rules_gone=(fs/gone.o) rules_changed=()
		declare -A rules_renamed=()
		"$@"
	)
}

@test "the changed sources are compiled, and their types compared, before a header is followed" {
	find_them()
	{
		patch_sources=(fs/a.c fs/wide.h fs/gone.c)
		units_find
	}
	run parts find_them
	[ "$output" = $'before fs/a.o\ncompile fs/a.o\nlayouts fs/a.o\nheaders fs/wide.h' ]
}

@test "without a header nothing is compiled early" {
	find_them()
	{
		patch_sources=(fs/a.c)
		units_find
	}
	run parts find_them
	[ -z "$output" ]
}

@test "what is compiled is not compiled again" {
	twice()
	{
		build_after fs/a.o
		build_after fs/a.o fs/b.o
		build_after fs/a.o fs/b.o
	}
	run parts twice
	[ "$output" = $'compile fs/a.o\ncompile fs/b.o' ]
}
