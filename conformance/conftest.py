"""Add the suite's options in their short form, for ``pytest conformance --target ...``."""

from contextlib import suppress

import pytest


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options of plugin.py without the prefix."""
    pluginmanager.import_plugin(f"{__package__}.plugin")
    from .plugin import add_short_options

    # In a project's own pytest this runs late, and another plugin may already use a name.
    with suppress(ValueError):
        add_short_options(parser)
