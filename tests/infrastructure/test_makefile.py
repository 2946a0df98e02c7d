"""The first thing that a newcomer meets: `make run` on a machine that may lack something."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "sed", "expand", "touch", "echo")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a copy of the project's front door, and a PATH that holds no Python."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (tmp_path / "bin" / tool).symlink_to(found)
    return tmp_path


def make(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("make")
    assert program
    return subprocess.run(
        [program, *arguments],
        cwd=place,
        env={"PATH": str(place / "bin")},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_without_a_python_it_says_what_to_install(place: Path) -> None:
    done = make(place, "run")
    assert done.returncode != 0
    assert "No Python 3.11 or newer" in done.stderr
    assert "apt-get install python3" in done.stderr


def test_a_python_that_is_too_old_is_not_taken(place: Path) -> None:
    old = place / "bin" / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    assert "No Python 3.11 or newer" in make(place, "run").stderr


def test_a_failed_installation_leaves_nothing_that_seems_ready(place: Path) -> None:
    python = place / "bin" / "python3"
    python.write_text('#!/bin/sh\ncase "$1" in -m) exit 7;; esac\nexit 0\n')
    python.chmod(0o755)
    done = make(place, "run")
    assert done.returncode != 0
    assert not (place / ".venv" / ".ready").exists()


def test_alone_it_shows_what_there_is(place: Path) -> None:
    shown = make(place).stdout
    assert all(
        f"make {target} " in shown for target in ("run", "test", "test-slow", "check", "bench", "clean")
    )


@pytest.mark.parametrize(("target", "has_tools"), [("run", False), ("lint", True)])
def test_running_needs_no_tools_of_developers(place: Path, target: str, has_tools: bool) -> None:
    python = place / "bin" / "python3"
    # A Python that makes an environment, in which pip writes down what it is to install.
    python.write_text(
        '#!/bin/sh\ncase "$2" in venv) mkdir -p .venv/bin; cp "$0" .venv/bin/python;; pip) echo "$@" >> asked;; esac\n'
    )
    python.chmod(0o755)
    for tool in ("mkdir", "cp"):
        found = shutil.which(tool)
        assert found
        (place / "bin" / tool).symlink_to(found)
    make(place, target)
    assert ("[dev]" in (place / "asked").read_text("utf-8")) is has_tools


def test_a_long_wait_is_announced(place: Path) -> None:
    python = place / "bin" / "python3"
    # A Python that makes an environment, in which pip fails.
    python.write_text(
        '#!/bin/sh\ncase "$2" in venv) mkdir -p .venv/bin; cp "$0" .venv/bin/python;; pip) exit 7;; esac\nexit 0\n'
    )
    python.chmod(0o755)
    for tool in ("mkdir", "cp"):
        found = shutil.which(tool)
        assert found
        (place / "bin" / tool).symlink_to(found)
    done = make(place, "run")
    assert done.returncode != 0
    assert "about a minute" in done.stdout
