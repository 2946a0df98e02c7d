"""How to sign in at a source."""

import base64

from pydantic import Field, ValidationInfo, field_validator

from syndicator.settings.form import Form
from syndicator.settings.secret_files import TextFile
from syndicator.settings.value_texts import Line, wrong


class AuthForm(Form):
    """`auth`: how to sign in, by name and password (Basic) or by a token (Bearer)."""

    user: Line | None = Field(default=None, description="Name, for Basic.")
    password: Line | None = Field(default=None, repr=False, description="Password, for Basic.")
    password_file: TextFile = Field(default=None, repr=False, description="File that holds it.")
    bearer: Line | None = Field(default=None, repr=False, description="Token, for Bearer.")
    bearer_file: TextFile = Field(
        default=None, validate_default=True, repr=False, description="File that holds it."
    )

    @field_validator("bearer_file")
    @classmethod
    def _one_way(cls, value: str | None, info: ValidationInfo) -> str | None:
        password = info.data.get("password") or info.data.get("password_file")
        token = info.data.get("bearer") or value
        user = info.data.get("user")
        if user and ":" in user:
            reason = "holds a colon, which HTTP Basic authentication does not allow"
            raise wrong(reason, "give the name without it; the password has a key of its own", key="user")
        if bool(user and password) == bool(token) or bool(user) != bool(password):
            remedy = 'write { user = "…", password_file = "…" } or { bearer_file = "…" }'
            raise wrong("must be either a user with a password, or a token", remedy, key="")
        return value

    @property
    def header(self) -> str:
        """The value of `Authorization` (RFC 7617, RFC 6750)."""
        if token := self.bearer or self.bearer_file:
            return f"Bearer {token}"
        pair = f"{self.user}:{self.password or self.password_file}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
