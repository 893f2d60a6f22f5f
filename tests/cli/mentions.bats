#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Which files of a source name what a header's change defines, at first or at second hand, or
# put the name together with ##; and the units that these files are read by.

setup()
{
	KSPLICE_LIBDIR=$BATS_TEST_DIRNAME/../../bin
	tree_src=$BATS_TEST_TMPDIR/source tree_build=$BATS_TEST_TMPDIR/build
	tree_dir=$BATS_TEST_TMPDIR/tree work=$BATS_TEST_TMPDIR/work
	mkdir -p "$tree_src"/{include/linux,drivers/one,drivers/two} "$tree_build/include/generated" \
		"$tree_dir" "$work/reach"
	cd "$tree_src"
	cat >include/linux/changed.h <<-'END'
	struct inner { int a; };
	struct outer { struct inner in; };
	extern struct outer *everywhere;
	static inline int leaf(int a)
	{
		return a + 1;	/* not lonely */
	}
	static inline int caller(int a) { return leaf(a); } static inline int second(int a) { return a; }
	static inline int lonely(int a) { return a; }
	#define by_macro(x) (leaf(x) + \
		1)
	END
	cat >include/linux/paste.h <<-'END'
	#define ___PASTE(a, b) a##b
	#define __PASTE(a, b) ___PASTE(a, b)
	#define PREFIX lea
	#define handed_on(x, y) __PASTE(x, y)
	#define with_prefix(x) __PASTE(PREFIX, x)
	#define with_end(x) x##_caller(1)
	/* __PASTE(le,
	 * af) is only talked of */
	END
	source "$KSPLICE_LIBDIR/create/headers.sh"
	source "$KSPLICE_LIBDIR/create/mentions.sh"
}

logged() { "$@"; }
die_log() { echo "$3"; exit 1; }
# A rule that a command has to follow, as bats only looks at the last one of a test.
is() { [ "$1" = "$2" ] || { printf 'is:     %s\nwanted: %s\n' "$1" "$2"; exit 1; }; }

# unit NAME TEXT: drivers/one/NAME.c
unit() { printf '#include <linux/changed.h>\n%s\n' "$2" >"drivers/one/$1.c"; }

# live LINE...: the files, for these lines of changed.awk, in one line
live()
{
	printf '%s\n' "$@" >"$work/reach/changes"
	rm -f "$tree_dir/pastes"
	mentions_find || { echo everything; return; }
	# shellcheck disable=SC2046 # one word each
	echo $(sed 's|drivers/one/||; s|include/linux/||' "$work/reach/live")
}

@test "a .c file counts that has the name as a word" {
	unit a 'int f(int a) { return leaf(a); }'
	unit b 'int f(int a) { return leaflet + my_leaf; }'
	echo '	call leaf' >drivers/two/c.S
	echo 'int g = leaf(1);' >"$tree_build/include/generated/d.c"
	is "$(live 'name leaf')" "a.c drivers/two/c.S include/generated/d.c"
	is "$(live 'name nothing')" ""
	is "$(live 'name nothing' 'new leaf')" "a.c drivers/two/c.S include/generated/d.c"
	# A source may be a farm of links.
	mv drivers/one/a.c "$BATS_TEST_TMPDIR"
	ln -s "$BATS_TEST_TMPDIR/a.c" drivers/one/a.c
	is "$(live 'name leaf' types)" "a.c drivers/two/c.S include/generated/d.c"
}

@test "what names it in a header counts as well" {
	unit caller 'int f(int a) { return caller(a); }'
	unit second 'int f(int a) { return second(a); }'
	unit macro 'int f(int a) { return by_macro(a); }'
	unit lonely 'int f(int a) { return lonely(a); }'
	unit member 'int f(void) { return everywhere->in.a; }'
	is "$(live 'name leaf')" "caller.c macro.c"
	is "$(live 'name lonely')" "lonely.c"
	is "$(live 'name inner' types)" "member.c"
}

@test "code in a header counts for all who include it" {
	local text

	for text in 'static int counter = leaf(2);' 'int f(int a) { return leaf(a); }' \
		'DEFINE_IT(leaf);' '#if leaf' 'static int f(int a) { { return leaf(a); }' \
		'asm("call leaf");'; do
		echo "$text" >include/linux/code.h
		is "$(live 'name leaf')" code.h
	done
	echo 'static inline int f(void) { return leaf(1); } int g(void) { return f(); }' \
		>include/linux/code.h
	is "$(live 'name leaf')" code.h
}

@test "a name that ## makes counts where it is made" {
	unit direct 'int f(int a) { return ___PASTE(le, af)(a); }'
	unit handed 'int f(int a) { return handed_on(le,
		af)(a); }'
	unit nested 'int f(int a) { return __PASTE(__PASTE(l, e), __PASTE(a, f))(a); }'
	unit prefix 'int f(int a) { return with_prefix(f)(a); }'
	unit number 'int f(int a) { return __PASTE(leaf, __COUNTER__)(a); }'
	unit other 'int f(int a) { return __PASTE(le, ft)(a); }'
	unit own '#define own(x) x##af(1)
	int f(int a) { return own(le); }'
	unit end 'int f(int a) { return with_end(one); }'
	is "$(live 'name leaf')" "direct.c handed.c nested.c number.c own.c prefix.c"
	is "$(live 'name leaf0')" "number.c"
	is "$(live 'name one_caller')" "end.c"
	# Two letters fit too much to look for: it is left to the preprocessor.
	is "$(live 'name an_other_af')" "own.c prefix.c"
	is "$(live 'name an_other_thing')" ""
}

@test "what a macro of a common header makes is looked for where it is called" {
	echo '#define make(x) static inline int makes_##x(void) { return 1; }' >include/linux/make.h
	echo '#define remake(x) make(re_##x)' >>include/linux/make.h
	echo 'make(one)' >include/linux/made.h
	unit two 'make(two)'
	unit three 'remake(three)'
	is "$(live 'name makes_one')" "made.h"
	is "$(live 'name makes_two')" "two.c"
	is "$(live 'name makes_re_three')" "three.c"
	is "$(live 'name makes_none')" ""
}

@test "a header of few users that puts names together counts if they fit" {
	echo '#define reg(a, b) a##_##b' >drivers/two/two.h
	is "$(live 'name some_thing')" "drivers/two/two.h"
	is "$(live 'name something')" ""
}

@test "what is everywhere or not understood is not searched for" {
	local i

	for ((i = 0; i < mentions_most; i++)); do
		echo "static inline int f$i(void) { return leaf(1); }"
	done >include/linux/many.h
	is "$(live 'name leaf')" everything
	is "$(live 'name lonely' 'unknown order')" everything
}

@test "a unit that another folder's Makefile has" {
	source "$KSPLICE_LIBDIR/create/units.sh"
	mkdir -p "$tree_dir/commands"
	printf '%s\tgcc -c -o %s x.c\n' arch/x86/kvm/x86.o{,} >"$tree_dir/commands/arch,x86,kvm"
	printf '%s\n' arch/x86/kvm/x86.o >"$work/reach/candidates"
	run headers_elsewhere
	[ "$status" = 1 ]
	echo virt/kvm/kvm_main.o >>"$work/reach/candidates"
	headers_elsewhere
	printf '%s\tgcc -c -o %s x.c\n' arch/x86/kvm/../../../virt/kvm/kvm_main.o{,} \
		arch/x86/kvm/x86.o{,} fs/open.o{,} >"$tree_dir/commands/all"
	is "$(units_commands "$work/reach/candidates" | cut -f 1 | paste -s -d ' ')" \
		"arch/x86/kvm/../../../virt/kvm/kvm_main.o arch/x86/kvm/x86.o"
}
