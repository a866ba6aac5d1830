"""Profiles as data: a TOML file in which a requirement is a list of steps.

``terms`` and ``steps`` parse the steps, ``document`` reads the file and makes a Profile from it,
``play`` performs the steps of a requirement with the clients of a Session.
"""
