"""Profiles as data: a TOML file in which a requirement is a list of steps.

``terms`` and ``steps`` read the steps, ``document`` reads the file and makes a Profile of it,
``play`` goes through the steps of a requirement with the clients of a Session.
"""
