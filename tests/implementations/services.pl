#!/usr/bin/perl
# Correct servers in Perl, written for the suite to judge: a process for each client.
#
#     perl services.pl PROFILE PORT
#
# Profiles: echo, greet, half-open, reset, quit, hello, discard.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER SHUT_WR);
use Time::HiRes qw(time);

my ($profile, $port) = @ARGV;
my $listener = IO::Socket::INET->new(
    LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 128, ReuseAddr => 1)
    or die "cannot listen: $!\n";
my %children;
$SIG{CHLD} = sub { local $!; while ((my $pid = waitpid(-1, 1)) > 0) { delete $children{$pid} } };
# Perl runs the handler at its next safe point (perlipc, deferred signals): a handler that runs at
# once can interrupt the interpreter at an unsafe point and crash it.
$SIG{TERM} = sub { kill 'TERM', keys %children; exit 0 };

# End a client's process without Perl's own clean-up, which costs more than serving a client.
sub leave { POSIX::_exit(0) }

sub say_all {
    my ($client, $data) = @_;
    while (length $data) {
        my $sent = syswrite($client, $data);
        leave() unless defined $sent;
        substr($data, 0, $sent) = '';
    }
}

# The next piece; nothing at the client's FIN. An error ends only this process.
sub next_piece {
    my ($client) = @_;
    my $got = sysread($client, my $data, 65536);
    leave() unless defined $got;
    return $data;
}

my %serve = (
    echo => sub {
        my ($client) = @_;
        while (length(my $data = next_piece($client))) { say_all($client, $data) }
    },
    discard => sub {
        my ($client) = @_;
        while (length(next_piece($client))) { }
    },
    hello => sub {
        my ($client) = @_;
        while (length(next_piece($client))) { say_all($client, 'Hello World form the server!') }
    },
    quit => sub {
        my ($client) = @_;
        say_all($client, "Hello from the server!\n");
        while (length(my $data = next_piece($client))) {
            $data =~ tr/a-z/A-Z/;
            say_all($client, $data . 'QUIT');
        }
    },
    'half-open' => sub {
        my ($client) = @_;
        my $count = 0;
        while (length(my $data = next_piece($client))) { $count += length $data }
        say_all($client, "received $count bytes\n");
    },
    reset => sub {
        my ($client) = @_;
        my $rest = '';
        while (length(my $data = next_piece($client))) {
            $rest .= $data;
            while ($rest =~ s/\A([^\n]*\n)//) {
                my $line = $1;
                if ($line =~ /\ARESET\r?\n\z/) {
                    setsockopt($client, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0));
                    close $client;
                    leave();
                }
                say_all($client, $line);
            }
        }
        say_all($client, $rest);
    },
    greet => sub {
        my ($client) = @_;
        say_all($client, "Hello! I am TCP server\n");
        my ($until, $select) = (time + 0.3, IO::Select->new($client));
        while ((my $left = $until - time) > 0) {
            next unless $select->can_read($left);
            if (!length(next_piece($client))) {
                select(undef, undef, undef, $until - time) if $until > time;
                last;
            }
        }
        say_all($client, "Good bye!\n\n\n");
        shutdown($client, SHUT_WR);
        while (length(next_piece($client))) { }
    },
);

# A signal that arrives just before the wait is handled after it, so no wait is long.
my $comes = IO::Select->new($listener);
$listener->blocking(0);
while (1) {
    $comes->can_read(0.25) or next;
    my $client = $listener->accept or next;
    my $pid = fork;
    if (!defined $pid) { close $client; next }
    if ($pid) { $children{$pid} = 1; close $client; next }
    $SIG{TERM} = $SIG{CHLD} = 'DEFAULT';
    $SIG{PIPE} = 'IGNORE';
    close $listener;
    $client->blocking(1);
    $serve{$profile}->($client);
    leave();
}
