"""A token gets a new value; the one before stays valid for a while."""

from datetime import timedelta

import pytest
from pipeline.conftest import OpenService
from support import ManualClock

from syndicator.model.ids import TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import Access, TokenRefused, new_token
from syndicator.service import Service
from syndicator.store.access.admin_token_file import keep_admin_token

PARTNER = TokenId("partner")


async def made(service: Service, clock: ManualClock) -> tuple[Access, str]:
    new = new_token(Token(id=PARTNER, scopes=(TokenScope.PARTNER,)), clock())
    await service.access.keep(new)
    return service.access, new.value


async def test_the_value_before_ends_after_the_overlap(service_of: OpenService, clock: ManualClock) -> None:
    async with service_of("") as service:
        access, first = await made(service, clock)
        second = await access.rotate(PARTNER, timedelta(hours=24))
        assert second is not None
        for value in (first, second.value):
            token = await access.check(value)
            assert token is not None
            assert token.belongs_to == "partner"
        assert [token.id for token in await access.tokens()] == ["partner", "partner-before"]
        clock.advance(86_401)
        assert await access.check(first) is None
        assert await access.check(second.value) is not None


async def test_a_second_rotation_ends_the_value_before_the_last(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of("") as service:
        access, first = await made(service, clock)
        second = await access.rotate(PARTNER, timedelta(hours=24))
        third = await access.rotate(PARTNER, timedelta(hours=24))
        assert second is not None
        assert third is not None
        assert await access.check(first) is None
        assert await access.check(second.value) is not None
        assert await access.check(third.value) is not None
        assert await access.revoke(TokenId("partner-before"))
        assert await access.check(second.value) is None


async def test_without_an_overlap_the_value_before_ends_at_once(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of("") as service:
        access, first = await made(service, clock)
        assert await access.rotate(PARTNER, timedelta()) is not None
        assert await access.check(first) is None
        assert [token.id for token in await access.tokens()] == ["partner"]
        assert await access.rotate(TokenId("nobody"), timedelta()) is None


async def test_a_configured_token_is_not_rotated_here(service_of: OpenService) -> None:
    config = f'[token.partner]\nscopes = ["read"]\nsha256 = "{"a" * 64}"\n'
    async with service_of(config) as service:
        with pytest.raises(TokenRefused, match="configured"):
            await service.access.rotate(PARTNER, timedelta(hours=1))


@pytest.mark.parametrize("change", ["rotate", "revoke"])
async def test_the_kept_value_goes_with_its_token(service_of: OpenService, change: str) -> None:
    async with service_of("") as service:
        first = await service.access.first_admin()
        assert first is not None
        path = keep_admin_token(service.settings.store.data_dir, first.value)
        if change == "rotate":
            await service.access.rotate(first.token.id, timedelta(hours=1))
        else:
            await service.access.revoke(first.token.id)
        assert not path.exists()
