"""Objects wherever `obstore` writes to: S3 and what is compatible, Google, Azure, a folder that all share.

Credentials, region and endpoint come from the environment, as other programs read them: `AWS_ACCESS_KEY_ID`,
`AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from typing import Any, TypeVar

from syndicator.errors import ColdStoreAway, StoreError

_TIMEOUT_S = 5
_REPEATED_WITHIN = timedelta(seconds=10)
_AT_ONCE = 32
"""Requests."""

T = TypeVar("T")


class UrlObjects:
    """Objects below a URL, in a folder of the namespace."""

    def __init__(self, url: str, namespace: str) -> None:
        try:
            obstore: Any = import_module("obstore")
        except ImportError as error:
            raise StoreError(
                "[store] cold is a URL, which needs the package obstore: install syndicator[cold], or obstore"
            ) from error
        self._do = obstore
        self._where = url
        self._is_local = url.startswith("file:")
        whole = f"{url.rstrip('/')}/{namespace}"
        try:
            if self._is_local:
                self._store = obstore.store.LocalStore.from_url(whole, mkdir=True)
            else:
                self._store = obstore.store.from_url(
                    whole,
                    client_options={
                        "timeout": f"{_TIMEOUT_S}s",
                        "connect_timeout": f"{_TIMEOUT_S}s",
                        "allow_http": True,  # where the environment names an endpoint without TLS
                    },
                    retry_config={"max_retries": 2, "retry_timeout": _REPEATED_WITHIN},
                )
        except (obstore.exceptions.BaseError, OSError, ValueError) as error:
            raise StoreError(f"[store] cold = {url!r} cannot be used: {_first_line(error)}") from error
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def get(self, names: Sequence[str]) -> Mapping[str, bytes]:
        async def one(name: str) -> bytes | None:
            try:
                found = await self._do.get_async(self._store, name)
                return bytes(await found.bytes_async())
            except FileNotFoundError:
                return None

        found = await self._all(one, names)
        return {name: data for name, data in zip(names, found, strict=True) if data is not None}

    async def put(self, objects: Mapping[str, bytes]) -> None:
        async def one(name: str) -> None:
            await self._do.put_async(self._store, name, objects[name])

        await self._all(one, list(objects))
        if self._is_local:  # else a power cut could lose what Redis has forgotten by then
            await asyncio.to_thread(os.sync)

    async def delete(self, names: Sequence[str]) -> None:
        async def one(name: str) -> None:
            try:
                await self._do.delete_async(self._store, name)
            except FileNotFoundError:
                return

        await self._all(one, names)

    async def listed(self, folder: str) -> list[str]:
        async def names(prefix: str) -> list[str]:
            found = await self._do.list(self._store, prefix=prefix).collect_async()
            return [one["path"] for one in found]

        [listed] = await self._all(names, [folder])
        return listed

    async def close(self) -> None:
        """Let go of nothing: connections end with the process."""

    async def _all(self, work: Callable[[str], Awaitable[T]], names: Sequence[str]) -> list[T]:
        """Do the same with each name; a request begins when it is made, so each waits for its turn."""

        async def in_turn(name: str) -> T:
            async with self._slots:
                return await work(name)

        done = await asyncio.gather(*map(in_turn, names), return_exceptions=True)
        found: list[T] = []
        for one in done:
            if isinstance(one, (self._do.exceptions.BaseError, OSError)):
                text = f"the cold store {self._where} does not answer: {_first_line(one)}"
                raise ColdStoreAway(text) from one
            if isinstance(one, BaseException):
                raise one
            found.append(one)
        return found


def _first_line(error: Exception) -> str:
    """Return what an error says, without the lines in which the library repeats it for its developers."""
    return str(error).partition("\n")[0][:300]
