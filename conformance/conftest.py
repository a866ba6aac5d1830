"""Makes ``pytest conformance --target ...`` know the suite's options."""

pytest_plugins = ["conformance.plugin"]
