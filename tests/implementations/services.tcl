# Correct servers in Tcl, written for the suite to judge, with its event loop and buffered channels.
#
#     tclsh services.tcl PROFILE PORT
#
# Profiles: echo, greet, half-open, quit, hello, discard.
lassign $argv profile port

proc accept {client host port} {
    global profile received
    set received($client) 0
    fconfigure $client -blocking 0 -translation binary -buffering none
    if {$profile eq "quit"} { say $client "Hello from the server!\n" }
    if {$profile eq "greet"} {
        say $client "Hello! I am TCP server\n"
        after 300 [list farewell $client]
    }
    fileevent $client readable [list hear $client]
}

# puts never blocks on such a channel: data that does not fit is kept, and the event loop sends it.
proc say {client data} {
    if {[catch {puts -nonewline $client $data; flush $client}]} { drop $client }
}

proc drop {client} {
    global received
    unset -nocomplain received($client)
    catch {close $client}
}

proc hear {client} {
    global profile received
    if {[catch {read $client 65536} data]} { drop $client; return }
    if {$data ne ""} {
        incr received($client) [string length $data]
        switch $profile {
            echo  { say $client $data }
            hello { say $client "Hello World form the server!" }
            quit  { say $client [upper $data]QUIT }
        }
        if {![info exists received($client)]} return
        # Do not read from a client that does not read.
        if {[chan pending output $client] > 1000000} {
            fileevent $client readable {}
            fileevent $client writable [list go_on $client]
            return
        }
    }
    if {[eof $client]} {
        fileevent $client readable {}
        if {$profile eq "half-open"} { say $client "received $received($client) bytes\n" }
        if {$profile ne "greet"} { drop $client }
    }
}

proc go_on {client} {
    if {[chan pending output $client] == 0} {
        fileevent $client writable {}
        fileevent $client readable [list hear $client]
    }
}

# ASCII only: the bytes of a letter in UTF-8 stay as they are.
proc upper {data} {
    set pairs {}
    foreach letter {a b c d e f g h i j k l m n o p q r s t u v w x y z} {
        lappend pairs $letter [string toupper $letter]
    }
    return [string map $pairs $data]
}

proc farewell {client} {
    global received
    if {![info exists received($client)]} return
    say $client "Good bye!\n\n\n"
    if {![info exists received($client)]} return
    if {[eof $client]} { drop $client; return }
    if {[catch {close $client write}]} { drop $client; return }
    fileevent $client readable [list drain $client]
}

proc drain {client} {
    if {[catch {read $client 65536}] || [eof $client]} { drop $client }
}

socket -server accept -myaddr 127.0.0.1 $port
vwait forever
