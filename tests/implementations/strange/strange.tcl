# Servers as beginners write them in Tcl, with fileevent, each with one fault.
#
#     tclsh strange.tcl KIND PORT
#
# KIND: text (echo: the channel changes LF to CR LF), encoded (echo: it decodes the bytes as text),
# no-newline (quit: the greeting has none), stays-after-bye (echo: answers the word, does not end).

lassign $argv kind port

proc accept {chan host port} {
    global kind
    fconfigure $chan -blocking 0 -buffering full
    if {$kind eq "encoded"} {
        fconfigure $chan -encoding utf-8 -translation lf
    } elseif {$kind ne "text"} {
        fconfigure $chan -translation binary
    }
    if {$kind eq "no-newline"} {
        puts -nonewline $chan "Hello from the server!"
        flush $chan
    }
    fileevent $chan readable [list talk $chan]
}

proc talk {chan} {
    global kind
    if {[catch {read $chan 16384} data]} {
        catch {close $chan}
        return
    }
    if {$kind eq "stays-after-bye" && $data eq "bye\n"} {
        set data "See you!\n"
    }
    if {$kind eq "no-newline" && $data ne ""} {
        set data "[string toupper $data]QUIT"
    }
    if {[catch {
        puts -nonewline $chan $data
        flush $chan
        if {[eof $chan]} {
            fconfigure $chan -blocking 1
            close $chan
        } elseif {[chan pending output $chan] > 100000} {
            fileevent $chan readable {}
            fileevent $chan writable [list again $chan]
        }
    }]} {
        catch {close $chan}
    }
}

# All waiting data was sent.
proc again {chan} {
    if {[chan pending output $chan] < 50000} {
        fileevent $chan writable {}
        fileevent $chan readable [list talk $chan]
    }
}

socket -server accept -myaddr 127.0.0.1 $port
vwait forever
