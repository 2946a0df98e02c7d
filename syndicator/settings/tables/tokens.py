"""`[token.ID]`: who may use the API, and for what."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from syndicator.model.ids import FeedId, TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.rules.access.credentials import PREFIX, digest_of, is_digest
from syndicator.settings.form import Form
from syndicator.settings.tables.feeds import Instant
from syndicator.settings.value_texts import Line, Words, slug, wrong

_REMEDY = "write the sha256 that `syndicator tokens add --only-print` shows beside a new value"


def _digest(value: str) -> str:
    if value.startswith(PREFIX):
        raise wrong("is the token itself, and files are read by others", f'write "{digest_of(value)}"')
    if not is_digest(value):
        raise wrong("is not a SHA-256 digest: it must be 64 digits, 0-9 and a-f", _REMEDY)
    return value


class TokenForm(Form):
    """`[token.ID]`: a token for the API, by the digest of its value."""

    sha256: Annotated[
        str, AfterValidator(_digest), WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{64}$"})
    ] = Field(description="SHA-256 of the value, hex: `syndicator tokens add` shows it.")
    feeds: Words = Field(default=(), description="Ids of private feeds that it opens.")
    scopes: Annotated[
        tuple[TokenScope, ...],
        WithJsonSchema(
            {"type": "array", "items": {"type": "string", "enum": [one.value for one in TokenScope]}}
        ),
    ] = Field(
        default=(),
        validate_default=True,
        description="`read`, `partner` (signals, own endpoints), `admin` (everything).",
    )
    owner: Annotated[str, AfterValidator(slug)] | None = Field(
        default=None,
        description="For whom it is: tokens of one owner share their endpoints. Left out: its id.",
    )
    description: Line | None = Field(default=None, description="A note for people.")
    expires: Instant | None = Field(default=None, description="When it ends. Left out: never.")

    @field_validator("scopes")
    @classmethod
    def _of_use(cls, value: tuple[TokenScope, ...], info: ValidationInfo) -> tuple[TokenScope, ...]:
        if not value and not info.data.get("feeds"):
            raise wrong("allows nothing", 'write scopes = ["read"], or name private feeds', key="scopes")
        return value

    def value(self, token: TokenId) -> Token:
        return Token(
            id=token,
            sha256=self.sha256,
            scopes=tuple(scope for scope in TokenScope if scope in self.scopes),
            feeds=tuple(FeedId(feed) for feed in self.feeds),
            owner=self.owner or "",
            description=self.description or "",
            expires=self.expires,
        )
