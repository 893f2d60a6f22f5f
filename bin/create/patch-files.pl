#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Lists the files that a unified diff touches, one per line:
#
#	changed|added|removed|unsupported TAB PATH
#
# (for unsupported: what the patch does). Paths without their first part, as
# patch -p1 takes them. Fails on what is cut short or leads out of the tree.
use strict;
use warnings;

my ($name) = @ARGV;
open my $in, '<', $name or die "$name: $!\n";

my %kind;	# path -> what happens to it
my @order;

sub strip
{
	my ($path) = @_;

	$path =~ s/\t.*//;
	$path =~ s/\s+$//;
	return undef if $path eq '/dev/null';
	$path =~ s{^[^/]*/+}{} or die "line $.: '$path' has no folder to strip\n";
	die "line $.: '$path' leads out of the source\n" if $path =~ m{(^|/)\.\.(/|$)} || $path =~ m{^/};
	die "line $.: '$path' is an unusual name\n" if $path =~ m{[^A-Za-z0-9_.,+/-]};
	return $path;
}

my ($old, $header);
my ($left_old, $left_new) = (0, 0);
while (my $line = <$in>) {
	if ($left_old > 0 || $left_new > 0) {
		if ($line =~ /^-/) {
			$left_old--;
		} elsif ($line =~ /^\+/) {
			$left_new--;
		} elsif ($line =~ /^[ \n\t]/) {
			$left_old--;
			$left_new--;
		} elsif ($line !~ /^\\/) {
			die "line $.: the hunk is damaged\n";
		}
		next;
	}
	if ($line =~ /^--- (\S.*)/) {
		$old = $1;
	} elsif (defined $old && $line =~ /^\+\+\+ (\S.*)/) {
		my ($from, $to) = (strip($old), strip($1));
		my $path = $to // $from;
		die "line $.: neither file has a name\n" unless defined $path;
		push @order, $path unless $kind{$path};
		$kind{$path} = !defined $to ? 'removed' : !defined $from ? 'added' : 'changed';
		$header = 1;
		undef $old;
	} elsif ($line =~ /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/) {
		die "line $.: a hunk without a file\n" unless $header;
		($left_old, $left_new) = ($1 // 1, $2 // 1);
	} elsif ($line =~ /^(rename|copy) from (\S+)/) {
		print "unsupported\t$1s $2\n";
	} elsif ($line =~ /^(GIT binary patch|Binary files)/) {
		print "unsupported\tchanges a binary file\n";
	} else {
		undef $old;
	}
}
die "the last hunk is cut short\n" if $left_old > 0 || $left_new > 0;
print "$kind{$_}\t$_\n" for @order;
