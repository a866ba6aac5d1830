"""The programs of the command: client, server, scanner... Each takes a value of setup/.

A program returns the exit status. It chooses transports and endings; it does not parse words
and does not print.
"""
