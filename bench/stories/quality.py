"""How well copies and stories are told: against labels, against exact measures, against what was invented.

Copies are judged pair by pair, where two texts share two of the keys that they are listed under; stories by
admitting whole sets of articles into an embedded server, forty in a batch, as rounds do.
"""

import json
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

from bench.stories.grouped import grouping_admitter
from bench.stories.news import NOON, Kind, Piece, pieces
from syndicator.model.article import Candidate, Provenance
from syndicator.model.ids import ArticleId, SourceId
from syndicator.pipeline.articles.admission import BATCH
from syndicator.rules.stories.clustering import Fingerprint, fingerprint
from syndicator.rules.stories.near_duplicates import CopyKind, CopyPolicy, judge_copy
from syndicator.rules.stories.near_index import SHARED_RUNS
from syndicator.rules.words import words_of
from syndicator.store.store import Store, StoreOptions, open_store

LABELLED = Path("shared", "data", "stories")
"""Looked for beside the checkout, and above it."""
ORDERS = 5
_EXACT_RUN = 5
_UNRELATED, _RELATED = 0.3, 0.5
_EASY_LEVELS, _HARD_LEVELS = (1, 2, 3), (4, 5)

Row = dict[str, Any]


def report_copies() -> None:
    """Print how well copies are found and hidden."""
    _tell_invented_copies()
    if not is_labelled():
        print(f"labelled texts are not at hand (../{LABELLED}): measured on invented news alone")
        return
    _tell_exact(rows_of("en_fnc_bodies"))
    _tell_edits(rows_of("id_synthetic_copies"))
    _tell_hiding(rows_of("id_body_pairs"))


async def report_stories() -> None:
    """Print the adjusted Rand index of stories that were streamed from a cold start, over several orders."""
    invented = pieces(300, 3)
    await _tell_stories_of(
        "invented news",
        [piece.candidate for piece in invented],
        [matter_of(piece) for piece in invented],
        0.90,
    )
    for name, file, made, wanted in SETS if is_labelled() else ():
        rows = rows_of(file)
        candidates = [made(row, number) for number, row in enumerate(rows)]
        await _tell_stories_of(name, candidates, [row["cluster"] for row in rows], wanted)


async def _tell_stories_of(
    what: str, candidates: Sequence[Candidate], truth: Sequence[object], wanted: float
) -> None:
    scores = []
    for seed in range(ORDERS):
        with tempfile.TemporaryDirectory() as folder:
            async with open_store(StoreOptions(data_dir=Path(folder))) as store:
                scores.append(ari(truth, await _streamed(store, candidates, seed)))
    mean = sum(scores) / len(scores)
    over = f"at least {min(scores):.3f} in {len(scores)} orders"
    print(f"{what}: ARI {mean:.3f}, {over}; {len(truth)} articles ({wanted:.2f})")


def ari(one: Sequence[object], other: Sequence[object]) -> float:
    """Give the adjusted Rand index of two clusterings (Hubert, Arabie 1985): 1 is the same."""
    both = sum(comb(n, 2) for n in Counter(zip(one, other, strict=True)).values())
    ours, theirs = (sum(comb(n, 2) for n in Counter(labels).values()) for labels in (one, other))
    expected = ours * theirs / comb(len(one), 2)
    most = (ours + theirs) / 2
    return (both - expected) / (most - expected) if most != expected else 1.0


def matter_of(piece: Piece) -> str:
    """Name the story that a piece belongs to: each page of a series is one of its own."""
    return piece.candidate.url if piece.kind is Kind.SERIES else str(piece.matter)


def _tell_invented_copies() -> None:
    invented = pieces(400, 5)
    made = {piece.candidate.url: fingerprint(piece.candidate) for piece in invented}
    found, wanted = Counter[Kind](), Counter[Kind]()
    for piece in invented:
        if piece.original:
            wanted[piece.kind] += 1
            found[piece.kind] += (
                _verdict(made[piece.candidate.url], made[piece.original]) is not CopyKind.NONE
            )
    matters = {piece.candidate.url: piece.matter for piece in invented}
    false = sum(
        _verdict(made[one], made[other]) is not CopyKind.NONE
        for one, other in _sharing(made)
        if matters[one] != matters[other]
    )
    series = [made[piece.candidate.url] for piece in invented if piece.kind is Kind.SERIES]
    hidden = sum(_verdict(one, other) is CopyKind.COPY for one, other in combinations(series, 2))
    for kind in (Kind.COPY, Kind.REWRITE):
        print(f"invented {kind.value:<8} recall {found[kind] / wanted[kind]:.3f} of {wanted[kind]}")
    print(f"invented: {false} false joins in {comb(len(made), 2):,} pairs; {hidden} series pages hidden (0)")


def _tell_exact(rows: Sequence[Row]) -> None:
    """Compare with exact containment of runs of five words; what lies between is neither."""
    made = {str(number): _of_text("", row["body"]) for number, row in enumerate(rows)}
    runs = {name: _runs(row["body"]) for name, row in zip(made, rows, strict=True)}
    joined = {pair for pair in _sharing(made) if _verdict(*(made[one] for one in pair)) is not CopyKind.NONE}
    right = wrong = missed = 0
    for one, other in combinations(made, 2):
        shorter = min(len(runs[one]), len(runs[other]))
        exact = len(runs[one] & runs[other]) / shorter if shorter else 0.0
        is_joined = (one, other) in joined
        right += exact >= _RELATED and is_joined
        missed += exact >= _RELATED and not is_joined
        wrong += exact < _UNRELATED and is_joined
    _tell_rates("FNC bodies, copies by exact containment", right, wrong, missed, "F1 0.98")


def _tell_edits(rows: Sequence[Row]) -> None:
    levels: dict[str, dict[int, Fingerprint]] = defaultdict(dict)
    for row in rows:
        levels[row["id"]][row["level"]] = _of_text(row.get("title", ""), row["body"])
    for name, chosen, wanted in (("1-3", _EASY_LEVELS, 0.97), ("4-5", _HARD_LEVELS, 0.90)):
        pairs = [(one[0], one[level]) for one in levels.values() for level in chosen if level in one]
        found = sum(_verdict(*pair) is not CopyKind.NONE for pair in pairs)
        print(f"Indonesian edits, levels {name}: recall {found / len(pairs):.3f} of {len(pairs)} ({wanted})")
    originals = {name: one[0] for name, one in levels.items()}
    false = sum(_verdict(originals[a], originals[b]) is not CopyKind.NONE for a, b in _sharing(originals))
    print(f"Indonesian originals: {false} false joins in {comb(len(originals), 2):,} pairs (1 in a million)")


def _tell_hiding(rows: Sequence[Row]) -> None:
    right = wrong = missed = 0
    for row in rows:
        one, other = (_of_text(row[side]["title"], row[side]["body"]) for side in ("a", "b"))
        hidden, same = _verdict(one, other) is CopyKind.COPY, row["label"] == "D"
        right += hidden and same
        wrong += hidden and not same
        missed += same and not hidden
    _tell_rates("Indonesian bodies, hidden as duplicates", right, wrong, missed, "P 0.90, F1 0.80")


def _tell_rates(what: str, right: int, wrong: int, missed: int, wanted: str) -> None:
    precision, recall = right / max(right + wrong, 1), right / max(right + missed, 1)
    f1 = 2 * right / max(2 * right + wrong + missed, 1)
    print(f"{what}: P {precision:.3f} R {recall:.3f} F1 {f1:.3f} of {right + missed} ({wanted})")


def _verdict(one: Fingerprint, other: Fingerprint) -> CopyKind:
    if len(set(one.shingle_keys).intersection(other.shingle_keys)) < SHARED_RUNS:
        return CopyKind.NONE
    return judge_copy(one.text, other.text, CopyPolicy()).kind


def _sharing(made: dict[str, Fingerprint]) -> Iterable[tuple[str, str]]:
    """Give the pairs that share keys, each in the order of the texts."""
    listed: dict[int, list[str]] = defaultdict(list)
    shared = Counter[tuple[str, str]]()
    for name, text in made.items():
        for key in text.shingle_keys:
            shared.update((other, name) for other in listed[key])
            listed[key].append(name)
    return [pair for pair, keys in shared.items() if keys >= SHARED_RUNS]


def _runs(text: str) -> set[tuple[str, ...]]:
    words = words_of(text)
    return {tuple(words[at : at + _EXACT_RUN]) for at in range(len(words) - _EXACT_RUN + 1)}


async def _streamed(store: Store, candidates: Sequence[Candidate], seed: int) -> list[str]:
    """Admit candidates in a shuffled order, or in that of their hours; give each one's story."""
    order = list(range(len(candidates)))
    random.Random(seed).shuffle(order)
    order.sort(key=lambda number: candidates[number].published_at or NOON)
    now = NOON

    def clock() -> datetime:
        return now

    admitter = grouping_admitter(store, clock)
    told: dict[int, ArticleId] = {}
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        now = max(candidates[batch[-1]].published_at or NOON, now)
        admitted = await admitter.admit([candidates[number] for number in batch])
        told.update(zip(batch, (one.article_id for one in admitted), strict=True))
    ids = [told[number] for number in range(len(candidates))]
    places = await store.stories.places(ids)
    return [place.story or article for place, article in zip(places, ids, strict=True)]


def is_labelled() -> bool:
    """Tell whether the labelled texts are at hand."""
    return _labelled() is not None


def _labelled() -> Path | None:
    above = (folder / LABELLED for folder in Path(__file__).resolve().parents[3:])
    return next((folder for folder in above if folder.is_dir()), None)


def rows_of(name: str) -> list[Row]:
    folder = _labelled()
    assert folder is not None
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text("utf-8").split("\n") if line]


def _of_text(title: str, body: str) -> Fingerprint:
    return fingerprint(candidate_of(0, title, body))


def candidate_of(number: int, title: str, body: str = "", lead: str = "", at: datetime = NOON) -> Candidate:
    source = SourceId(f"portal-{number % 40}")
    url = f"https://{source}.example/read/{number}"
    return Candidate(
        source=source,
        url=url,
        title=title,
        lead=lead,
        body_html="".join(f"<p>{part}</p>" for part in body.split("\n") if part),
        published_at=at,
        provenance=Provenance(source=source, requested_url=url, fetched_at=NOON),
    )


def _hours(row: Row) -> datetime:
    return NOON + timedelta(hours=row["hour"] - 449_700)


SETS: Sequence[tuple[str, str, Callable[[Row, int], Candidate], float]] = (
    ("FNC bodies", "en_fnc_bodies", lambda row, n: candidate_of(n, "", row["body"]), 0.90),
    ("FNC headlines", "en_fnc_headlines", lambda row, n: candidate_of(n, row["title"]), 0.84),
    (
        "AllSides, title and lead",
        "en_allsides2021",
        lambda row, n: candidate_of(n, row["title"], lead=row["lead"], at=_hours(row)),
        0.75,
    ),
)
