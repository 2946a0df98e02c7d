"""What a robots.txt asks of us (RFC 9309).

The file is read once, line by line, and only what concerns one agent is handed to the matcher (protego): its
cost grows with agents times rules, and both are the server's to choose.
"""

import math
import re
from urllib.parse import urlsplit

from msgspec import Struct
from protego import Protego

MAX_BYTES = 500 * 1024
"""What must be read at least (RFC 9309, 2.5); what lies behind is not looked at."""
INLINE_BYTES = 64 * 1024
"""A larger one is read in a worker process."""
MAX_CRAWL_DELAY_S = 60.0
"""No standard, but a wish that is common. Who asks for more gets this much."""
MAX_RULES = 5000
"""Of those that concern one agent; the first ones count. Large portals have some hundred."""
MAX_RULES_BYTES = 64 * 1024
"""Of them all. It is kept for each origin, and takes up to a hundred times as much once it is parsed."""
MAX_SITEMAPS = 50
MAX_SITEMAPS_BYTES = 16 * 1024
"""Of their addresses."""

_MAX_URL = 2048
_AGENT = frozenset({b"user-agent", b"useragent", b"user agent"})
_RULES = {
    b"allow": "Allow",
    b"disallow": "Disallow",
    b"dissallow": "Disallow",
    b"disalow": "Disallow",
    b"crawl-delay": "Crawl-delay",
}
_SITEMAP = frozenset({b"sitemap", b"sitemaps", b"site-map"})
_TOKEN = re.compile(rb"[a-z0-9_.-]+|\*")
_PRODUCT = re.compile(r"[A-Za-z0-9_.-]+")
_BOM = b"\xef\xbb\xbf"


class Robots(Struct, frozen=True, kw_only=True):
    """What concerns one agent."""

    text: str
    """The same as a robots.txt of its own: reading it gives the same again."""
    sitemaps: tuple[str, ...]
    """Absolute http(s) addresses, in their order, each once; they may be of other hosts."""
    crawl_delay_s: float | None
    """At most a minute."""
    rules: Protego

    def allows(self, url: str) -> bool:
        """Return whether a page may be requested. The longest rule that matches counts, of two the kinder."""
        try:
            return self.rules.can_fetch(url, "*")
        except ValueError:
            return True  # this is no URL: requesting it says so

    def forbidding(self, url: str) -> str:
        """Return the line by which a page may not be requested, the longest of several.

        Empty where it may.
        """
        if self.allows(url):
            return ""
        lines = [line for line in self.text.splitlines() if line.startswith("Disallow:")]
        matching = (
            line for line in lines if not Protego.parse(f"User-agent: *\n{line}\n").can_fetch(url, "*")
        )
        return max(matching, key=len, default="")


def product_token(user_agent: str) -> str:
    """Return the name by which a robots.txt knows us: of `syndicator/1.0 (+https://…)`, `syndicator`."""
    found = _PRODUCT.match(user_agent.strip())
    return found[0].lower() if found else "*"


def robots_url(url: str) -> str:
    """Return where the robots.txt of a page's origin is; raises ValueError for what is no URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/robots.txt"


def read_robots(body: bytes, agent: str) -> Robots:
    """Read the groups that name `agent` (a token in lower case), else those for `*` (RFC 9309, 2.2.1).

    Whatever is no rule is passed over, so every sequence of bytes can be read; what is no UTF-8 is replaced.
    """
    reader = _Reader(agent.encode())
    for line in _lines(body):
        name, colon, value = line.partition(b"#")[0].partition(b":")
        if colon:
            reader.take(name.strip().lower(), value.strip())
    rules = _within(reader.rules, MAX_RULES_BYTES)
    sitemaps = _within(list(reader.sitemaps), MAX_SITEMAPS_BYTES)
    text = "\n".join(["User-agent: *", *rules, *(f"Sitemap: {url}" for url in sitemaps), ""])
    parsed = Protego.parse(text)
    delay_s = parsed.crawl_delay("*")
    return Robots(
        text=text,
        sitemaps=tuple(sitemaps),
        crawl_delay_s=min(delay_s, MAX_CRAWL_DELAY_S) if delay_s and math.isfinite(delay_s) else None,
        rules=parsed,
    )


class _Reader:
    """Takes lines in their order; keeps what concerns one agent, and what concerns all."""

    def __init__(self, agent: bytes) -> None:
        self._agent = agent
        self._own: list[str] = []
        self._common: list[str] = []
        self._named = False
        self._group: list[list[str]] = []
        self._group_is_open = False
        self.sitemaps: dict[str, None] = {}

    @property
    def rules(self) -> list[str]:
        return self._own if self._named else self._common

    def take(self, name: bytes, value: bytes) -> None:
        if name in _AGENT:
            self._take_agent(value.lower())
        elif name in _RULES:
            self._group_is_open = False
            for rules in self._group:
                if 0 < len(value) <= _MAX_URL and len(rules) < MAX_RULES:
                    rules.append(f"{_RULES[name]}: {_text(value)}")
        elif name in _SITEMAP:
            self._take_sitemap(_text(value))

    def _take_agent(self, value: bytes) -> None:
        if not self._group_is_open:
            self._group, self._group_is_open = [], True
        token = _TOKEN.match(value)
        if token is None:
            return
        if token[0] == self._agent:
            self._named = True
            rules = self._own
        elif token[0] == b"*":
            rules = self._common
        else:
            return
        if not any(rules is one for one in self._group):
            self._group.append(rules)

    def _take_sitemap(self, url: str) -> None:
        usable = url.lower().startswith(("http://", "https://")) and len(url) <= _MAX_URL
        if usable and len(self.sitemaps) < MAX_SITEMAPS:
            self.sitemaps[url] = None


def _within(lines: list[str], most_bytes: int) -> list[str]:
    """Return the first lines, as many as there is room for."""
    total = 0
    for place, line in enumerate(lines):
        total += len(line.encode("utf-8", "replace")) + 1
        if total > most_bytes:
            return lines[:place]
    return lines


def _lines(body: bytes) -> list[bytes]:
    """Return the lines that count; one that was cut off would say something else."""
    lines = body[:MAX_BYTES].removeprefix(_BOM).splitlines()
    return lines[:-1] if len(body) > MAX_BYTES else lines


def _text(value: bytes) -> str:
    """Return a value as text of one line: some characters end a line for Python, though not for HTTP."""
    return " ".join(value.decode("utf-8", "replace").split())
