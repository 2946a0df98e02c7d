"""Which configuration a process runs, from its start to its end.

One version at a time stands in Redis, and every process runs that one. Who has newer files publishes them as
the next version, at its start or when the files change; who has older ones runs what is published. Nothing is
published or run that is not valid as a whole.

    files changed, SIGHUP ─▶ read, check ─▶ publish ─▶ ┐
                     a version in Redis is another one ─┴▶ check ─▶ run it in place of the old one
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar

from msgspec.structs import replace

from syndicator.background import meanwhile
from syndicator.errors import ConfigError, Fault, SealError, StoreError, StoreUnavailable, SyndicatorError
from syndicator.model.clock import Clock
from syndicator.model.ops.configuration import (
    AddedTable,
    ConfigFile,
    ConfigurationVersion,
    ProcessNote,
    WrittenTable,
)
from syndicator.observe.logs import get_logger
from syndicator.observe.pauses import paused_collection
from syndicator.settings.files import ConfigFiles, Look
from syndicator.settings.settings import Settings
from syndicator.settings.shared_files import LocalConfiguration, WrittenTables, shared_digest
from syndicator.store.connection import Command
from syndicator.store.layout import LAYOUT
from syndicator.store.ops.configuration_versions import StoredConfiguration
from syndicator.store.store import Store

LOOK_S = 1.0
"""Seconds between two looks at the files, and at the version in Redis: one command."""

AGAIN_S = 3.0
"""Seconds between two tries to apply a version while Redis does not do its part."""

NOTE_EVERY = timedelta(seconds=5)
"""How long a note of what this process runs stands at most."""

_MOST_REFUSED = 20
_NONE = -1
"""No version: none is numbered so."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

log = get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

Apply = Callable[[Settings], Awaitable[None]]
"""Puts settings in place of those that run; raises, and changes nothing, where it cannot."""


class LiveConfiguration:
    """Follows the files of this process and the version that all processes share."""

    def __init__(
        self,
        local: LocalConfiguration,
        store: Store,
        clock: Clock,
        *,
        process: str,
        operators: str = "",
        reloading: asyncio.Event | None = None,
    ) -> None:
        """`process`: how this process is called in notes and versions, `HOST:PID`; `operators`: see there.

        `reloading`: set by whoever wants the files of this process read again, and published even where the
        published ones are newer.
        """
        self._local = local
        self._versions = store.configuration
        self._audit = store.audit
        self._clock = clock
        self._process = process
        self._operators = operators
        self._seen: Look | None = local.look()
        """Of the files that were judged last; None: they are to be read again."""
        self._is_asked = False
        """Whether somebody asked to read them again, and Redis has not answered since."""
        self._files = local.read()
        self._digest: str | None = None
        """Of the shared tables in the files; None: not computed yet."""
        self._written: tuple[ConfigFiles, int, WrittenTables] | None = None
        """The tables that were read last, of which files, and of which version."""
        self._version = 0
        self._looked_at = 0
        """The version that was looked at last: run, or refused."""
        self._refused: tuple[str, ...] = ()
        self._started: Settings | None = None
        self._running: Settings | None = None
        self._restart_for: tuple[str, ...] = ()
        self._reloading = reloading or asyncio.Event()

    @property
    def version(self) -> int:
        """The version that this process runs; 0: its own files."""
        return self._version

    def note(self) -> ProcessNote:
        """Return what this process runs, and why nothing newer."""
        return ProcessNote(
            process=self._process,
            version=self._version,
            refused=self._refused,
            restart_for=self._restart_for,
            operators=self._operators,
            layout=LAYOUT,
            at=self._clock(),
        )

    def reload(self) -> None:
        """Read the files of this process again, and publish them even where the published ones are newer."""
        self._reloading.set()

    async def begin(self) -> Settings:
        """Return what to run at the start; raise ConfigError where neither files nor a version can be run."""
        settings = await self._settings_of_files()
        if settings is None:
            refused = self._refused
            settings = await self._current()
            self._refused = tuple(dict.fromkeys((*refused, *self._refused)))
        if settings is None:  # what is published cannot be run here: the files of this process can
            settings = await _aside(self._local.settings, self._files)
        self._started = settings
        self._running = settings
        return settings

    async def shown(self) -> Settings:
        """Return what the processes that live run, without publishing anything: for a command that looks.

        Where none lives, that is what one would run if it started now.
        """
        stored = await self._stored()
        if stored is None or (await self._is_newer() and not await self._versions.notes(self._clock())):
            added = stored.added if stored else ()
            return await _aside(self._local.settings, self._files, added)
        current = await self._current()
        if current is None:
            return await _aside(self._local.settings, self._files)
        return current

    async def check(self, added: Sequence[AddedTable]) -> Mapping[str, Collection[str]]:
        """Return the ids in the files, by kind of table, where the files and these tables fit together.

        Raises:
            ConfigError: with every fault at once.
            SealError: where the files of the version cannot be opened here.

        """
        stored = await self._versions.load()
        shared = None if stored is None else await self._shared(stored)
        return await _aside(self._local.checked, self._files, added, shared)

    async def names(self) -> Mapping[str, Collection[str]]:
        """Return the ids in the files of the version, by kind of table. Raises as `written` does."""
        return (await self._tables()).names()

    async def written(self, kind: str, name: str) -> WrittenTable | None:
        """Return a table as the files of the version have it; None where it stands in none.

        Raises SealError where the files of the version cannot be opened here.
        """
        return await _aside((await self._tables()).find, kind, name)

    async def _tables(self) -> WrittenTables:
        """Return the tables in the files of the version, read once for each version."""
        number = await self._versions.number()
        known = self._written
        if known is None or known[0] is not self._files or known[1] != number:
            stored = await self._versions.published()
            shared = None if stored is None else await self._shared(stored)
            tables = await _aside(self._local.written, self._files, shared)
            known = self._written = self._files, stored.version.version if stored else 0, tables
        return known[2]

    @asynccontextmanager
    async def followed(self, apply: Apply) -> AsyncIterator[None]:
        """Apply every new version while the context is open."""
        await self._versions.note(self.note())
        async with meanwhile(self._follow(apply), "follow the configuration"):
            yield
        with suppress(StoreError):
            await self._versions.forget(self._process)

    async def _follow(self, apply: Apply) -> None:
        noted = self.note()
        while True:
            await self._pause()
            try:
                await self._look(apply)
                note = self.note()
                if note.at - noted.at >= NOTE_EVERY or replace(note, at=noted.at) != noted:
                    await self._versions.note(note)
                    noted = note
            except (StoreError, OSError) as error:  # Redis or the folder is away: what runs goes on
                log.debug("configuration_not_followed", reason=str(error))

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S):
                await self._reloading.wait()
        except TimeoutError:
            return

    async def _look(self, apply: Apply) -> None:
        """Look at the files and at Redis once, and apply what is new."""
        before, settings = self._version, None
        self._is_asked |= self._reloading.is_set()
        self._reloading.clear()
        if self._is_asked or await self._files_changed():
            self._seen, seen = None, await asyncio.to_thread(self._local.look)
            self._files, self._digest = await _aside(self._local.read), None
            settings = await self._settings_of_files(is_asked=self._is_asked)
            self._seen, self._is_asked = seen, False
        number = await self._versions.number()
        if settings is None and number < self._looked_at:  # Redis has lost what was published
            settings = await self._settings_of_files()
        if settings is None and number != self._looked_at:
            settings = await self._current()
        if settings is None:
            return
        await self._change(settings, before, apply)

    async def _change(self, settings: Settings, before: int, apply: Apply) -> None:
        """Apply settings; where that fails, what runs, version `before`, goes on.

        Raises StoreUnavailable where Redis did not do its part: the next look tries again.
        """
        fitted = self._fitted(settings)
        if fitted == self._running:
            log.info("configuration_unchanged", version=self._version)
            return
        try:
            await apply(fitted)
        except StoreUnavailable:
            self._version, self._looked_at = before, _NONE
            await asyncio.sleep(AGAIN_S)
            raise
        except SyndicatorError as error:
            self._version = before
            self._refuse(str(error))
        except Exception as error:  # a bug: what runs goes on
            log.exception("configuration_not_applied")
            self._version = before
            self._refuse(f"a fault of this program: {type(error).__name__} (the log has the details)")
        else:
            self._running = fitted
            log.info("configuration_applied", version=self._version)
            for key in self._restart_for:
                log.warning("configuration_needs_restart", key=key, remedy="restart this process to apply it")

    async def _files_changed(self) -> bool:
        """Return whether files changed, and are not being written any more."""
        seen = await asyncio.to_thread(self._local.look)
        if seen == self._seen:
            return False
        await asyncio.sleep(LOOK_S / 4)
        return seen == await asyncio.to_thread(self._local.look)

    async def _is_newer(self) -> bool:
        """Return whether the files of this process were changed after those that are published."""
        stored = await self._versions.described()
        return stored is None or (self._files.changed_at or _EPOCH) > stored.changed_at

    async def _settings_of_files(self, *, is_asked: bool = False) -> Settings | None:
        """Publish the files of this process where they are newer, or somebody asks for it.

        None where they are older, or refused. Where another process was first, its files are compared, too.
        """
        try:
            while is_asked or await self._is_newer():
                if (settings := await self.publish()) is not None:
                    return settings
        except ConfigError as error:
            if not self._running and not self._looked_at:  # at a start, with nothing published to run
                raise
            self._refuse(*map(str, error.faults))
        except SealError as error:
            self._looked_at = await self._versions.number()
            self._refuse(str(error))
        return None

    async def publish(self) -> Settings | None:
        """Make the files of this process the version that all run; None where another process was first.

        Raises:
            ConfigError: with every fault at once.
            SealError: where what was added, or the files, cannot be sealed or opened by this process.

        """
        stored = await self._versions.load()
        self._looked_at = stored.version.version if stored else 0
        added = stored.added if stored else ()
        settings, digest = await _aside(self._local.settings_and_digest, self._files, added)
        self._digest = digest
        latest = stored.version.version if stored else 0
        described = ConfigurationVersion(
            version=latest + 1,
            digest=digest,
            changed_at=self._files.changed_at or _EPOCH,
            published_at=self._clock(),
            by=self._process,
        )
        if stored is not None and described.digest == stored.version.digest:
            self._accept(latest)  # the tables of this process alone may differ
            return settings
        if not await self._versions.publish(self._files.files, described, [self._noted(described)]):
            return None
        log.info("configuration_published", version=described.version)
        self._accept(described.version)
        return settings

    def _noted(self, described: ConfigurationVersion) -> Command:
        """Return the entry of the audit log for a version."""
        names = [file.name for file in self._files.files]
        after = {"version": described.version, "files": names, "changed_at": described.changed_at}
        return self._audit.command("configuration.published", described.by, after=after)

    async def _current(self) -> Settings | None:
        """Return the settings of the version in Redis; None where there is none, or it cannot be run here."""
        stored = await self._stored()
        if stored is None:
            return None
        version = stored.version
        try:
            shared = await self._shared(stored)
            settings = await _aside(self._local.settings, self._files, stored.added, shared)
        except SealError as error:
            self._refuse(str(error))
            return None
        except ConfigError as error:
            self._refuse(*map(str, error.faults))
            return None
        self._accept(version.version)
        return settings

    async def _shared(self, stored: StoredConfiguration) -> tuple[int, Sequence[ConfigFile]] | None:
        """Return a version and its files; None where they are those of this process. Raises SealError."""
        if not stored.sealed:  # tables were added, and no files published yet
            return None
        if self._digest is None:
            self._digest = await _aside(shared_digest, self._files)
        if stored.version.digest == self._digest:
            return None
        return stored.version.version, self._versions.files(stored)

    async def _stored(self) -> StoredConfiguration | None:
        try:
            stored = await self._versions.load()
        except SealError as error:
            self._looked_at = await self._versions.number()
            self._refuse(str(error))
            return None
        self._looked_at = stored.version.version if stored else 0
        return stored

    def _accept(self, version: int) -> None:
        self._version = self._looked_at = version
        self._refused = ()

    def _refuse(self, *reasons: str) -> None:
        self._refused = reasons[:_MOST_REFUSED]
        log.error("configuration_refused", running=self._version, faults=len(reasons), reasons=self._refused)

    def _fitted(self, settings: Settings) -> Settings:
        """Return settings with what only a start applies as it was at the start."""
        if self._started is None:
            return settings
        fitted, self._restart_for = settings.as_started(self._started)
        return fitted


async def _aside(read: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Read much in a thread, without looking through all of it for garbage meanwhile.

    Raises ConfigError for a bug as well: it is reported as a wrong file is, and what runs goes on.
    """
    try:
        with paused_collection():
            return await asyncio.to_thread(read, *args, **named)
    except (SyndicatorError, OSError):
        raise
    except Exception as error:
        log.exception("configuration_not_read")
        reason = f"a fault of this program: {type(error).__name__} (the log has the details)"
        raise ConfigError((Fault(file="", key="", reason=reason),)) from error
