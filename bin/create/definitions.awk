# SPDX-License-Identifier: GPL-2.0-only
#
# The definitions of a C file, for changed.awk and reached.awk: a definition is
# what stands at file level up to its semicolon or closing brace, or a directive.
# No parser of C: what does not look like the kernel's C is "unknown", and those
# who ask have to think the worst of it.

function die(text)
{
	print text | "cat >&2"
	close("cat >&2")
	exit 1
}

# How often one of the characters CLASS is in the text
function count(text, class)
{
	return gsub(class, "", text)
}

# The text without its comments, blanks outside of strings squeezed.
# Globals: in_comment; bare: the same without what is in strings.
function clean(text,	out, at, token)
{
	if (!in_comment && text !~ /["'\/]/) {
		gsub(/[ \t\r\f\v]+/, " ", text)
		return bare = text
	}
	out = bare = ""
	for (;;) {
		if (in_comment) {
			if (!(at = index(text, "*/")))
				break
			in_comment = 0
			text = substr(text, at + 2)
			out = out " "
			bare = bare " "
		}
		if (!match(text, /["']|\/\*|\/\//)) {
			gsub(/[ \t\r\f\v]+/, " ", text)
			out = out text
			bare = bare text
			break
		}
		at = RSTART
		token = substr(text, at, RLENGTH)
		before = substr(text, 1, at - 1)
		gsub(/[ \t\r\f\v]+/, " ", before)
		out = out before
		bare = bare before
		text = substr(text, at)
		if (token == "//") {
			# Whatever its continuation says.
			if (text ~ /\\$/)
				broken = 1
			break
		}
		if (token == "/*") {
			in_comment = 1
			text = substr(text, 3)
			continue
		}
		if (token == "\"" ? !match(text, /^"([^"\\]|\\.)*"/) : !match(text, /^'([^'\\]|\\.)*'/)) {
			# It goes on in the next line, or is an apostrophe in a directive.
			out = out text
			if (bare !~ /^ ?#/)
				broken = 1
			break
		}
		out = out substr(text, 1, RLENGTH)
		bare = bare token token
		text = substr(text, RLENGTH + 1)
	}
	sub(/ +$/, "", out)
	sub(/ +$/, "", bare)
	return out
}

# What is not understood is marked so that parse() sees it.
function finish(chunk, n, text)
{
	chunk[n] = broken ? "?" text : text
	broken = depth = parens = 0
}

# Definitions of FILE -> chunk[1..], in their order; returns how many. In a text
# that the preprocessor made with -dU, macro[] gets the names it had to look up.
function read_chunks(file, chunk, macro, preprocessed,	n, text, status, part, directive, continued)
{
	in_comment = broken = depth = parens = n = 0
	part = ""
	while ((status = (getline text < file)) > 0) {
		if (preprocessed && text ~ /^#(define|undef) /) {
			sub(/^#(define|undef) /, "", text)
			match(text, /^[A-Za-z0-9_]+/)
			macro[substr(text, 1, RLENGTH)]
			continue
		}
		if (continued) {
			directive = directive "\n" clean(text)
		} else {
			text = clean(text)
			if (text == "" || text == " ")
				continue
			if (text !~ /^ ?#/) {
				part = part == "" ? text : part " " text
				if (bare ~ /[{}]/)
					depth += count(bare, "{") - count(bare, "}")
				if (bare ~ /[()]/)
					parens += count(bare, "[(]") - count(bare, "[)]")
				if (depth < 0 || parens < 0 ||
				    (depth && text ~ /^}/ && !preprocessed)) {
					broken = 1
					depth = parens = 0
				}
				if (!depth && !parens && bare ~ /[;}] ?$/) {
					finish(chunk, ++n, part)
					part = ""
				}
				continue
			}
			directive = text
		}
		continued = directive ~ /\\$/
		if (continued)
			continue
		sub(/^ /, "", directive)
		sub(/^# /, "#", directive)
		# Of warnings only; macros make them in the middle of functions.
		if (directive ~ /^#pragma GCC diagnostic/)
			continue
		# Inside of a definition it belongs to that.
		if (part == "")
			finish(chunk, ++n, directive)
		else
			part = part "\n" directive "\n"
	}
	if (status < 0)
		die(file ": cannot be read")
	close(file)
	if (part != "") {
		broken = 1
		finish(chunk, ++n, part)
	}
	return n
}

# The text up to the bracket that closes the first one; its length
function balanced(text,	level, at, rest)
{
	rest = text
	at = 0
	while (match(rest, /[()]/)) {
		at += RSTART
		level += substr(rest, RSTART, 1) == "(" ? 1 : -1
		if (!level)
			return at
		rest = substr(rest, RSTART + 1)
	}
	return 0
}

# Without __attribute__((...)) and strings
function plain(text,	out, length_)
{
	gsub(/"([^"\\]|\\.)*"/, "\"\"", text)
	gsub(/'([^'\\]|\\.)*'/, "0", text)
	out = ""
	while (match(text, /(__attribute__|__attribute|__asm__|__asm) ?\(/)) {
		out = out substr(text, 1, RSTART - 1)
		text = substr(text, RSTART)
		if (!(length_ = balanced(text)))
			break
		text = substr(text, length_ + 1)
	}
	text = out text
	gsub(/[ \n]+/, " ", text)
	sub(/^ /, "", text)
	return text
}

# Words that no declaration can bring into scope
function word_of_c(word)
{
	return word ~ /^(void|int|long|short|char|bool|unsigned|signed|const|volatile|extern)$/ ||
		word ~ /^(struct|union|enum|typeof|__typeof__|sizeof|if|while|for|switch|return)$/
}

# What may stand before or after a function's name, with arguments of its own
function annotation(word)
{
	return word ~ /^__(acquires?|releases?|must_hold|cond_acquires|cond_releases)$/ ||
		word ~ /^__(printf|scanf|section|aligned|assume_aligned)$/ ||
		word ~ /^__(alloc_size|realloc_size|access)$/
}

function introduce(name)
{
	if (word_of_c(name))
		return
	if (!(name in introduced)) {
		introduced[name]
		introduces++
	}
}

# Each word of the text
function introduce_words(text)
{
	while (match(text, /[A-Za-z_][A-Za-z0-9_]*/)) {
		introduce(substr(text, RSTART, RLENGTH))
		text = substr(text, RSTART + RLENGTH)
	}
}

# Tags and enumerators that a text with braces defines. An enumerator's value may name
# other constants: they count as well, which does no harm.
function introduce_types(text,	inner)
{
	while (match(text, /(^|[^A-Za-z0-9_])(struct|union|enum)( [A-Za-z0-9_]+)* ?[{]/)) {
		inner = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		has_enum = inner ~ /enum/
		sub(/^[^A-Za-z0-9_]?(struct|union|enum)/, "", inner)
		introduce_words(inner)
		if (has_enum && match(text, /^[^}]*/))
			introduce_words(substr(text, 1, RLENGTH))
	}
}

# Words before each "(" that is in no other bracket; 0: this is no declarator as we know them
function introduce_declared(head,	word, found, length_, type)
{
	while (match(head, /\(/)) {
		word = substr(head, 1, RSTART - 1)
		head = substr(head, RSTART)
		if (!match(word, /[A-Za-z_][A-Za-z0-9_]* ?$/))
			return 0
		type = type substr(word, 1, RSTART - 1)
		word = substr(word, RSTART)
		sub(/ $/, "", word)
		if (word_of_c(word))
			return 0
		# Annotations, before or after the name.
		if (!annotation(word)) {
			introduce(word)
			found++
		}
		if (!(length_ = balanced(head)))
			return 0
		head = substr(head, length_ + 1)
	}
	nameless = type !~ /[A-Za-z]/
	return found == 1
}

# What a declaration without arguments declares: the last word of each part
function introduce_objects(text,	i, n, part)
{
	gsub(/\[[^]]*\]| ?; ?$/, "", text)
	n = split(text, part, ",")
	for (i = 1; i <= n; i++) {
		sub(/ $/, "", part[i])
		# An annotation or a name.
		while (match(part[i], / __[a-z_]+$/)) {
			introduce(substr(part[i], RSTART + 1))
			part[i] = substr(part[i], 1, RSTART - 1)
		}
		if (match(part[i], /[A-Za-z_][A-Za-z0-9_]*$/))
			introduce(substr(part[i], RSTART))
	}
}

# What is no function, type or declaration: is it an object, and does it have a name? It is
# brought into scope then.
function introduce_object(text)
{
	if (text ~ /^[?#]/ || text ~ /^(asm|__asm|__asm__)[^A-Za-z0-9_]/)
		return 0
	text = plain(text)
	# One that points to functions: (*const NAME[])(ARGUMENTS) = ...
	if (match(text, /^[^={(]*\( ?\*[^()={]*\) ?\([^={]*=/)) {
		sub(/\).*/, "", text)
		sub(/.*\(/, "", text)
	}
	sub(/[={].*/, "", text)
	if (text ~ /\(/)
		return 0
	introduce_objects(text)
	return 1
}

# parse TEXT: what kind of definition it is
#
#	function	static or not: is_static; it may define types of its own: has_types
#	declaration	of functions or objects that are elsewhere; a struct's mere name
#	type		structure, union, enumeration, typedef
#	macro		#define, #undef
#	unknown		all others: variables, assembler, macros that define something, directives
#
# introduced[]: what it brings into scope, at least.
function parse(text,	open, head, tail, kind)
{
	split("", introduced)
	introduces = is_static = has_types = nameless = 0
	if (text ~ /^\?/)
		return "unknown"
	if (text ~ /^#/) {
		if (!match(text, /^#(define|undef) [A-Za-z_][A-Za-z0-9_]*/))
			return "unknown"
		text = substr(text, 1, RLENGTH)
		sub(/^.* /, "", text)
		introduce(text)
		return "macro"
	}
	if (text ~ /\n#/ && text ~ /\n#(define|undef|include|pragma|error|warning|line)/)
		return "unknown"
	gsub(/\n#[^\n]*\n/, " ", text)
	text = plain(text)
	gsub(/ ?__extension__ ?/, " ", text)
	sub(/^ /, "", text)
	open = index(text, "{")
	head = open ? substr(text, 1, open - 1) : text
	has_types = text ~ /(^|[^A-Za-z0-9_])(struct|union|enum)( [A-Za-z0-9_]+)* ?[{]/
	is_static = head ~ /^([a-z_]+ )*static /

	if (head ~ /^typedef /) {
		if (text !~ /; ?$/)
			return "unknown"
		has_types = 1
		introduce_types(text)
		tail = text
		while (sub(/[{][^{}]*[}]/, "", tail))
			;
		if (match(tail, /\( ?\** ?[A-Za-z_][A-Za-z0-9_]* ?\)/)) {
			introduce_words(substr(tail, RSTART, RLENGTH))
		} else {
			# The word before the arguments, an array's size, or the end.
			sub(/ ?(\[|\(|;).*/, "", tail)
			if (!match(tail, /[A-Za-z_][A-Za-z0-9_]*$/))
				return "unknown"
			introduce(substr(tail, RSTART))
		}
		return "type"
	}
	if (open && head ~ /^(struct|union|enum)( [A-Za-z0-9_]+)* ?$/) {
		tail = text
		sub(/.*[}]/, "", tail)
		if (tail !~ /^( ?__[a-z_]+( ?\([^()]*\))?)* ?;$/)
			return "unknown"
		introduce_types(text)
		return "type"
	}
	if (!open && head ~ /^(struct|union|enum) [A-Za-z0-9_]+ ?;$/) {
		introduce_words(substr(head, index(head, " ")))
		return "declaration"
	}
	if (head ~ /=/)
		return "unknown"
	if (open) {
		if (text !~ /[}] ?$/ || head !~ /\)[ A-Za-z_]*$/ || !introduce_declared(head))
			return "unknown"
		return "function"
	}
	if (text !~ /; ?$/ || is_static && head !~ /\(/)
		return "unknown"
	if (head ~ /\(/ && head !~ /typeof/ && introduce_declared(head) && !nameless)
		return "declaration"
	if (head !~ /^extern /)
		return "unknown"
	if (head ~ /\(/)
		introduce_words(head)
	else
		introduce_objects(head)
	return "declaration"
}

# Is it, or something in it, in the object though nothing may name it?
function emitted(text)
{
	if (text ~ /(^|[^A-Za-z0-9])_*used_*([^A-Za-z0-9]|$)/)
		return 1
	sub(/[{].*/, "", text)
	return text ~ /(^|[^A-Za-z0-9])_*(constructor|destructor|section)_*([^A-Za-z0-9]|$)/ ||
		text ~ /(^|[^A-Za-z0-9])_*(alias|retain|visible|weak)_*([^A-Za-z0-9]|$)/ ||
		text ~ /externally_visible/
}

# The definitions that only one of two lists has: gone[1..], come[1..]; `goners',
# `comers': how many. Returns 0 if the others do not stand in the same order.
function differ(old, olds, new, news, gone, come,	first, i, surplus, kept, keeps, again, \
	moved)
{
	for (first = 1; first <= olds && first <= news && old[first] == new[first]; first++)
		;
	while (olds >= first && news >= first && old[olds] == new[news]) {
		olds--
		news--
	}
	for (i = first; i <= olds; i++)
		surplus[old[i]]++
	for (i = first; i <= news; i++)
		surplus[new[i]]--
	goners = comers = keeps = again = moved = 0
	for (i = first; i <= olds; i++)
		if (surplus[old[i]])
			gone[++goners] = old[i]
		else
			kept[++keeps] = old[i]
	for (i = first; i <= news; i++)
		if (surplus[new[i]])
			come[++comers] = new[i]
		else if (kept[++again] != new[i])
			moved = 1
	return !moved && keeps == again
}

# One of the words, as a word of its own
function matcher(names,	name, any)
{
	any = ""
	for (name in names)
		any = any "|" name
	return "(^|[^A-Za-z0-9_])(" substr(any, 2) ")([^A-Za-z0-9_]|$)"
}

# Definitions in one chunk: several, if a macro made them on one line -> piece[1..]
function pieces(text, piece,	n, at, level, part, token)
{
	n = 0
	part = ""
	while (match(text, /"([^"\\]|\\.)*"|'([^'\\]|\\.)*'|[{}();]/)) {
		at = RSTART + RLENGTH - 1
		token = substr(text, RSTART, 1)
		part = part substr(text, 1, at)
		text = substr(text, at + 1)
		if (token == "{" || token == "(")
			level++
		else if (token == "}" || token == ")")
			level--
		if (level == 0 && (token == ";" || (token == "}" && text !~ /^[^;{}()]*;/ &&
		    text !~ /^[ \n]*__attribute__/))) {
			sub(/^[ \n]+/, "", part)
			if (part != ";")
				piece[++n] = part
			part = ""
		}
	}
	if (part text ~ /[^ \n]/)
		piece[++n] = "?" part text
	return n
}
