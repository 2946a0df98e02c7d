"""contrib/systemd: units that systemd takes, with one sandbox around all of them."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from syndicator.cli.lazy_commands import COMMANDS, stays

UNITS = Path(__file__).parents[2] / "contrib" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
STAYING = [unit for unit in SERVICES if unit.stem != "syndicator-backup"]
PROGRAM = "/opt/syndicator/.venv/bin/syndicator"
_SANDBOX = "# What is left of the machine to it"
_MOST_EXPOSED = 20
"""Of 100, by `systemd-analyze security`: below that it says "OK"; a unit without a sandbox has 96."""

NEEDS_ANALYZE = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


def values(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text("utf-8"), re.MULTILINE)


def sandbox(unit: Path) -> str:
    """Return the part of a unit that is the same in all of them."""
    return unit.read_text("utf-8").partition(_SANDBOX)[2].partition("[Install]")[0].strip()


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def verified(folder: Path, *units: str) -> subprocess.CompletedProcess[str]:
    """Have systemd read units of `folder` on a machine on which the program is installed."""
    programs = (PROGRAM, "/bin/sh")
    for program in programs:
        path = folder / program[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n", "ascii")
        path.chmod(0o755)
    targets = folder / "usr/lib/systemd/system"
    targets.mkdir(parents=True)
    for target in ("basic", "sysinit", "shutdown", "multi-user", "timers", "network-online"):
        (targets / f"{target}.target").write_text("[Unit]\nDefaultDependencies=no\n", "ascii")
    return analyze("verify", f"--root={folder}", "--man=no", *units)


@NEEDS_ANALYZE
def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    shutil.copytree(UNITS, tmp_path / "etc/systemd/system")
    names = [unit.name.replace("@.", "@1.") for unit in UNITS.iterdir()]
    assert len(names) == 5
    done = verified(tmp_path, *names)
    assert (done.returncode, done.stderr) == (0, "")


@NEEDS_ANALYZE
def test_what_systemd_does_not_understand_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "etc/systemd/system"
    folder.mkdir(parents=True)
    (folder / "a.service").write_text(f"[Service]\nExecStart={PROGRAM}\nProtectSytem=strict\n", "ascii")
    assert "ProtectSytem" in verified(tmp_path, "a.service").stderr


@NEEDS_ANALYZE
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_little_of_the_machine_is_exposed(unit: Path) -> None:
    done = analyze("security", "--offline=yes", "--no-pager", f"--threshold={_MOST_EXPOSED}", str(unit))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "exposure level" in done.stdout


def test_all_services_have_the_same_sandbox() -> None:
    assert len(SERVICES) == 4
    assert len({sandbox(unit) for unit in SERVICES}) == 1
    assert "ProtectSystem=strict" in sandbox(SERVICES[0])


def test_all_services_keep_their_state_in_the_same_place() -> None:
    for key in ("User", "Group", "RuntimeDirectory", "RuntimeDirectoryPreserve", "StateDirectoryMode"):
        assert len({tuple(values(unit, key)) for unit in SERVICES}) == 1, key
    for unit in SERVICES:
        assert {"SYNDICATOR_CONFIG=/etc/syndicator", "TMPDIR=%t/syndicator"} <= {*values(unit, "Environment")}
        assert values(unit, "StateDirectory")[0].split()[0] == "syndicator"


@pytest.mark.parametrize("unit", STAYING, ids=lambda unit: unit.name)
def test_a_service_says_when_it_is_ready_and_ends_what_it_started_itself(unit: Path) -> None:
    command = shlex.split(values(unit, "ExecStart")[0])
    assert command[0] == PROGRAM
    assert stays(command[-1])
    assert values(unit, "Type") == ["notify"]  # `run`, `serve` and `work` send READY=1
    # Else the embedded server would be sent SIGTERM at once, and the service could not finish its work.
    assert values(unit, "KillMode") == ["mixed"]
    assert values(unit, "OOMPolicy") == ["continue"]
    reload = shlex.split(values(unit, "ExecReload")[0])
    assert reload == [PROGRAM, "reload"]
    assert reload[1] in COMMANDS


def test_the_timer_starts_the_back_up() -> None:
    (timer,) = UNITS.glob("*.timer")
    assert (UNITS / f"{timer.stem}.service").exists()
    assert "backup" in COMMANDS
    assert f"{PROGRAM} backup " in values(UNITS / "syndicator-backup.service", "ExecStart")[0]
