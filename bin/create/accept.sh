# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Changes of meaning that are refused unless the user has looked at them and says
# so, by kind and name:
#
#	layout		of a structure, union, enumeration or typedef
#	initial-value	of an object that exists already
#	init-code	a function that ran at boot or when its module was loaded, or what
#			has one run (a boot option, an initcall) or sets a module parameter

accept_kinds='layout initial-value init-code'
accept_used=()		# which of opt_accept were of use

# accept_option TEXT: is it KIND=NAME or KIND?
accept_option()
{
	[[ " $accept_kinds " = *" ${1%%=*} "* && $1 != *= && $1 != *$'\n'* ]]
}

# accepted KIND NAME
accepted()
{
	local i

	for ((i = 0; i < ${#opt_accept[@]}; i++)); do
		if [[ ${opt_accept[i]} = "$1" || ${opt_accept[i]} = "$1=$2" ]]; then
			accept_used[i]=1
			return 0
		fi
	done
	return 1
}

# An option that nothing needed: a slip of the pen, or the patch is not the one looked at.
accept_check()
{
	local i

	for ((i = 0; i < ${#opt_accept[@]}; i++)); do
		[[ ${accept_used[i]-} ]] ||
			warn "--accept ${opt_accept[i]}: the patch makes no such change"
	done
}

# accept_list UNIT: what objmanip shall let pass, for its --accept
accept_list()
{
	{
		printf '%s\n' ${opt_accept[@]+"${opt_accept[@]}"} | grep -v '^layout'
		initcode_accept "$1"
	} | sed '/^$/d' | paste -s -d , -
}

# accept_report UNIT FILE: what objmanip let pass, from its report
accept_report()
{
	local word kind name

	[[ -e $2 ]] || return 0
	while IFS=' =' read -r word kind name; do
		[[ $word = accepted ]] || continue
		accepted "$kind" "$name" || {
			[[ $kind != init-code ]] || initcode_report "$1" "$name"
			continue
		}
		case $kind in
		init-code) warn "accepted: $1: the update leaves out $name as it is now, which only counts at boot or when its module is loaded" ;;
		*) warn "accepted: $1: the update leaves out the initial value of $name, which keeps what it has" ;;
		esac
	done <"$2"
}
