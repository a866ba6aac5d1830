"""Makes ``pytest conformance --target ...`` know the suite's options, in their short form."""

from contextlib import suppress

import pytest


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """The options of plugin.py without the prefix."""
    pluginmanager.import_plugin(f"{__package__}.plugin")
    from .plugin import add_short_options

    # In a project's own pytest this comes late, and a name may be another plugin's.
    with suppress(ValueError):
        add_short_options(parser)
