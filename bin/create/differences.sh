# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# What objmanip says of a unit that the patch changed. More than one part asks, and for the largest
# units the answer takes a while: it is kept.
#
#	work/differences/UNIT		its text: a change in each line
#	work/differences/UNIT.status	its exit code: 0 changes, 7 none that matters, else failed

# differences_of UNIT: sets $differences to the path of its text, and $differences_status. What it
# cannot compare is told when the new code is taken out.
differences_of()
{
	differences=$work/differences/$1 differences_status=0
	if [[ ! -e $differences.status ]]; then
		mkdir -p "${differences%/*}"
		"$KSPLICE_OBJMANIP" diff "$tree_dir/pre/$1" "$work/post/$1" >"$differences" \
			2>>"$log_file" || differences_status=$?
		printf '%s\n' "$differences_status" >"$differences.status"
	fi
	differences_status=$(<"$differences.status")
}
