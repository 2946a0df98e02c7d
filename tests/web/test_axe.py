"""What axe-core, the usual checker of accessibility, finds on every page: nothing."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from web.browser import NO_BROWSER, Seen

pytestmark = [NO_BROWSER, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Fetch the checker from npm; it is not part of the project."""
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("axe")
    if npm is None:
        pytest.skip("there is no npm here")
    command = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "axe-core@4"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not answer")
    script = Path(folder, "node_modules", "axe-core", "axe.min.js")
    if done.returncode or not script.is_file():
        pytest.skip("axe-core cannot be installed here")
    return script.read_text("utf-8")


def told(path: str, found: dict[str, Any]) -> list[str]:
    return [
        f"{path}: {one['impact']} {one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(seen: Seen, axe: str, width: int, scheme: str) -> None:
    await seen.page.set_viewport_size({"width": width, "height": 800})
    await seen.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    faults: list[str] = []
    for path in [*seen.paths, *seen.problems]:
        await seen.page.goto(path)
        # Evaluated by the debugger: the policy of the pages lets no script run otherwise.
        await seen.page.evaluate(f"{axe}; 0")
        await seen.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        # Its advice on good practice counts as much as the rules of WCAG.
        faults += told(path, await seen.page.evaluate("axe.run(document, {resultTypes: ['violations']})"))
    assert "\n".join(faults) == ""
