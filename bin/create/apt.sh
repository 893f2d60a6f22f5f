# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# Debian's archive through an apt state of our own: the machine's lists and
# sources are read, never changed, and no root is needed.

apt_ready=

apt_init()
{
	[[ ! $apt_ready ]] || return 0
	command -v apt-get >/dev/null ||
		die 1 missing "there is no apt-get: Debian's kernels cannot be fetched" \
			"give --source, --config and --headers"

	lock "$cache/apt.lock"
	apt_state "$cache/apt"
	export APT_CONFIG=$cache/apt/apt.conf
	# An hour old is new enough; --kernel of something unknown asks again.
	apt_update_after 60
	unlock
	apt_ready=1
}

# apt_state DIR: makes a state of apt's there, without lists yet
apt_state()
{
	local dir=$1

	mkdir -p "$dir"/{state/lists/partial,archives/partial,sources.list.d}
	: >"$dir/status"
	rm -f "$dir/sources.list.d"/*
	apt_sources "$dir/sources.list.d"
	cat >"$dir/apt.conf" <<EOF
Dir::State "$dir/state/";
Dir::State::status "$dir/status";
Dir::Cache "$dir/";
Dir::Cache::archives "archives/";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$dir/sources.list.d/";
APT::Architecture "amd64";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
EOF
}

# apt_update_after MINUTES: reads the package lists again when they are older
apt_update_after()
{
	local updated=${APT_CONFIG%/*}/updated

	[[ -e $updated && -z $(find "$updated" -mmin "+$1") ]] || apt_update
}

# Reads the package lists of the state that APT_CONFIG names.
apt_update()
{
	local updated=${APT_CONFIG%/*}/updated

	stage "Reading the archive's package lists"
	if logged apt-get -q update; then
		touch "$updated"
	elif [[ -e $updated ]]; then
		warn "the archive's package lists could not be refreshed; going on with the old ones"
	else
		die_log 1 failed "apt-get update failed"
	fi
}

# apt_sources DIR: the machine's sources, and the backports of its Debian release
apt_sources()
{
	local file codename suite_uri

	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
		/etc/apt/sources.list.d/*.sources; do
		[[ -r $file ]] || continue
		grep -qi 'debian' "$file" || continue
		cp "$file" "$1/machine-${file##*/}"
	done
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	[[ $codename ]] || return 0
	! grep -qs -- "$codename-backports" "$1"/* || return 0
	suite_uri=$(cat "$1"/* 2>/dev/null |
		awk -v "codename=$codename" -f "$KSPLICE_LIBDIR/create/sources.awk")
	[[ $suite_uri ]] || return 0
	{
		printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\n' \
			"${suite_uri%% *}" "$codename"
		[[ ! ${suite_uri#* } ]] || printf 'Signed-By: %s\n' "${suite_uri#* }"
	} >"$1/backports.sources"
}

# The machine's apt.conf.d may turn apt's own cache off; without it each question takes a second.
apt_cache()
{
	apt-cache -o "Dir::Cache::pkgcache=pkgcache.bin" -o "Dir::Cache::srcpkgcache=srcpkgcache.bin" "$@"
}

# apt_versions PACKAGE: the versions that the archive has, newest first
apt_versions()
{
	apt_cache madison "$1" 2>/dev/null | awk -F '|' '{ gsub(/ /, "", $2); print $2 }' | uniq
}

# apt_download DIR PACKAGE=VERSION...: into the cache; DIR gets links
apt_download()
{
	local dir=$1 spec package version file

	shift
	for spec; do
		package=${spec%%=*} version=${spec#*=}
		file=$(apt_deb "$package" "$version")
		if [[ ! $file ]]; then
			logged apt_get_download download "$spec" || die_log 1 failed "$package $version could not be fetched"
			file=$(apt_deb "$package" "$version")
		fi
		[[ $file ]] || die 1 failed "$package $version: apt-get brought nothing"
		ln -sfn "$file" "$dir/$package.deb"
	done
}

# apt_get_download ARGUMENT...: apt-get; what it brings goes to the cache. In a folder of its own:
# kernels of several flavours share packages, and may be fetched at once.
apt_get_download()
{
	local dir

	dir=$(mktemp -d "$cache/debs/new.XXXXXX") || return
	if (cd "$dir" && apt-get -q "$@"); then
		mv -f "$dir"/* "$cache/debs/"
	fi
	rm -rf "$dir"
}

# apt_download_packaging DIR SOURCE VERSION: what Debian adds to the source that SOURCE's
# packages are made from, its patches among it; into the cache; DIR gets a link
apt_download_packaging()
{
	local dir=$1 source=$2 version=$3
	local file=$cache/debs/${2}_${3#*:}.debian.tar.xz

	if [[ ! -e $file ]]; then
		# Another state: the lists of sources are large, and few kernels need them.
		local -x APT_CONFIG=$cache/apt-source/apt.conf

		lock "$cache/apt-source.lock"
		apt_state "$cache/apt-source"
		apt_types_source "$cache/apt-source/sources.list.d"
		apt_update_after 60
		unlock
		stage "Fetching the packaging of $source ($version)"
		logged apt_get_download source --download-only --diff-only "$source=$version" || true
	fi
	[[ -e $file ]] || return
	ln -sfn "$file" "$dir/$source.debian.tar.xz"
}

# apt_types_source DIR: makes apt's sources there name source packages instead of binary ones
apt_types_source()
{
	local file

	for file in "$1"/*; do
		sed -i -E -e 's/^[Tt]ypes:.*/Types: deb-src/' -e '/^deb-src[ \t]/d' \
			-e 's/^deb([ \t])/deb-src\1/' "$file"
	done
}

# The file of a package in the cache, if it is there.
apt_deb()
{
	local file

	for file in "$cache/debs/$1_${2/:/%3a}"_*.deb; do
		[[ ! -e $file ]] || printf '%s\n' "$file"
	done
}

# One line for each kernel: release, version, whether the source is there too.
apt_list_kernels()
{
	local names

	names=$(apt_cache search --names-only '^linux-(image-[0-9].*-amd64(-unsigned)?|source-[0-9.]+)$' |
		awk '{ print $1 }')
	stage_end
	# shellcheck disable=SC2086 # a list of words
	apt_cache madison $names | awk -f "$KSPLICE_LIBDIR/create/kernels.awk" | sort -V
}
