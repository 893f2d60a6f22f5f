# SPDX-License-Identifier: GPL-2.0-only
#
# Names that macros put together with ##, which no search for a name finds.
#
#	awk -f pastes.awk define FILES			reads the files named in FILES
#	awk -f pastes.awk call TEMPLATES FILES
#
# prints one line for each such name:
#
#	name FILE TAB MACRO TAB PATTERN		in the body of MACRO, or in code: MACRO is "-"
#	template FILE TAB MACRO TAB TEMPLATE	what MACRO makes is up to those who call it
#
# In both "*" is what nobody knows here, and <1>, <2> are arguments of the macro: a
# pattern has enough that is fixed to be compared with a name, a template has not. Those
# of `define' and of earlier `call's are the TEMPLATES in which `call' puts the arguments
# that FILES have. An argument in capitals may be a macro, and is marked for that, !LIKE!,
# unless ## takes it as it is (then the template says @1> and not <1>).

# The code of a line without comments and strings, blanks squeezed
function bare(text)
{
	if (in_comment) {
		if (text !~ /\*\//)
			return ""
		sub(/^([^*]|\*+[^*\/])*\*+\//, " ", text)
		in_comment = 0
	}
	gsub(/\\./, "", text)
	gsub(/'.?'/, "0", text)
	gsub(/"[^"]*"/, "\"\"", text)
	gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, " ", text)
	sub(/\/\/.*/, "", text)
	if (sub(/\/\*.*/, "", text))
		in_comment = 1
	gsub(/[ \t\r\f\v]+/, " ", text)
	return text
}

# The next line of FILE with those that continue it -> line; 0 at the end
function next_line(file,	text)
{
	if ((getline text < file) <= 0)
		return 0
	line = text
	while (line ~ /\\$/ && (getline text < file) > 0)
		line = substr(line, 1, length(line) - 1) " " text
	return 1
}

# A macro with arguments: macro, body, and parameter[] with the number of each. 0: the line is none.
function is_macro(text,	i, n, list)
{
	split("", parameter)
	macro = "-"
	if (!match(text, /^ ?# ?define [A-Za-z_][A-Za-z0-9_]*/))
		return 0
	macro = substr(text, 1, RLENGTH)
	sub(/.* /, "", macro)
	body = substr(text, RLENGTH + 1)
	if (body !~ /^\(/)
		return 1
	list = substr(body, 2, index(body, ")") - 2)
	body = substr(body, index(body, ")") + 1)
	gsub(/ /, "", list)
	n = split(list, word, ",")
	for (i = 1; i <= n; i++)
		if (word[i] ~ /\.\.\./) {
			# What stands for several arguments has no number.
			sub(/\.\.\.$/, "", word[i])
			parameter[word[i]] = 0
		} else {
			parameter[word[i]] = i
		}
	parameter["__VA_ARGS__"] = 0
	return 1
}

# Is so little of it fixed that it fits any name?
function is_weak(text)
{
	gsub(/![^!]*!|[<@][0-9]+>|[^A-Za-z]/, "", text)
	return length(text) < 3
}

# Prints what is made in the macro of this line, or in code
function tell(file, text)
{
	if (text ~ /[<@]/ && is_weak(text)) {
		if (!((macro, text) in told))
			print "template " file "\t" macro "\t" text
		told[macro, text]
		return
	}
	while (gsub(/\*\*/, "*", text))
		;
	# No name begins with a digit.
	if (text !~ /^[0-9]/ && !((file, macro, text) in told))
		print "name " file "\t" macro "\t" text
	told[file, macro, text]
}

# What a##b##c makes: a template, or a name
function put_together(text,	out, i, n)
{
	gsub(/ /, "", text)
	n = split(text, word, "##")
	out = ""
	for (i = 1; i <= n; i++)
		if (!(word[i] in parameter))
			out = out word[i]
		else
			out = out (parameter[word[i]] ? "@" parameter[word[i]] ">" : "*")
	return out
}

# Each a##b##c in a macro's body
function pastes(file,	group, rest)
{
	rest = body
	while (match(rest, /[A-Za-z0-9_]+ ?(## ?[A-Za-z0-9_]+ ?)+/)) {
		group = substr(rest, RSTART, RLENGTH)
		rest = substr(rest, RSTART + RLENGTH)
		tell(file, put_together(group))
	}
}

# The arguments of the call that begins with "(" -> argument[1..]; 0: it does not end
function arguments(text,	n, level, start, token)
{
	split("", argument)
	n = start = 1
	while (match(substr(text, start), /[(),]/)) {
		token = substr(text, start + RSTART - 1, 1)
		argument[n] = argument[n] substr(text, start, RSTART - 1)
		start += RSTART
		if (token == "," && level == 1) {
			n++
			continue
		}
		level += (token == "(") - (token == ")")
		if (!level)
			return start
		if (token != "(" || level > 1)
			argument[n] = argument[n] token
	}
	return 0
}

# A call in an argument: what it makes, if that is one thing; else "*"
function nested(text,	name, made, i, kept, n)
{
	consumed[text]
	match(text, /^[A-Za-z_][A-Za-z0-9_]*/)
	name = substr(text, 1, RLENGTH)
	text = substr(text, RLENGTH + 1)
	sub(/^ /, "", text)
	if (!(name in templates) || templates[name] != 1 || scope[name, 1] != "")
		return "*"
	n = 0
	for (i in argument)
		kept[++n] = i SUBSEP argument[i]
	made = arguments(text) == length(text) + 1 ? fill(template[name, 1]) : "*"
	split("", argument)
	for (i = 1; i <= n; i++)
		argument[substr(kept[i], 1, index(kept[i], SUBSEP) - 1)] = \
			substr(kept[i], index(kept[i], SUBSEP) + 1)
	return made
}

# One argument where a template wants it; `exact': as it stands
function put_in(text, exact)
{
	gsub(/^ +| +$/, "", text)
	# An argument that is handed on is expanded before.
	if (text in parameter)
		return parameter[text] ? "<" parameter[text] ">" : "*"
	if (text ~ /^[A-Za-z0-9_]+ ?(## ?[A-Za-z0-9_]+ ?)+$/)
		return put_together(text)
	if (!exact && text in expansion)
		return expansion[text]
	if (!exact && text ~ /^[A-Za-z_][A-Za-z0-9_]* ?\(.*\)$/)
		return nested(text)
	if (text !~ /^[A-Za-z0-9_]*$/)
		return "*"
	if (!exact && text ~ /^[A-Z0-9_]*[A-Z][A-Z0-9_]*$/)
		return "!" text "!"
	return text
}

function fill(text,	out, at, length_, exact)
{
	out = ""
	while ((at = match(text, /[<@][0-9]+>/))) {
		length_ = RLENGTH
		exact = substr(text, at, 1) == "@"
		out = out substr(text, 1, at - 1) \
			put_in(argument[substr(text, at + 1, length_ - 2) + 0], exact)
		text = substr(text, at + length_)
	}
	return out text
}

# Was this call an argument that nested() has put in where it belongs? Once for each.
function was_consumed(name, text,	at)
{
	if (!(at = arguments(text)))
		return 0
	text = name substr(text, 1, at - 1)
	if (!(text in consumed))
		return 0
	delete consumed[text]
	return 1
}

# Each call of a macro that has a template
function calls(file, text,	i, name, at, more)
{
	split("", consumed)
	while (match(text, /[A-Za-z_][A-Za-z0-9_]* ?\(/)) {
		name = substr(text, RSTART, RLENGTH - 1)
		sub(/ $/, "", name)
		text = substr(text, RSTART + RLENGTH - 1)
		if (name in templates && name != macro && !was_consumed(name, text)) {
			for (more = 0; !(at = arguments(text)) && macro == "-" && more < 30; more++) {
				if (!next_line(file))
					break
				text = text " " bare(line)
			}
			for (i = 1; i <= templates[name]; i++)
				if (scope[name, i] == "" || scope[name, i] == file)
					tell(file, at ? fill(template[name, i]) : "*")
		}
		text = substr(text, 2)
	}
}

function read_templates(list,	text, part, n)
{
	while ((getline text < list) > 0) {
		sub(/^template /, "", text)
		split(text, part, "\t")
		n = ++templates[part[2]]
		template[part[2], n] = part[3]
		# What a .c file defines is used there, if it is not included.
		scope[part[2], n] = part[1] ~ /\.c$/ ? part[1] : ""
	}
	close(list)
}

function read_file(file, calling,	text, is_define)
{
	in_comment = 0
	while (next_line(file)) {
		if (!in_comment && line !~ /\/\*/ && line !~ (calling ? "[A-Za-z0-9_][ \t]*[(]" : "##"))
			continue
		text = bare(line)
		is_define = is_macro(text)
		if (calling)
			calls(file, is_define ? body : text)
		else if (is_define)
			pastes(file)
	}
	close(file)
}

BEGIN {
	expansion["__COUNTER__"] = expansion["__LINE__"] = "0"
	expansion["__KBUILD_MODNAME"] = "kmod_*"
	calling = ARGV[1] == "call"
	if (calling)
		read_templates(ARGV[2])
	list = ARGV[2 + calling]
	while ((getline name < list) > 0)
		read_file(name, calling)
}
