"""Is this Redis fit to keep news? Asked once, at the start; warned about in plain words."""

from syndicator.errors import StoreError
from syndicator.observe.logs import get_logger
from syndicator.store.connection import Connection

OLDEST = {"redis": (7, 0), "valkey": (7, 2)}

log = get_logger(__name__)


async def check_server(connection: Connection) -> None:
    """Refuse a server that is too old; warn of settings that lose or evict data."""
    about = _fields(await connection.call("INFO", "server"))
    engine = "valkey" if "valkey_version" in about else "redis"
    version = about.get(f"{engine}_version", "0")
    oldest = OLDEST[engine]
    if tuple(int(part) for part in version.split(".")[:2]) < oldest:
        needed = ".".join(str(part) for part in oldest)
        raise StoreError(f"{engine} {version} is too old: {needed} or newer is needed")
    for name, remedy in await _warnings(connection):
        log.warning(name, remedy=remedy)


async def _warnings(connection: Connection) -> list[tuple[str, str]]:
    """Return the log event of each risky setting, and what to do."""
    found = []
    try:
        policy = (await connection.call("CONFIG", "GET", "maxmemory-policy"))[1].decode()
    except (StoreError, IndexError):
        return []  # managed services forbid CONFIG: nothing can be said
    if policy != "noeviction":
        found.append(("redis_may_evict", f"set maxmemory-policy to noeviction (it is {policy})"))
    persistence = _fields(await connection.call("INFO", "persistence"))
    if persistence.get("aof_enabled") != "1":
        remedy = "set appendonly yes: a crash loses what came since the last snapshot"
        found.append(("redis_not_durable", remedy))
    return found


def _fields(info: bytes) -> dict[str, str]:
    lines = info.decode().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)
