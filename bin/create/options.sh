# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# The command line: opt_* variables.

opt_action=create
opt_patches=()
opt_git=
opt_kernel=
opt_source=
opt_config=
opt_headers=
opt_id=
opt_description=
opt_output=
opt_jobs=$(nproc)
opt_verbose=
opt_keep=
opt_accept=()
opt_max_units=2000
opt_targets=

usage()
{
	cat <<'EOF'
usage: ksplice-create [OPTION]... --patch FILE | --git RANGE
       ksplice-create --list-kernels
       ksplice-create --fetch RELEASE

Makes an update from a patch, for ksplice-apply.

What to change:
  -p, --patch FILE       unified diff (-p1) to apply; may be given several times
      --git RANGE        the difference between two commits, in the git tree of
                         --source or else of the current folder

The kernel to change:
  -k, --kernel RELEASE   a Debian kernel, fetched with apt [the running one]
      --source DIR       any other kernel: its source, which is not modified,
      --config FILE      its configuration,
      --headers DIR      and its headers: where Module.symvers lies

The update:
      --id ID            its name, 1 to 24 of a-z 0-9 _ [made from the patch]
      --description TEXT what it does [the patch's subject]
  -o, --output FILE      [ID.ksplice]

      --accept KIND=NAME make the update though it changes the meaning of what
                         exists: layout, initial-value or init-code of NAME
  -j, --jobs N           compile N units at once [the number of processors]
      --max-units N      let a header's change reach N units at the most [2000]
      --targets NAME,... change only these: vmlinux, modules; the others keep their
                         code [all that the patch changes]
  -v, --verbose          show what runs
      --keep             keep the work folder
      --list-kernels     print the kernels that the archive offers
      --fetch RELEASE    fetch and unpack that kernel's image, print the folder
      --fetch-source RELEASE
                         the same for its source
  -h, --help
      --version

Exit status: 0 made, 1 failed, 2 usage, 5 not permitted, 6 patch not
supported, 7 the patch changes nothing in this kernel, 130 interrupted.
EOF
}

usage_error()
{
	die 2 usage "$1" "see ksplice-create --help"
}

need_file()
{
	[[ -e $2 ]] || die 1 not_found "$1: $2: no such file"
	[[ -f $2 && -r $2 ]] || die 1 not_found "$1: $2: cannot be read"
}

need_dir()
{
	[[ -d $2 ]] || die 1 not_found "$1: $2: no such folder"
}

options_parse()
{
	local parsed

	parsed=$(getopt -n getopt -o p:k:o:j:vh -l patch:,git:,kernel:,source:,config: \
		-l headers:,id:,description:,output:,jobs:,verbose,keep,list-kernels,fetch: \
		-l fetch-source:,accept:,max-units:,targets:,help,version -- "$@" 2>&1) || {
		parsed=${parsed%%$'\n'*}
		usage_error "${parsed#getopt: }"
	}
	eval set -- "$parsed"
	while [[ $1 != -- ]]; do
		case $1 in
		-p | --patch) opt_patches+=("$2"); shift ;;
		--git) opt_git=$2; shift ;;
		-k | --kernel) opt_kernel=$2; shift ;;
		--source) opt_source=$2; shift ;;
		--config) opt_config=$2; shift ;;
		--headers) opt_headers=$2; shift ;;
		--id) opt_id=$2; shift ;;
		--description) opt_description=$2; shift ;;
		-o | --output) opt_output=$2; shift ;;
		-j | --jobs) opt_jobs=$2; shift ;;
		-v | --verbose) opt_verbose=1 ;;
		--keep) opt_keep=1 ;;
		--accept) opt_accept+=("$2"); shift ;;
		--max-units) opt_max_units=$2; shift ;;
		--targets) opt_targets=$2; shift ;;
		--list-kernels) opt_action=list-kernels ;;
		--fetch | --fetch-source) opt_action=${1#--}; opt_kernel=$2; shift ;;
		-h | --help) usage; exit 0 ;;
		--version) printf 'ksplice-create %s\n' "$KSPLICE_VERSION"; exit 0 ;;
		esac
		shift
	done
	shift
	[[ $# = 0 ]] || usage_error "'$1': options only; a patch is given with --patch"
	options_check
}

options_check()
{
	local file folder name

	[[ $opt_jobs =~ ^[1-9][0-9]{0,3}$ ]] || usage_error "--jobs: '$opt_jobs' is not a number of jobs"
	[[ $opt_max_units =~ ^[1-9][0-9]{0,5}$ ]] ||
		usage_error "--max-units: '$opt_max_units' is not a number of units"
	[[ ! $opt_targets ]] || targets_option "$opt_targets" ||
		usage_error "--targets: '$opt_targets' is not a list of names: vmlinux,MODULE,..."
	[[ ! $opt_kernel || $opt_kernel =~ ^[A-Za-z0-9][A-Za-z0-9.+~_-]*$ ]] ||
		usage_error "'$opt_kernel' is not a kernel release"
	[[ $opt_action = create ]] || return 0

	for name in ${opt_accept[@]+"${opt_accept[@]}"}; do
		accept_option "$name" ||
			usage_error "--accept: '$name' is not KIND=NAME with KIND one of $accept_kinds"
	done
	[[ ${#opt_patches[@]} -gt 0 || $opt_git ]] || usage_error "neither --patch nor --git is given"
	[[ ${#opt_patches[@]} -eq 0 || ! $opt_git ]] || usage_error "--patch and --git exclude each other"
	[[ ! $opt_id || $opt_id =~ ^[a-z0-9_]{1,24}$ ]] ||
		usage_error "--id: '$opt_id' is not 1 to 24 of a-z 0-9 _"
	[[ $opt_description != *$'\n'* ]] || usage_error "--description: more than one line"
	if [[ $opt_source || $opt_config || $opt_headers ]]; then
		[[ $opt_source && $opt_config && $opt_headers ]] ||
			usage_error "--source, --config and --headers belong together"
		[[ ! $opt_kernel ]] || usage_error "--kernel and --source exclude each other"
		need_dir --source "$opt_source"
		need_file --config "$opt_config"
		need_dir --headers "$opt_headers"
		[[ -e $opt_source/Kconfig && -e $opt_source/Makefile ]] ||
			die 1 not_found "--source: $opt_source: not a kernel's source"
		need_file "--headers" "$opt_headers/Module.symvers"
	fi
	for file in ${opt_patches[@]+"${opt_patches[@]}"}; do
		need_file --patch "$file"
	done
	if [[ $opt_output ]]; then
		[[ -d $(dirname "$opt_output") ]] ||
			die 1 not_found "--output: $(dirname "$opt_output"): no such folder"
		[[ ! -d $opt_output ]] || die 1 not_found "--output: $opt_output: is a folder"
	fi
	# Now, not when all is made.
	folder=$(dirname "${opt_output:-x}")
	[[ -w $folder ]] ||
		die 1 failed "$(cd "$folder" && pwd): no file can be written there" \
			"give a file in another folder: --output FILE"
}
