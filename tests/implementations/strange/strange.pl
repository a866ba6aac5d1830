#!/usr/bin/perl
# Servers as beginners write them in Perl, a process for each client, each with one fault.
#
#     perl strange.pl KIND PORT [FOLDER]
#
# KIND: buffers-greeting (greet), stays-after-fin (hello), greets-late (echo with a greeting),
# splits-values and 1024-bytes and folds-keys (crud).
use strict;
use warnings;
use Fcntl qw(:flock);
use IO::Handle;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

my ($kind, $port, $folder) = @ARGV;
my $listener = IO::Socket::INET->new(
    LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 64, ReuseAddr => 1)
    or die "no socket: $!\n";
$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';

# The store is a log of commands; each command locks it, reads it and adds a line.
sub store {
    my ($line) = @_;
    my ($word, $key, $value) = $line =~ /\A([^ ]+) ([^ ]+)(?: (.+))?\z/s or return 'ERROR what?';
    $word = lc $word;
    $key = lc $key if $kind eq 'folds-keys';
    $value = join ' ', split ' ', $value if defined $value && $kind eq 'splits-values';
    open my $log, '+>>', "$folder/log" or die $!;
    flock $log, LOCK_EX;
    seek $log, 0, 0;
    my %known;
    while (my $entry = <$log>) {
        chomp $entry;
        my ($of, $is) = split / /, $entry, 2;
        if (defined $is) { $known{$of} = $is } else { delete $known{$of} }
    }
    my $is_known = exists $known{$key};
    my $write = sub { print $log $_[0]; $log->flush; 'OK' };
    if ($word eq 'create' && defined $value) {
        return $is_known ? 'ERROR exists' : $write->("$key $value\n");
    }
    if ($word eq 'update' && defined $value) {
        return $is_known ? $write->("$key $value\n") : 'ERROR not found';
    }
    return 'ERROR what?' if defined $value;
    return $is_known ? "OK $known{$key}" : 'ERROR not found' if $word eq 'read';
    return $is_known ? $write->("$key\n") : 'ERROR not found' if $word eq 'delete';
    return 'ERROR what?';
}

sub crud {
    my ($client) = @_;
    my $rest = '';
    while (sysread $client, my $data, 65536) {
        $rest .= $data;
        while ($rest =~ s/\A([^\n]*?)\r?\n//) {
            my $line = $1;
            $line = substr $line, 0, 1024 if $kind eq '1024-bytes';
            syswrite $client, store($line) . "\n" or return;
        }
    }
}

sub greet {
    my ($client) = @_;
    $client->autoflush(0);
    print $client "Hello! I am TCP server\n";
    my ($until, $data) = (time + 0.3, '');
    vec(my $watched = '', fileno $client, 1) = 1;
    while ((my $left = $until - time) > 0) {
        if (select my $ready = $watched, undef, undef, $left) {
            if (!sysread $client, $data, 65536) { sleep 0.3; last }
        }
    }
    print $client "Good bye!\n\n\n";
    $client->flush;
    shutdown $client, 1;
    1 while sysread $client, $data, 65536;
}

sub hello {
    my ($client) = @_;
    while (sysread $client, my $data, 65536) {
        syswrite $client, 'Hello World form the server!' or return;
    }
    sleep 3600;    # the connection stays
}

sub echo {
    my ($client) = @_;
    my $greeted;
    while (sysread $client, my $data, 65536) {
        $data = "Welcome\n" . $data unless $greeted++;
        while (length $data) {
            my $sent = syswrite $client, $data or return;
            substr $data, 0, $sent, '';
        }
    }
    syswrite $client, "Welcome\n" unless $greeted;
}

my %serve = (
    'buffers-greeting' => \&greet,
    'stays-after-fin' => \&hello,
    'greets-late' => \&echo,
    'splits-values' => \&crud,
    'folds-keys' => \&crud,
    '1024-bytes' => \&crud,
);

while (1) {
    my $client = $listener->accept or next;
    my $child = fork;
    if (defined $child && $child == 0) {
        close $listener;
        $serve{$kind}->($client);
        exit 0;
    }
    close $client;
}
