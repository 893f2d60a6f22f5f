#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
#	reach.sh UNIT COMMAND	(run by headers.sh, several at once, with its REACH_* variables)
#
# Adds the answer to REACH_KNOWN whether the changes of some headers can reach a
# unit, and prints the same line. Whatever goes wrong, the answer is yes: then the
# compiler has the last word.
set -u

unit=$1
command=$2
text=$REACH_DIR/text/$(printf '%s' "$unit" | tr / +)

# answer yes|no
answer()
{
	rm -f "$text.i" "$text.d"
	# One short write: lines of others are not torn.
	printf '%s\t%s\n' "$unit" "$1" >>"$REACH_KNOWN"
	printf '%s\t%s\n' "$unit" "$1"
	exit 0
}

# reads FILE: does the compiler read one of the headers, as its note FILE tells?
reads()
{
	tr ' ' '\n' <"$1" | grep -qxF -f "$REACH_DIR/files"
}

# Compiled before: then it is known what it reads.
if [ -e "$REACH_PRE/$unit.d" ]; then
	reads "$REACH_PRE/$unit.d" || answer no
fi
case $command in
*" -c -o $unit "*) ;;
*) answer yes ;;
esac
cd "$REACH_BUILD" || answer yes
command=$(printf '%s\n' "$command" |
	sed -E "s|-Wp,-MM?D,[^ ]+|-MMD -MF $text.d|; s| -c -o $unit | -E -P -dU -o $text.i |")
if ! eval "$command" </dev/null >/dev/null; then
	# A header may be made on the way, by make.
	answer yes
fi
if ! reads "$text.d"; then
	mkdir -p "$REACH_PRE/${unit%/*}" && mv "$text.d" "$REACH_PRE/$unit.d"
	answer no
fi
case $command in
*.S)	answer yes ;;	# only C is understood
esac
reached=$(awk -f "$REACH_LIB/definitions.awk" -f "$REACH_LIB/reached.awk" "$REACH_DIR/changes" "$text.i" 2>/dev/null) ||
	answer yes
[ -z "$reached" ] || answer yes
answer no
