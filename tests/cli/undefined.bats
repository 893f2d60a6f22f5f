#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A patch that declares what new code needs, but lacks the part that defines it.

setup()
{
	create=$BATS_TEST_DIRNAME/../../bin/create
	cd "$BATS_TEST_TMPDIR"
	mkdir -p source/{fs,kernel} tree/{pre,build} work/{post,changes/fs}
	: >tree/build/Module.symvers
	echo 'int f(int a) { return a; }' | gcc -c -O1 -xc -o tree/pre/f.o -
	echo 'int added(int); int f(int a) { return added(a); }' | gcc -c -O1 -xc -o work/post/f.o -
	echo 'new added' >work/changes/fs/all.h
	printf 'int f(int a)\n{\n\treturn a;\n}\n' >source/fs/f.c
	printf '\treturn added(1);\n * added() does it\nstatic int added(int);\n' >source/kernel/user.c
	echo 'int added(int);' >source/fs/all.h
}

# check: the message, if there is one
check()
{
	(
		die()
		{
			printf '%s\n' "$3"
			exit "$1"
		}
		tree_src=$PWD/source tree_dir=$PWD/tree tree_build=$PWD/tree/build work=$PWD/work
		# shellcheck source=bin/create/headers.sh
		source "$create/headers.sh"
		# shellcheck source=bin/create/undefined.sh
		source "$create/undefined.sh"
		undefined_check f.o
	)
}

@test "what nothing defines is named" {
	run check
	[ "$status" = 1 ]
	[ "$output" = "the patch is not complete: f.o refers to added, which the patch declares, and nothing defines" ]
}

@test "the kernel has it" {
	for line in 'int added(int a)' 'int' 'DEFINE_IT(added)' 'asm(".globl added");' 'added(int a)'; do
		printf '%s\nadded(int a)\n' "$line" >source/kernel/more.c
		[ "$line" = int ] || printf '%s\n' "$line" >source/kernel/more.c
		run check
		[ "$status" = 0 ]
	done
	rm source/kernel/more.c
	echo 'SYM_FUNC_START(added)' >source/kernel/entry.S
	run check
	[ "$status" = 0 ]
}

@test "it is exported, or the unit referred to it before" {
	printf '0x1\tadded\tvmlinux\tEXPORT_SYMBOL\t\n' >tree/build/Module.symvers
	run check
	[ "$status" = 0 ]
	: >tree/build/Module.symvers
	cp work/post/f.o tree/pre/f.o
	run check
	[ "$status" = 0 ]
}

@test "the patch brings it, or does not declare it" {
	echo 'int added(int a) { return a; }' | gcc -c -O1 -xc -o work/post/g.o -
	run check
	[ "$status" = 0 ]
	rm work/post/g.o work/changes/fs/all.h
	run check
	[ "$status" = 0 ]
}

@test "only what the patch declares, by its whole name" {
	echo 'new another' >work/changes/fs/all.h
	run check
	[ "$status" = 0 ]
	echo 'new added' >work/changes/fs/all.h
	for line in 'int added_too(int a)' 'int not_added(int a)' 'asm(".globl added_too");'; do
		echo "$line" >source/kernel/more.c
		run check
		[ "$status" = 1 ]
	done
}

@test "what the assembler is told in a string defines" {
	printf 'asm("\\n"\n\t"added:\\n"\n);\n' >source/kernel/more.c
	run check
	[ "$status" = 0 ]
}
