"""Links that sign a browser in, once: an operator's from a command, a partner's from an operator."""

import secrets
from datetime import datetime, timedelta

from aiohttp import hdrs

from syndicator.errors import StoreError
from syndicator.model.clock import Clock
from syndicator.model.endpoint import OPERATORS
from syndicator.model.ids import TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.observe.logs import get_logger
from syndicator.pipeline.ops.api_tokens import Access
from syndicator.rules.access import signed_tickets
from syndicator.rules.access.credentials import digest_of
from syndicator.store.access.portal_links import PortalLinks
from syndicator.store.access.sessions import Sessions
from syndicator.store.access.used_links import UsedLinks
from syndicator.web.access.areas import CONSOLE, PORTAL
from syndicator.web.access.sign_in import AreaAccess
from syndicator.web.http.auth import Gate
from syndicator.web.http.forwarded import Network
from syndicator.web.http.problems import RETRY_AFTER_S, Problem, ProblemRaised

LINK_LIFE = timedelta(minutes=10)

_LINK = "link"
"""What a ticket is for."""

_log = get_logger(__name__)


def sign_in_path(token: str, now: datetime) -> str:
    """Make the path of a link that signs one browser in, once, within `LINK_LIFE`."""
    ticket = signed_tickets.ticket(token, _LINK, now + LINK_LIFE, secrets.token_bytes(8))
    return f"{CONSOLE.path}/sign-in/{ticket}"


def partner_sign_in_path(link: str) -> str:
    """Return the path at which a link that was made for a partner signs a browser in."""
    return f"{PORTAL.path}/sign-in/{link}"


class SignInLinks:
    """Links of the operators' token: each works once, in whatever process it is opened."""

    def __init__(self, token: str, used: UsedLinks, clock: Clock) -> None:
        """`clock` is that of this machine, as links are made by commands on it."""
        self._token = token
        self._used = used
        self._clock = clock

    async def use(self, link: str) -> str | None:
        """Use a link up, and return the digest of the token that made it.

        None where it was used before, or is no link of ours that still works.
        """
        now = self._clock()
        if not signed_tickets.is_valid(self._token, _LINK, link, now):
            return None
        try:
            is_first = await self._used.use(digest_of(link), signed_tickets.ends_at(link) - now)
        except StoreError as error:  # caught here, as the log would name the path: it may work once more
            _log.warning("sign_in_failed", reason=str(error))
            raise _sign_in_later() from error
        return digest_of(self._token) if is_first else None


class PartnerLinks:
    """Links that operators make for partners: each stands for a token and works once."""

    def __init__(self, links: PortalLinks) -> None:
        self._links = links

    async def use(self, link: str) -> str | None:
        """Use a link up, and return the digest of the token that it stands for; None for what is no link."""
        return await self._links.use(digest_of(link))


def operators_access(
    token: str,
    access: Access,
    sessions: Sessions,
    used: UsedLinks,
    clock: Clock,
    *,
    trusted: tuple[Network, ...] = (),
) -> AreaAccess:
    """Let in who has the token of operators, a link made with it, or another token, by its scopes."""
    operators = Token(id=TokenId(OPERATORS), sha256=digest_of(token), scopes=(TokenScope.ADMIN,))
    gate = Gate(access, clock, operators=operators)
    links = SignInLinks(token, used, clock)
    return AreaAccess(gate=gate, sessions=sessions, links=links, mark=digest_of(token)[:8], trusted=trusted)


def _sign_in_later() -> ProblemRaised:
    detail = (
        "Redis does not take a note that this link was used: it would work twice. Open it again in a moment; "
        "if it has ended or was used up, `syndicator status` prints another one."
    )
    headers: dict[str, str] = {hdrs.RETRY_AFTER: str(RETRY_AFTER_S)}
    return ProblemRaised(Problem(name="sign-in-later", status=503, detail=detail, headers=headers))
