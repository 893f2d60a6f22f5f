#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
#
#	includes.pl scan SOURCE BUILD		prints FILE TAB INCLUDED for each #include line
#	includes.pl users LIST FILE...		prints the units that may include a FILE
#
# Conservative: an #include may mean each file whose path ends like it, unless
# it stands in quotes and a file of that name lies beside it. Directives of
# groups that are not compiled count as well. The compiler's own dependency
# file tells afterwards which units really read it.
use strict;
use warnings;

# Folders of the source that kernel code comes from.
my @folders = qw(arch/x86 block certs crypto drivers fs include init io_uring ipc kernel lib mm net
	security sound virt);

sub scan
{
	my ($source, $build) = @_;
	my %exists;

	for my $top ($source, $build) {
		chdir $top or die "$top: $!\n";
		my @there = grep { -d } @folders;
		open my $files, '-|', 'find', @there, '-name', '*.[ch]', '-o', '-name', '*.inc' or
			die "find: $!\n";
		while (<$files>) {
			chomp;
			$exists{$_} = 1;
		}
	}
	# grep reads a gigabyte in seconds, which perl does not.
	for my $top ($source, $build) {
		chdir $top or die "$top: $!\n";
		my @there = grep { -d } @folders;
		open my $lines, '-|', 'grep', '-rHE', '--include=*.[chS]', '--include=*.inc',
			'^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*["<]', @there or die "grep: $!\n";
		while (<$lines>) {
			my ($path, $quote, $name) = /^([^:]+):\s*#\s*include\s*(["<])([^">\n]+)[">]/ or next;

			# Beside it? Then it is that one and no other.
			if ($quote eq '"') {
				my $near = $path =~ s{[^/]*$}{}r . $name;

				1 while $near =~ s{(^|/)(?!\.\./)[^/]+/\.\./}{$1};
				$near =~ s{(^|/)\./}{$1}g;
				if ($exists{$near}) {
					print "$path\t=$near\n";
					next;
				}
			}
			$name =~ s{^(\.\.?/)+}{};
			print "$path\t$name\n";
		}
	}
}

sub users
{
	my ($list, @files) = @_;
	my (%by_path, %by_name);	# included -> includers, by what is known of it

	open my $in, '<', $list or die "$list: $!\n";
	while (<$in>) {
		chomp;
		my ($path, $name) = split /\t/;
		if ($name =~ s/^=//) {
			push @{$by_path{$name}}, $path;
		} else {
			push @{$by_name{$name}}, $path;
		}
	}
	my %seen = map { $_ => 1 } @files;
	my @todo = @files;
	while (defined(my $file = shift @todo)) {
		my @users = @{$by_path{$file} // []};
		my $suffix = $file;

		while (1) {
			push @users, @{$by_name{$suffix} // []};
			$suffix =~ s{^[^/]*/}{} or last;
		}
		push @todo, grep { !$seen{$_}++ } @users;
	}
	# The compiler's command line includes these everywhere.
	my $all = grep { $seen{"include/linux/$_"} }
		qw(compiler_types.h kconfig.h compiler-version.h compiler_attributes.h);
	if ($all) {
		open $in, '<', $list;
		while (<$in>) {
			/^(\S+)\t/ and $seen{$1} = 1;
		}
	}
	print s/\.[cS]$/.o/r, "\n" for sort grep { /\.[cS]$/ } keys %seen;
}

my $mode = shift // '';
if ($mode eq 'scan') {
	scan(@ARGV);
} elsif ($mode eq 'users') {
	users(@ARGV);
} else {
	die "usage: includes.pl scan SOURCE BUILD | users LIST FILE...\n";
}
