"""How each mutant dies: the signature with which its requirement detects it.

A mutant that is killed for another reason is killed only by luck, which ``selftest`` reports.
``selftest`` also prints the signature of a new mutant.
"""

#: Signature -> the mutants that die with it.
_DEATHS = {
    "wrong-bytes": """
        greet/adds-a-nul hello/adds-a-nul
        echo/sends-its-whole-buffer echo/adds-a-nul echo/ends-lines-in-crlf
        crud/a-file-for-each-key crud/keys-are-text crud/one-word echo/one-buffer-for-all
        quit/joins-blanks quit/expands-tabs quit/strips-lines quit/decodes-each-kilobyte
        chat/parts-from-all chat/errors-come-first crud/forgets-at-the-second-start
        crud/reads-come-later
        echo/prompts echo/greets-late echo/drops-0x1a echo/speaks-telnet
        echo/decodes-utf8 echo/clears-high-bit echo/turns-crlf-to-lf echo/strips-blanks
        echo/drops-when-full echo/loses-after-a-stall echo/broadcasts
        greet/greets-in-lower-case greet/greets-twice greet/echoes-input greet/adds-a-line
        greet/farewell-on-one-line quit/prompts quit/keeps-case quit/upper-cases-brackets
        quit/token-in-lower-case quit/knows-only-ascii quit/takes-utf8-for-latin1
        quit/decodes-each-read quit/broadcasts quit/token-on-a-line quit/answers-the-first-line
        half-open/counts-one-more half-open/replies-in-hexadecimal
        half-open/counts-in-16-bits
        half-open/stops-at-a-megabyte half-open/counts-characters half-open/stops-at-nul
        half-open/counts-crlf-as-one half-open/reads-once half-open/one-count-for-all
        half-open/reply-without-newline reset/strips-blanks reset/decodes-utf8
        reset/turns-crlf-to-lf reset/cuts-long-lines reset/says-bye reset/shares-a-buffer
        reset/rings-a-bell hello/corrects-the-spelling hello/adds-a-newline
        hello/echoes-the-empty-line hello/refuses-what-is-not-ascii
        hello/needs-a-line-in-one-read hello/says-bye hello/replies-in-colour
        discard/prompts udp-echo/prompts chat/knows-nobody chat/says-welcome
        chat/takes-any-password chat/forgets-passwords chat/lets-in-twice
        chat/looks-at-the-name-first chat/changes-its-name chat/joins-anybody
        chat/says-unknown-command chat/tells-who-joins chat/joins-twice
        chat/refuses-a-second-join chat/hears-on chat/echoes chat/broadcasts
        chat/lets-outsiders-speak chat/parts-from-anything chat/strips-texts
        chat/joins-words chat/escapes-html chat/quits-members-only chat/capitals-only
        chat/says-nothing chat/takes-any-name chat/twenty-letters chat/needs-no-hash
        chat/lines-of-1024 chat/complains-per-read chat/takes-any-length chat/newest-first
        chat/a-read-is-a-line chat/keeps-cr chat/answers-in-crlf chat/prompts
        crud/creates-over crud/says-created crud/reads-nothing-as-empty crud/reads-once
        crud/update-creates crud/update-appends crud/delete-is-always-ok
        crud/delete-empties-the-store crud/lower-case-only crud/takes-words
        crud/decodes-utf8 crud/cuts-at-1024 crud/refuses-4000 crud/folds-keys
        crud/a-store-each crud/a-read-is-a-line crud/keeps-cr crud/in-memory-only
        crud/forgets-deletes crud/saves-at-the-end crud/prompts
        client-echo/sends-the-first-word client-echo/any-exit
    """,
    "missing-bytes": """
        quit/token-before-answer
        greet/waits-for-fin
        echo/serves-one-of-many greet/serves-one-of-many quit/serves-one-of-many
        half-open/serves-one-of-many reset/serves-one-of-many hello/serves-one-of-many
        chat/serves-one-of-many crud/serves-one-of-many quit/answers-the-first-line
        echo/drops-when-full
        echo/answers-once echo/waits-for-newline echo/stops-at-nul echo/loses-byte-4096
        echo/answers-first-line echo/stops-after-a-megabyte echo/blocks-in-send
        echo/holds-newline-back echo/one-at-a-time echo/sixty-at-a-time
        greet/waits-for-input greet/one-at-a-time greet/sixty-at-a-time quit/does-not-greet
        quit/token-once quit/answers-64-kib quit/one-at-a-time quit/sixty-at-a-time
        half-open/stays-for-nothing half-open/one-at-a-time half-open/sixty-at-a-time
        reset/skips-empty-lines reset/one-at-a-time reset/sixty-at-a-time hello/says-nothing
        hello/cuts-the-reply hello/replies-once hello/one-at-a-time hello/sixty-at-a-time
        chat/joins-in-silence chat/parts-in-silence chat/tells-one chat/quits-in-silence
        chat/quits-one-channel chat/lost-in-silence chat/keeps-the-reset
        chat/ignores-empty-lines chat/blocks-in-send chat/waits-for-all chat/one-at-a-time
        chat/sixty-at-a-time crud/ignores-nonsense crud/one-at-a-time crud/sixty-at-a-time
        client-echo/sends-nothing client-echo/sends-at-the-end
        client-echo/forgets-what-is-typed-ahead
    """,
    "ended-early": """
        hello/drops-its-queue-at-fin hello/drops-its-buffer-at-fin
        quit/drops-its-queue-at-fin quit/drops-its-buffer-at-fin
        reset/drops-its-buffer-at-fin echo/drops-its-buffer-at-fin
        crud/drops-its-buffer-at-fin
        greet/drops-the-one-after
        echo/closes-after-its-answer echo/ends-on-what-is-no-text quit/ends-after-the-token
        hello/shares-a-buffer
        hello/replies-to-lines-only crud/forgets-its-queue-at-fin reset/forgets-its-queue-at-fin
        echo/drops-its-queue-at-fin
        echo/ends-at-0x04 echo/drops-pending-at-fin greet/cuts-farewell
        greet/never-says-farewell greet/quits-on-quit greet/farewell-to-the-newest
        quit/drops-unterminated-rest half-open/closes-at-fin half-open/no-reply-for-nothing
        hello/ends-after-the-reply discard/takes-one-read discard/ends-at-0x04
        discard/tires-of-single-bytes discard/ends-all-with-one chat/says-no-bye
        chat/ends-on-nonsense chat/ends-on-a-long-line crud/ends-on-nonsense
    """,
    "extra-bytes": """
        half-open/acknowledges-parts half-open/greets
        echo/answers-twice echo/sends-its-whole-buffer echo/adds-a-nul half-open/adds-a-nul
        echo/keeps-an-old-tail
        echo/says-bye quit/token-at-fin quit/token-on-connect quit/says-bye
        half-open/replies-at-once half-open/stays-after-reply half-open/says-more
        reset/answers-before-reset hello/greets hello/replies-to-the-end
        hello/replies-to-all discard/echoes discard/greets discard/acknowledges
        discard/says-nothing-came discard/reports-the-count crud/says-bye
    """,
    "rst-instead-of-fin": """
        reset/resets-everybody hello/full-after-256-kib discard/full-after-a-megabyte
        greet/resets-at-the-end quit/ends-by-reset half-open/resets-after-reply
        hello/resets-at-fin discard/resets-at-fin
        echo/resets-at-fin greet/closes-with-unread-input reset/resets-unterminated
        reset/resets-at-fin client-echo/leaves-by-reset
    """,
    "no-fin": """
        discard/serves-one-of-many
        echo/stays-after-fin echo/waits-for-first-byte greet/never-ends quit/stays-after-fin
        reset/waits-for-newline-at-fin reset/stays-after-fin hello/stays-for-nothing
        hello/stays-at-fin discard/stays-for-nothing discard/stays-at-fin
        discard/one-at-a-time discard/sixty-at-a-time chat/stays-after-bye crud/stays-at-fin
        client-echo/ignores-interrupt
    """,
    "unbounded-intake": """
        echo/buffers-without-bound
    """,
    "died": """
        greet/dies-in-write
        echo/ends-with-its-first-client greet/ends-with-its-first-client
        quit/ends-with-its-first-client half-open/ends-with-its-first-client
        reset/ends-with-its-first-client hello/ends-with-its-first-client
        discard/ends-with-its-first-client chat/ends-with-its-first-client
        crud/ends-with-its-first-client
        echo/dies-of-sigpipe greet/dies-of-sigpipe quit/dies-of-sigpipe
        half-open/dies-of-sigpipe reset/dies-of-sigpipe hello/dies-of-sigpipe
        chat/dies-of-sigpipe crud/dies-of-sigpipe
        echo/one-client-and-ends greet/one-client-and-ends quit/one-client-and-ends
        half-open/one-client-and-ends reset/one-client-and-ends hello/one-client-and-ends
        discard/one-client-and-ends chat/one-client-and-ends crud/one-client-and-ends
        echo/dies-in-write echo/dies-in-accept echo/dies-on-reset
        echo/dies-with-half-a-message echo/gives-up-after-20-resets
        echo/dies-of-unfinished-input echo/dies-when-an-old-client-resets
        greet/dies-when-one-leaves-early
        greet/writes-without-looking greet/dies-in-accept
        greet/dies-on-reset greet/dies-with-half-a-message greet/gives-up-after-20-resets
        greet/dies-of-unfinished-input greet/dies-when-an-old-client-resets
        quit/dies-in-write quit/dies-in-accept quit/dies-on-reset
        quit/dies-with-half-a-message quit/gives-up-after-20-resets
        quit/dies-of-unfinished-input quit/dies-when-an-old-client-resets
        half-open/dies-in-write half-open/dies-in-accept
        half-open/dies-on-reset half-open/dies-with-half-a-message
        half-open/gives-up-after-20-resets half-open/dies-of-unfinished-input
        half-open/dies-when-an-old-client-resets reset/dies-in-write reset/dies-in-accept
        reset/dies-on-reset reset/dies-with-half-a-message reset/gives-up-after-20-resets
        reset/dies-of-unfinished-input reset/dies-when-an-old-client-resets
        hello/dies-in-write
        hello/dies-in-accept hello/dies-on-reset hello/dies-with-half-a-message
        hello/gives-up-after-20-resets hello/dies-of-unfinished-input
        hello/dies-when-an-old-client-resets discard/dies-in-accept
        discard/dies-on-reset discard/dies-with-half-a-message
        discard/gives-up-after-20-resets discard/dies-of-unfinished-input
        discard/dies-when-an-old-client-resets udp-echo/dies-of-unreachable
        chat/dies-in-write chat/dies-in-accept chat/dies-on-reset
        chat/dies-with-half-a-message chat/gives-up-after-20-resets
        chat/dies-of-unfinished-input chat/dies-when-an-old-client-resets crud/dies-in-write
        crud/dies-in-accept crud/dies-on-reset crud/dies-with-half-a-message
        crud/gives-up-after-20-resets crud/dies-of-unfinished-input
        crud/dies-when-an-old-client-resets
    """,
    "ignores-sigterm": """
        echo/ignores-sigterm echo/waits-for-clients greet/ignores-sigterm
        greet/waits-for-clients quit/ignores-sigterm quit/waits-for-clients
        half-open/ignores-sigterm half-open/waits-for-clients reset/ignores-sigterm
        reset/waits-for-clients hello/ignores-sigterm hello/waits-for-clients
        discard/ignores-sigterm discard/waits-for-clients udp-echo/ignores-sigterm
        udp-echo/waits-for-silence chat/ignores-sigterm chat/waits-for-clients
        crud/ignores-sigterm crud/waits-for-clients
    """,
    "address-in-use": """
        echo/refuses-its-old-port greet/refuses-its-old-port quit/refuses-its-old-port
        half-open/refuses-its-old-port reset/refuses-its-old-port hello/refuses-its-old-port
        discard/refuses-its-old-port chat/refuses-its-old-port crud/refuses-its-old-port
    """,
    "busy": """
        udp-echo/spins
        echo/always-asks-to-write
        echo/spins greet/spins quit/spins half-open/spins reset/spins hello/spins discard/spins
        chat/spins crud/spins
    """,
    "process-leak": """
        udp-echo/leaves-zombies echo/zombies-at-reset greet/zombies-at-reset
        quit/zombies-at-reset half-open/zombies-at-reset reset/zombies-at-reset
        hello/zombies-at-reset discard/zombies-at-reset chat/zombies-at-reset
        crud/zombies-at-reset
        echo/leaves-zombies greet/leaves-zombies quit/leaves-zombies half-open/leaves-zombies
        reset/leaves-zombies hello/leaves-zombies discard/leaves-zombies chat/leaves-zombies
        crud/leaves-zombies
    """,
    "ended-quiet": """
        echo/ends-after-a-second quit/ends-after-a-second half-open/ends-after-a-second
        reset/ends-after-a-second hello/ends-after-a-second discard/ends-after-a-second
        chat/ends-after-a-second crud/ends-after-a-second
    """,
    "wrong-status": """
        echo/ends-with-status-1 greet/ends-with-status-1 quit/ends-with-status-1
        half-open/ends-with-status-1 reset/ends-with-status-1 hello/ends-with-status-1
        discard/ends-with-status-1 udp-echo/ends-with-status-1 chat/ends-with-status-1
        crud/ends-with-status-1
    """,
    "port-held": """
        echo/leaves-child greet/leaves-child quit/leaves-child half-open/leaves-child
        reset/leaves-child hello/leaves-child discard/leaves-child udp-echo/leaves-child
        chat/leaves-child crud/leaves-child
    """,
    "path-left": """
        echo/keeps-path greet/keeps-path quit/keeps-path half-open/keeps-path
        reset/keeps-path hello/keeps-path discard/keeps-path chat/keeps-path crud/keeps-path
    """,
    "not-ready": """
        echo/refuses-stale-path greet/refuses-stale-path quit/refuses-stale-path
        half-open/refuses-stale-path reset/refuses-stale-path hello/refuses-stale-path
        discard/refuses-stale-path chat/refuses-stale-path crud/refuses-stale-path
    """,
    "descriptor-leak": """
        reset/leaks-on-fin reset/leaks-on-reset
        echo/leaks-on-fin echo/leaks-on-reset greet/leaks-on-fin greet/leaks-on-reset
        quit/leaks-on-fin quit/leaks-on-reset half-open/leaks-on-fin
        half-open/leaks-on-reset hello/leaks-on-fin hello/leaks-on-reset
        discard/leaks-on-fin discard/leaks-on-reset udp-echo/socket-for-each
        chat/leaks-on-fin chat/leaks-on-reset crud/leaks-on-fin crud/leaks-on-reset
    """,
    "held-back": """
        greet/holds-greeting-back
    """,
    "fin-instead-of-rst": """
        reset/resets-nine-times
        reset/closes-instead reset/finishes-instead
    """,
    "no-rst": """
        reset/does-not-know-crlf reset/compares-reads
    """,
    "reset-early": """
        echo/ends-when-full
        echo/resets-at-fin-while-writing
        reset/resets-everybody
        reset/ignores-case reset/command-anywhere reset/command-as-prefix
        reset/strips-before-comparing discard/aborts-on-broken-utf8
    """,
    "closed-early": """
        echo/ends-when-full
        reset/resets-everybody hello/full-after-256-kib discard/full-after-a-megabyte
    """,
    "aborted-early": """
        reset/aborts-without-newline
    """,
    "wrong-datagram": """
        udp-echo/sends-its-whole-buffer udp-echo/adds-a-nul udp-echo/keeps-an-old-tail
        udp-echo/upper-case udp-echo/answers-twice udp-echo/acknowledges
        udp-echo/joins-datagrams udp-echo/stops-at-nul udp-echo/decodes-utf8
        udp-echo/buffer-of-1024 udp-echo/cuts-into-packets udp-echo/buffer-of-8192
    """,
    "missing-datagram": """
        udp-echo/forgets-quiet-senders
        udp-echo/answers-one-in-two udp-echo/answers-the-first-sender
        udp-echo/answers-the-one-before udp-echo/remembers-sixteen udp-echo/ends-at-nothing
        udp-echo/drops-empty
    """,
    "wrong-source": """
        udp-echo/answers-from-elsewhere
    """,
    "name-held": """
        chat/keeps-lost-names
    """,
    "not-atomic": """
        crud/checks-late
    """,
    "never-connected": """
        client-echo/dials-somewhere-else client-echo/connects-at-the-first-line
    """,
    "missing-on-screen": """
        client-echo/prints-nothing client-echo/prints-at-the-end
        client-echo/prints-whole-lines
    """,
    "wrong-last-words": """
        client-echo/leaves-in-silence client-echo/dies-of-interrupt
        client-echo/says-good-bye-twice
    """,
    "client-stays": """
        client-echo/stays-after-exit client-echo/outlives-the-server
    """,
    "not-reported": """
        client-echo/breaks-in-silence
    """,
    "status-zero": """
        client-echo/all-is-well
    """,
    "stack-trace": """
        client-echo/shows-its-stack
    """,
}

#: The same table with sets of names, which is fast to make: every process of a run makes it.
_NAMES = {death: frozenset(names.split()) for death, names in _DEATHS.items()}

#: Mutant -> the expected signatures: more than one if FIN and RST race.
SIGNATURES = {
    name: frozenset(death for death, names in _NAMES.items() if name in names)
    for name in frozenset().union(*_NAMES.values())
}
