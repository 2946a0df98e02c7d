"""Articles that are taken out of everything that is published, and put back."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from syndicator.cli.context import AsJson, console, print_item, print_list
from syndicator.cli.formats import ago
from syndicator.cli.store_access import Rows, ask, cut
from syndicator.errors import SyndicatorError
from syndicator.model.article import Article, Withdrawal, WithdrawnBy
from syndicator.model.ids import ArticleId, SourceId
from syndicator.service import Service

WITHDRAW_EXAMPLE = (
    'Example: syndicator articles withdraw 5uvqk4bqvtgfkp3a --reason "on request of the portal"'
)
RESTORE_EXAMPLE = "Example: syndicator articles restore 5uvqk4bqvtgfkp3a"


def withdraw(
    context: typer.Context,
    article: str,
    reason: Annotated[str, typer.Option("--reason", help="Why: partners and readers of Atom feeds see it.")],
    as_json: AsJson = False,
) -> None:
    """Take an article out of all feeds and pages at once, and notify partners; no source brings it back."""
    if not reason.strip():
        raise typer.BadParameter("say why", param_hint="--reason")

    async def done(service: Service) -> Withdrawal:
        withdrawal = await service.withdrawer.withdraw(ArticleId(article), WithdrawnBy.OPERATOR, reason)
        if withdrawal is None:
            raise await why_missing(service, ArticleId(article))
        return withdrawal

    withdrawal = ask(context, done)
    if as_json:
        print_item({"id": article, "revision": withdrawal.revision, "at": withdrawal.at})
    else:
        console().print(f"Withdrawn: {withdrawal.article.title}")


def restore(context: typer.Context, article: str, as_json: AsJson = False) -> None:
    """Take a withdrawal back: the article stands where it stood. Only an operator withdraws it again."""

    async def done(service: Service) -> Article:
        restored = await service.withdrawer.restore(ArticleId(article))
        if restored is None:
            raise SyndicatorError(f"no article {article!r} is withdrawn (see articles list --withdrawn)")
        return restored

    restored = ask(context, done)
    if as_json:
        print_item({"id": restored.id, "revision": restored.revision})
    else:
        console().print(f"Restored: {restored.title}")


async def why_missing(service: Service, article: ArticleId) -> SyndicatorError:
    """Return why there is no such article."""
    withdrawal = await service.queries.withdrawal(article)
    if withdrawal is None:
        return SyndicatorError(f"there is no article {article!r} (or it has outlived its retention)")
    when = f"{withdrawal.at:%Y-%m-%d %H:%M} UTC"
    return SyndicatorError(
        f"the article {article!r} was withdrawn on {when} ({withdrawal.by.value}: {withdrawal.reason}); "
        f"syndicator articles restore {article} puts it back"
    )


def list_withdrawn(context: typer.Context, source: SourceId | None, limit: int, *, as_json: bool) -> None:
    """Print what was withdrawn, the newest first."""

    async def rows(service: Service) -> tuple[Rows, Rows]:
        found = await service.store.withdrawals.newest(0 if source else limit)
        withdrawals = [one for one in found if source is None or one.article.source == source]
        now = service.clock()
        people = [
            {
                "id": one.article.id,
                "withdrawn": ago(one.at, now),
                "by": one.by.value,
                "reason": one.reason,
                "title": one.article.title,
                "source": one.article.source,
            }
            for one in withdrawals
        ]
        return cut([_item(one) for one in withdrawals], limit), cut(people, limit)

    items, people = ask(context, rows)
    print_list(items, people=people, as_json=as_json, empty="Nothing is withdrawn.")


def _item(one: Withdrawal) -> Mapping[str, Any]:
    return {
        "id": one.article.id,
        "url": one.article.url,
        "title": one.article.title,
        "source": one.article.source,
        "withdrawn_at": one.at,
        "by": one.by.value,
        "reason": one.reason,
        "revision": one.revision,
    }
