#!/usr/bin/env bash
# Runs once, as root, when Gradescope builds the image: the suite, and what servers need.
set -euo pipefail
apt-get install -y python3 python3-pip python3-venv
python3 -m venv /opt/conformance
/opt/conformance/bin/pip install 'pync-nc[conformance]'
ln -sf /opt/conformance/bin/pync-conformance /usr/local/bin/pync-conformance
