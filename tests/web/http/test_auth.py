"""Bearer tokens: who gets through, and what those are told who do not (RFC 6750)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web
from structlog.testing import capture_logs
from support import ManualClock
from web.web_world import SITE, Answer, Client, client_of

from syndicator.model.ids import FeedId, TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import Access, TokenRefused, new_token
from syndicator.rules.access.credentials import digest_of
from syndicator.store.access.tokens import MOST
from syndicator.store.codec import pack
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store
from syndicator.web.http.auth import TOKEN, Gate
from syndicator.web.http.problems import Problem, catch_problems

CONFIGURED = Token(id=TokenId("ops"), sha256=digest_of("made-by-hand"), scopes=(TokenScope.READ,))


@pytest.fixture
def access(store: Store, clock: ManualClock) -> Access:
    return Access(store, {CONFIGURED.id: CONFIGURED}, clock)


@pytest.fixture
async def client(access: Access, clock: ManualClock) -> AsyncIterator[Client]:
    gate = Gate(access, clock)

    def show(request: web.Request, problem: Problem) -> web.Response:
        raise AssertionError("no page for a program")

    async def who(request: web.Request) -> web.Response:
        return web.Response(text=request[TOKEN].id)

    app = web.Application(middlewares=[catch_problems(SITE, (), show)])
    for scope in TokenScope:
        app.router.add_get(f"/{scope.value}", gate.behind(scope, who))
    async with client_of(app) as opened:
        yield opened


async def made(access: Access, name: str = "a", **wanted: object) -> str:
    new = new_token(Token(id=TokenId(name), **wanted), access.now())  # type: ignore[arg-type]
    await access.keep(new)
    return new.value


async def asked(client: Client, value: str, scope: str = "read") -> Answer:
    return await client.get(f"/{scope}", {"Authorization": f"Bearer {value}"})


async def test_a_token_opens_its_scope_and_admin_opens_all(client: Client, access: Access) -> None:
    partner = await made(access, "p", scopes=(TokenScope.PARTNER,))
    admin = await made(access, "q", scopes=(TokenScope.ADMIN,))
    statuses = [
        [(await asked(client, value, scope)).status for scope in TokenScope] for value in (partner, admin)
    ]
    assert statuses == [[403, 200, 403], [200, 200, 200]]
    assert (await asked(client, "made-by-hand")).text == "ops"
    assert partner.startswith("synd_")
    assert len(partner) == len("synd_") + 48


@pytest.mark.parametrize(
    ("header", "status", "error"),
    [
        (None, 401, None),
        ("Basic dTpw", 401, None),
        ("Bearer", 400, "invalid_request"),
        ("Bearer a b", 400, "invalid_request"),
        ("Bearer synd_" + "0" * 48, 401, "invalid_token"),
        ("Bearer \xe9", 401, "invalid_token"),
        ("bearer " + "x" * 5000, 401, "invalid_token"),
    ],
)
async def test_who_is_refused_is_told_how_to_ask(
    client: Client, header: str | None, status: int, error: str | None
) -> None:
    answer = await client.get("/read", {"Authorization": header} if header else {})
    assert answer.status == status
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="syndicator"')
    assert ('error="' in challenge) == (error is not None)
    assert error is None or f'error="{error}"' in challenge
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json["status"] == status


async def test_a_token_in_the_url_opens_nothing(client: Client, access: Access) -> None:
    value = await made(access, scopes=(TokenScope.READ,))
    assert (await client.get(f"/read?access_token={value}")).status == 401


async def test_a_missing_scope_is_named(client: Client, access: Access) -> None:
    answer = await asked(client, await made(access, scopes=(TokenScope.READ,)), "admin")
    assert answer.status == 403
    assert 'error="insufficient_scope", scope="admin"' in answer.headers["WWW-Authenticate"]


async def test_expired_and_revoked_tokens_open_nothing(
    client: Client, access: Access, clock: ManualClock
) -> None:
    short = await made(access, "short", scopes=(TokenScope.READ,), expires=clock() + timedelta(hours=1))
    long = await made(access, "long", scopes=(TokenScope.READ,))
    assert [(await asked(client, one)).status for one in (short, long)] == [200, 200]
    clock.advance(3600)
    assert (await asked(client, short)).status == 401
    assert await access.revoke(TokenId("long"))
    assert (await asked(client, long)).status == 401
    assert not await access.revoke(TokenId("long"))
    with pytest.raises(TokenRefused, match="configured"):
        await access.revoke(TokenId("ops"))


async def test_many_failures_of_a_client_are_slowed_but_valid_tokens_are_not(
    client: Client, access: Access, clock: ManualClock
) -> None:
    value = await made(access, scopes=(TokenScope.READ,))
    late = await made(access, "late", scopes=(TokenScope.READ,))
    assert (await asked(client, value)).status == 200
    statuses = [(await asked(client, f"synd_{number:048x}")).status for number in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    assert (await asked(client, value)).status == 200
    answer = await asked(client, late)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "6")
    clock.advance(6)
    assert (await asked(client, late)).status == 200


async def test_no_value_is_kept_logged_or_told(client: Client, access: Access, store: Store) -> None:
    value = await made(access, scopes=(TokenScope.READ,))
    with capture_logs() as logs:
        answers = [
            await asked(client, value),
            await asked(client, value, "admin"),
            await asked(client, value + "0"),
        ]
    assert value not in str(logs)
    assert all(value not in answer.text and value not in str(answer.headers) for answer in answers)
    for key in await store.connection.call("KEYS", "*"):
        if await store.connection.call("TYPE", key) == b"hash":
            assert value.encode() not in b"".join(await store.connection.call("HGETALL", key))


async def test_the_first_administrator_is_made_once(access: Access, store: Store, clock: ManualClock) -> None:
    one, other = await asyncio.gather(access.first_admin(), access.first_admin())
    (made_now,) = [new for new in (one, other) if new]
    token = await access.check(made_now.value)
    assert token is not None
    assert token.allows(TokenScope.PARTNER)
    assert token.opens(FeedId("any"))
    assert await access.first_admin() is None
    await access.revoke(token.id)
    assert await access.first_admin() is not None
    admin = Token(id=TokenId("a"), sha256="0" * 64, scopes=(TokenScope.ADMIN,))
    assert await Access(store, {admin.id: admin}, clock).first_admin() is None


async def test_a_feed_token_opens_its_feeds_alone(access: Access) -> None:
    value = await made(access, feeds=(FeedId("premium"),))
    assert await access.opens(value, FeedId("premium"))
    assert not await access.opens(value, FeedId("other"))
    assert not await access.opens("", FeedId("premium"))
    reader = await made(access, "b", scopes=(TokenScope.READ,))
    assert not await access.opens(reader, FeedId("premium"))


async def test_an_id_is_taken_once(access: Access) -> None:
    await made(access, scopes=(TokenScope.READ,))
    with pytest.raises(TokenRefused, match="already: take another id"):
        await made(access, scopes=(TokenScope.READ,))
    with pytest.raises(TokenRefused, match="configuration has"):
        await made(access, "ops", scopes=(TokenScope.READ,))


async def test_no_more_tokens_are_kept_than_fit(access: Access, store: Store) -> None:
    keys, reads = Keys(store.again.namespace), (TokenScope.READ,)
    digests = {TokenId(f"t-{number}"): digest_of(str(number)) for number in range(MOST)}
    await store.connection.batch(
        [
            command
            for name, digest in digests.items()
            for command in (
                ("HSET", keys.tokens(), digest, pack(Token(id=name, sha256=digest, scopes=reads))),
                ("HSET", keys.token_names(), name, digest),
            )
        ]
    )
    with pytest.raises(TokenRefused, match="there are 1,000 tokens, and no more are kept: revoke one first"):
        await made(access, "one-more", scopes=reads)
    with pytest.raises(TokenRefused, match="'t-0' already: take another id"):
        await made(access, "t-0", scopes=reads)


async def test_nobody_passes_for_the_operators(access: Access) -> None:
    for name, owner in (("operators", ""), ("a", "operators")):
        with pytest.raises(TokenRefused, match="another name"):
            await made(access, name, scopes=(TokenScope.PARTNER,), owner=owner)


async def test_long_expired_tokens_leave_when_another_comes(
    access: Access, store: Store, clock: ManualClock
) -> None:
    await made(access, "old", scopes=(TokenScope.READ,), expires=clock() + timedelta(days=1))
    clock.advance(32 * 86400)
    await made(access, "new", scopes=(TokenScope.READ,))
    assert [token.id for token in await store.tokens.all()] == ["new"]
