"""`check` tells what is probably not meant beside what is wrong."""

import json
from pathlib import Path

from warm_program import run


async def test_check_warns_of_a_source_that_can_never_be_reached(tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(
        '[source.portal]\ntitle = "x"\nkind = "feed"\nurl = "http://10.1.2.3/rss"\n'
        'schedule = { every = "5m" }\n'
        '[feed.latest]\ntitle = "x"\n',
        "utf-8",
    )
    code, out, err = await run(tmp_path, "check")
    assert (code, "all well" in out) == (0, False)
    assert out.strip().endswith("can be read, with 1 warning: 1 source, 1 feed, 0 endpoints.")
    assert "source.portal.url: is never reached: 10.1.2.3 is not a public address" in err
    assert 'allow = ["10.1.2.3:80"]' in err
    code, out, _ = await run(tmp_path, "check", "--json")
    (warning,) = json.loads(out)["warnings"]
    assert (code, warning["key"]) == (0, "source.portal.url")
