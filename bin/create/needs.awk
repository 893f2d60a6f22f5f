# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -f needs.awk <MESSAGES
#
# What a patch needs of the source that is not there, told by the compiler's
# messages: one thing a line, in their order. Empty where the messages tell of other
# mistakes only. The messages are gcc's, untranslated.

# need TEXT: said once
function need(text)
{
	if (!(text in said)) {
		said[text]
		print text
	}
}

# The N-th name in quotes after what match() found begins; names have no quotes in them
function quoted(n,	part)
{
	split(substr($0, RSTART), part, "'")
	return part[2 * n]
}

!/(error|warning): / { next }

match($0, /implicit declaration of function '/) { need("the function " quoted(1) "()"); next }
match($0, /'[A-Za-z_0-9]+' undeclared/) { need(quoted(1)); next }
match($0, /'[^']*' has no member named '/) { need("the field " quoted(2) " of " quoted(1)); next }
match($0, /unknown type name '/) { need("the type " quoted(1)); next }
match($0, /(invalid use of undefined|dereferencing pointer to incomplete) type '/) {
	need("the type " quoted(1))
	next
}
match($0, /'(struct|union) [A-Za-z_0-9]+' declared inside parameter list/) {
	need("the type " quoted(1))
	next
}
match($0, /error: [^ ]+: No such file or directory/) {
	text = substr($0, RSTART + 7, RLENGTH - 7)
	sub(/: No such file.*/, "", text)
	need("the file " text)
	next
}
# One declaration is the patch's, the other one or the callers are as they were.
match($0, /too (many|few) arguments to function '/) ||
match($0, /conflicting types for '/) ||
match($0, /static declaration of '[^']*' follows non-static/) ||
match($0, /non-static declaration of '[^']*' follows static/) ||
match($0, /incompatible type for argument [0-9]+ of '/) ||
match($0, /passing argument [0-9]+ of '/) {
	need("another declaration of " quoted(1) "()")
	next
}
match($0, /macro "[A-Za-z_0-9]+" (passed [0-9]+ arguments|requires [0-9]+ arguments)/) {
	split(substr($0, RSTART), word, "\"")
	need("another definition of " word[2] "()")
}
