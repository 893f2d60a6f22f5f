#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Which code that ran at boot changes only because a function is inlined there: told from the
# preprocessed texts of both builds.

setup()
{
	create=$BATS_TEST_DIRNAME/../../bin/create
	dir=$BATS_TEST_TMPDIR
	cd "$dir"
	cat >old.c <<-'EOC'
	#define __init __attribute__((__section__(".init.text")))
	#define __initdata __attribute__((__section__(".init.data")))
	#define LIMIT 4
	struct box { int a; int b; };
	enum { FIRST, SECOND };
	extern int elsewhere(int a);
	static const int step = 3;
	extern int counter;
	struct pair { int x; int y; } make_pair(int a) { struct pair p = { a, a }; return p; }
	static int __initdata boot_value = 1;
	static inline int helper(int a) { return elsewhere(a) + 1; }
	static inline int deep(int a) { return helper(a) + step; }
	static int __init boot_helper(int a) { return a * 2; }
	int running(int a) { return helper(a); }
	static int __init direct(void) { return helper(1); }
	static int __init indirect(void) { return deep(2); }
	static int __init limited(void) { return elsewhere(LIMIT); }
	static int __init boxed(void) { return elsewhere(sizeof(struct box)); }
	static int __init second(void) { return elsewhere(SECOND); }
	static int __init valued(void) { return elsewhere(boot_value); }
	static int __init counted(void) { return counter > 3; }
	static int __init paired(void) { return elsewhere(sizeof(struct pair)); }
	static int __init at_boot(void) { return boot_helper(helper(3)); }
	int init_module(void) __attribute__((alias("direct")));
	int (*const calls[])(void) = { direct, indirect, limited, boxed, second, valued, counted, paired,
		at_boot };
	EOC
	all='direct indirect limited boxed second valued counted paired at_boot'
}

# reaches SED NAME...: these functions are touched by more than what they have inlined
reaches()
{
	local name answers=

	sed "$1" old.c >new.c
	! cmp -s old.c new.c || false
	shift
	gcc -E -P -o old.i old.c
	gcc -E -P -o new.i new.c
	gcc -O2 -w -c -o new.o new.c
	awk -f "$create/definitions.awk" -f "$create/initcode.awk" old.i new.i >differs
	for name in $all; do
		[ -z "$(awk -v "functions=$name" -f "$create/definitions.awk" -f "$create/reached.awk" \
			differs new.i)" ] || answers="$answers $name"
	done
	[ "$answers" = "${*:+ $*}" ] || {
		echo "reached:$answers; wanted: $*"
		cat differs
		return 1
	}
}

@test "functions that go on running change those into which they are inlined, no more" {
	reaches 's/elsewhere(a) + 1/elsewhere(a) + 2/'
	reaches 's/helper(a) + step/helper(a) - step/'
	reaches 's/^int running.*/int running(int a) { return 0; }/'
}

@test "a function that helps the changed one comes with its declaration" {
	reaches '/^static inline int helper/i int more(int a);
		s/elsewhere(a) + 1/more(a)/'
}

@test "the function itself" {
	reaches 's/return helper(1)/return helper(5)/' direct
	reaches 's/static int __init indirect(void) {/& if (elsewhere(0)) return 1;/' indirect
}

@test "a function that runs at boot only is no such function" {
	reaches 's/a \* 2/a * 3/' at_boot
	reaches 's/static int __init boot_helper/static int boot_helper/' at_boot
}

@test "constants, types and objects" {
	reaches 's/LIMIT 4/LIMIT 5/' limited
	reaches 's/int a; int b;/int a; int b; int c;/' boxed
	reaches 's/FIRST, SECOND/FIRST, THIRD, SECOND/' second
	reaches 's/boot_value = 1/boot_value = 2/' valued
	reaches 's/extern int counter/extern unsigned int counter/' counted
	# A function that brings a type.
	reaches 's/int x; int y;/int x; int y; int z;/' paired
	reaches 's/step = 3/step = 4/' indirect
}

@test "what is not understood may be anything" {
	reaches '/^static const int step/i asm(".globl x");' $all
	reaches '/^static int __init valued/{h;d}; /^static int __init at_boot/{G}' $all
}

@test "aliases and clones have the names that the source gives them" {
	reaches 's/+ 1/+ 2/'
	# shellcheck source=bin/create/initcode.sh
	source "$create/initcode.sh"
	names=$(initcode_source_names new.o init_module | tr ' ' '\n' | sort | paste -s -d ' ')
	[ "$names" = ' direct init_module' ] || [ "$names" = 'direct init_module' ]
	cat >clone.c <<-'EOC'
	asm(".pushsection .text.f,\"ax\"; f.part.0: ret; .popsection");
	EOC
	gcc -O2 -w -c -o clone.o clone.c
	[[ " $(initcode_source_names clone.o f.part.0) " = *' f '* ]]
}
