"""What dry runs found, as it may be shown: addresses of sources without secrets, articles as they are."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from syndicator.model.fetch import Redirect
from syndicator.observe.redact import hide_secrets
from syndicator.pipeline.preview.dry_run_context import RobotsVerdict
from syndicator.pipeline.preview.finds import Discovery
from syndicator.pipeline.preview.preview import Preview
from syndicator.pipeline.redaction import provenance_without_secrets, text_redactor, without_secrets

_Redact = Callable[[str], str]


def preview_without_secrets(shown: Preview) -> Preview:
    """Return what a dry run of a source brought as it may be shown."""
    redact = text_redactor(shown.source)
    return replace(
        shown,
        source=without_secrets(shown.source),
        final_url=redact(shown.final_url),
        redirects=_redirects(shown.redirects, redact),
        robots=_verdict(shown.robots, redact),
        canonical_url=redact(shown.canonical_url) if shown.canonical_url else None,
        home_url=redact(shown.home_url) if shown.home_url else None,
        next_url=redact(shown.next_url) if shown.next_url else None,
        candidates=tuple(
            replace(one, provenance=provenance_without_secrets(one.provenance)) for one in shown.candidates
        ),
        # Of all values that are shown, this one is an address of the source, not of an article.
        yields=tuple(
            replace(one, sample=redact(one.sample)) if one.key == "list.next" else one for one in shown.yields
        ),
        warnings=tuple(map(redact, shown.warnings)),
    )


def discovery_without_secrets(found: Discovery) -> Discovery:
    """Return what was found at an address as it may be shown."""
    return replace(
        found,
        requested_url=hide_secrets(found.requested_url),
        final_url=hide_secrets(found.final_url),
        redirects=_redirects(found.redirects, hide_secrets),
        robots=_verdict(found.robots, hide_secrets),
        canonical_url=hide_secrets(found.canonical_url) if found.canonical_url else None,
        found=tuple(replace(one, url=hide_secrets(one.url)) for one in found.found),
        notes=tuple(map(hide_secrets, found.notes)),
        preview=preview_without_secrets(found.preview),
    )


def _redirects(redirects: Sequence[Redirect], redact: _Redact) -> tuple[Redirect, ...]:
    return tuple(replace(one, url=redact(one.url)) for one in redirects)


def _verdict(robots: RobotsVerdict | None, redact: _Redact) -> RobotsVerdict | None:
    return replace(robots, url=redact(robots.url)) if robots else None
