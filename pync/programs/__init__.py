"""What a user can ask for: client, server, scanner. A value of setup/ in, exit status out.

Programs choose transports and endings; they neither parse words nor print.
"""
