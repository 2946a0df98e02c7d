"""Every key that we keep in Redis, one method each.

Each docstring names type and content, lifetime, and who writes it; `docs/redis-keys.md` is made from
them. All keys of a namespace share one hash tag, so that they share a slot on Redis Cluster and
every script stays atomic there. Some may have the tag of a partition: see `partitions.py`.
"""

from syndicator.model.ids import ArticleId, SourceId, StoryId
from syndicator.store.keys.access import AccessKeys
from syndicator.store.keys.control import ControlKeys
from syndicator.store.keys.deliveries import DeliveryKeys
from syndicator.store.keys.feeds import FeedKeys
from syndicator.store.keys.hub import HubKeys
from syndicator.store.keys.partitions import ONE_SLOT, Partitions, Spread
from syndicator.store.keys.texts import TextKeys


class Keys(FeedKeys, HubKeys, AccessKeys, ControlKeys, DeliveryKeys, TextKeys):
    """The key table of one namespace."""

    def __init__(self, namespace: str, partitions: Spread = ONE_SLOT) -> None:
        """`partitions`: over how many slots the keys of each kind are spread; one is that of all others."""
        super().__init__(f"syn:{{{namespace}}}:")
        self.namespace = namespace
        self.spread = partitions
        self.partitions = Partitions(self._prefix, "endpoints", partitions.endpoints)
        self.hub_partitions = Partitions(self._prefix, "hub", partitions.hub)
        self.text_partitions = Partitions(self._prefix, "texts", partitions.texts)

    @property
    def prefix(self) -> str:
        """What all keys of the namespace begin with."""
        return self._prefix

    @property
    def prefixes(self) -> list[str]:
        """What the keys of the namespace begin with: its own ones, and those of each partition."""
        return [self._prefix, *self.other_slots]

    @property
    def other_slots(self) -> list[str]:
        """What keys begin with in each slot besides that of the namespace itself."""
        kinds = (self.partitions, self.hub_partitions, self.text_partitions)
        return [parts.prefix(number) for parts in kinds if not parts.is_one for number in parts.all]

    def meta(self) -> str:
        """HASH: `schema` (version of this layout), `schema_release` (which release brought the data there),
        `schema_oldest` (programs of an older layout must not work on it); `created_ms` (which data this is),
        `lost_ms` (when data that was lost was last there), `tag_authority` (what all ids begin with);
        `list` (digest of the list of feeds), `list_ms` (when it changed); `cold` (which cold store has texts
        of this data); `partitions`, `partitions_hub` and `partitions_texts` (over how many endpoints,
        subscribers of the hub, and texts are spread, where that is more than one).
        Kept: for ever. Written by: start.
        """
        return self._prefix + "meta"

    def migration(self) -> str:
        """HASH: `token` of the process that migrates to a newer layout, `until` (end of its lease, ms), `by`
        (`HOST:PID`).
        Kept: while it migrates. Written by: start.
        """
        return self._prefix + "migration"

    def restoring(self) -> str:
        """HASH: `file` of a back-up that is not brought back whole, `again` (the command that does it);
        `endpoints`, `hub` and `texts` (over how many partitions there may be keys of each).
        Kept: until all of the back-up is there; meanwhile no process starts. Written by: `restore`,
        `repartition`.
        """
        return self._prefix + "restoring"

    def probe(self) -> str:
        """STRING: when a process last proved that Redis takes writes, ms.
        Kept: a minute. Written by: each look at `/readyz` or `/metrics`.
        """
        return self._prefix + "probe"

    def clock(self) -> str:
        """STRING: the time of a process, ms, and that of Redis when it was read, ms; a start goes on from it.
        Kept: a day. Written by: each process, every ten seconds.
        """
        return self._prefix + "clock"

    def origins(self) -> str:
        """HASH: source id → msgpack: what it was last configured as (name, addresses, rights), and when.
        Kept: retention of articles, after a start that had it configured. Written by: start.
        """
        return self._prefix + "origins"

    def scopes(self) -> str:
        """HASH: source id → the id that its guids and other names of its own are kept under: the first one.
        Kept: while the source is configured, and a week; of renamed ones only. Written by: start.
        """
        return self._prefix + "scopes"

    def source(self, source: SourceId) -> str:
        """STRING: msgpack `SourceState`.
        Kept: while the source is configured, and a week. Written by: gathering, when it settles.
        """
        return f"{self._prefix}source:{source}"

    def round_history(self, source: SourceId) -> str:
        """STRING: two rings of records of fixed size, 16 kB in all: the sums of each of the last 720 hours,
        then the last 150 rounds (start, lateness, result, reason, new, changed, bytes, ms).
        Kept: 30 days, while the source is configured, and a week. Written by: gathering, when it settles.
        """
        return f"{self._prefix}rounds:{source}"

    def delays(self, source: SourceId) -> str:
        """STRING: counters of 16 bits: for each of 32 days, how many articles were seen, shown and pushed how
        long after their publication, by class of length; of sources with `fresh_within` only.
        Kept: while the source is configured, and a week. Written by: gathering, when it settles; deliver.
        """
        return f"{self._prefix}delays:{source}"

    def entries(self, source: SourceId) -> str:
        """STRING: msgpack `EntriesRead`: marks of the entries of a feed that were admitted as they are.
        Kept: two days after the feed was last read. Written by: rounds of feeds.
        """
        return f"{self._prefix}entries:{source}"

    def backfill(self, source: SourceId) -> str:
        """HASH: `record` (msgpack `BackfillWalk`): how much of a source's past is wanted, and how far it is;
        `step`: how often it was written: who writes it must have read that.
        Kept: while it runs, and 30 days. Written by: operators, backfill.
        """
        return f"{self._prefix}backfill:{source}"

    def backfills_due(self) -> str:
        """ZSET: source id → when its back-fill goes on, ms, or the end of a worker's lease of it.
        Kept: while it runs. Written by: operators, backfill.
        """
        return self._prefix + "backfills:due"

    def sources_due(self) -> str:
        """ZSET: source id → due time in ms, or lease end while a worker has it.
        Kept: configured sources. Written by: claim, settle.
        """
        return self._prefix + "sources:due"

    def sources_owners(self) -> str:
        """HASH: source id → token of the worker that leased it.
        Kept: until settled. Written by: claim, settle.
        """
        return self._prefix + "sources:owners"

    def sources_woken(self) -> str:
        """HASH: source id → `1` where something came for it while a worker had it: due again once settled.
        Kept: until settled. Written by: wake, settle.
        """
        return self._prefix + "sources:woken"

    def subscription(self, source: SourceId) -> str:
        """HASH: `record` (msgpack `Subscription`: hubs, grants with their secrets, counts), `token` of its
        last change.
        Kept: 60 days after the last change, and a week after its source left. Written by: subscribing, hubs.
        """
        return f"{self._prefix}subscription:{source}"

    def subscriptions_due(self) -> str:
        """ZSET: source id → when its subscription is looked at next, ms.
        Kept: goes with its subscription. Written by: subscribing, hubs.
        """
        return self._prefix + "subscriptions:due"

    def pushed(self, source: SourceId) -> str:
        """HASH: digest → msgpack `Pushed`, a document that a hub pushed; at most 50, and 16 MiB or one.
        Kept: until a round has read it, at most a day after the last push. Written by: hubs, settle.
        """
        return f"{self._prefix}pushed:{source}"

    def carried(self, source: SourceId) -> str:
        """ZSET: id of each article that a source carried → when first seen there, ms.
        Kept: retention of articles. Written by: admit.
        """
        return f"{self._prefix}carried:{source}"

    def recheck(self, source: SourceId) -> str:
        """ZSET: article id → when its page is to be read again, ms.
        Kept: until the article is 48 h old. Written by: admit.
        """
        return f"{self._prefix}recheck:{source}"

    def unreadable(self, source: SourceId) -> str:
        """HASH: identity key of a listed page that could not be read → times:retry in ms.
        Kept: 7 days after the last failure; at most 10 000 pages, and those of one call. Written by: rounds.
        """
        return f"{self._prefix}unreadable:{source}"

    def turns(self, scope: str) -> str:
        """ZSET: token of each request that is under way in a scope → lease end, ms.
        Kept: until given back; an hour. Written by: politeness.
        """
        return f"{self._prefix}turns:{scope}"

    def turns_pace(self, scope: str, pace: str) -> str:
        """STRING: when the last request of a scope began, ms; `minute` for all, `crawl` for pages.
        Kept: for the interval between two. Written by: politeness.
        """
        return f"{self._prefix}turns:{pace}:{scope}"

    def turns_held(self, scope: str) -> str:
        """STRING: until when a server asked (Retry-After) to be left alone, ms.
        Kept: until then. Written by: politeness.
        """
        return f"{self._prefix}turns:held:{scope}"

    def robots(self, address: str) -> str:
        """STRING: msgpack `KnownRobots`, what of the robots.txt at an address concerns us.
        Kept: 30 days after it was read, an hour where a source only links there. Written by: gathering of
        pages.
        """
        return f"{self._prefix}robots:{address}"

    def article(self, article: ArticleId) -> str:
        """HASH: `head` (msgpack `Article` without body, compressed: see `store/codec.py`), `text` (mark
        of its text; empty: it is empty), `revision`, `hash`, `source`, `published`, `first_party` (0: of
        another portal than its address); `sketch` (`Story` of this article alone, see
        `store/stories/story_codec.py`), `story`, `copy_of`, `kin` (`Kin`, there too), `quiet` (1: it was not
        announced, it was too old), `gone` (when its page was first found gone, ms), `unassigned` (1: shown
        before it was assigned to a story); or only `merged`: the id of the article that it was found to be;
        `cold`: the revision up to which texts are in the cold store instead, and a mark of their object, as
        `3.9f2c01ab`.
        Kept: retention of articles; `text` by that of bodies. Written by: admit, assign, offload.
        """
        return f"{self._prefix}article:{article}"

    def aliases(self, article: ArticleId) -> str:
        """LIST: msgpack `Alias`, another name under which the article came; the newest 50.
        Kept: goes with its article. Written by: admit.
        """
        return f"{self._prefix}aliases:{article}"

    def withdrawn(self, article: ArticleId) -> str:
        """HASH: all fields of the article, `record` (msgpack `Withdrawal`), `revision` of the withdrawal.
        Kept: retention of articles, after it was withdrawn. Written by: withdrawing.
        """
        return f"{self._prefix}withdrawn:{article}"

    def withdrawals(self) -> str:
        """ZSET: id of each withdrawn article → when it was withdrawn, ms.
        Kept: retention of articles, after it was withdrawn. Written by: withdrawing.
        """
        return self._prefix + "withdrawals"

    def identities(self, number: int) -> str:
        """HASH: identity key → article id, and when a source last listed the key, s, in four bytes; one of
        4,096 hashes, by the CRC-32 of the key.
        Kept: retention of identities, after last seen. Written by: admit, rounds.
        """
        return f"{self._prefix}identities:{number}"

    def admitted(self) -> str:
        """ZSET: article id → when it was first seen, or released from an embargo, ms.
        Kept: retention of articles. Written by: admit.
        """
        return self._prefix + "admitted"

    def timeline(self, facet: str) -> str:
        """ZSET: article id → `listed_at` in ms; one per facet (`all`, `source:x`, `section:x`, …). The
        newest, at most 128: older ones are in pieces, see `store/lua/articles/timelines.lua`.
        Kept: retention of articles. Written by: admit.
        """
        return f"{self._prefix}timeline:{facet}"

    def timeline_pieces(self, facet: str) -> str:
        """ZSET: the latest time of each piece of a timeline, ms.
        Kept: as its pieces. Written by: admit.
        """
        return f"{self._prefix}timeline_pieces:{facet}"

    def timeline_piece(self, bound: str, facet: str) -> str:
        """ZSET: as `timeline`, of times up to a bound, and after that of the piece before it; at most 128
        articles, or all of one millisecond.
        Kept: retention of articles. Written by: admit.
        """
        return f"{self._prefix}timeline_piece:{bound}:{facet}"

    def reserved(self, article: ArticleId) -> str:
        """HASH: the fields of an admitted article that is not shown yet: see `article`.
        Kept: until the article is assigned to a story, or has waited too long. Written by: admit.
        """
        return f"{self._prefix}reserved:{article}"

    def unassigned(self) -> str:
        """STREAM: each admitted article that is not assigned to a story yet, in order: `article` (its id),
        `hash`, `source`, `sketch`, `runs` (keys of sampled runs of words, 4 bytes each), `shown_in` (feeds of
        stories that may show it), `show` (msgpack: how it is to be listed and announced).
        Kept: until assigned. Written by: admit, assign.
        """
        return self._prefix + "unassigned"

    def assigned(self) -> str:
        """STREAM: `e`, a decision: id of the article, id of its story; of a new one, how many runs of words,
        their keys, the keys of its strongest terms.
        Kept: 72 h. Written by: assign, split, join.
        """
        return self._prefix + "assigned"

    def assignment(self) -> str:
        """HASH: `token` of who may assign, `until` (end of the lease, ms), `fence` (counts who had it);
        `filled` (of which data the log holds all recent articles, also those of older versions).
        Kept: for ever. Written by: assign.
        """
        return self._prefix + "assignment"

    def story(self, story: StoryId) -> str:
        """HASH: `version`, `core` (`Story`, see `store/stories/story_codec.py`), where it has
        several articles; `shown_in` (feeds of stories that may show it); `owners` (the number of its owners
        that `story.grown` announced last).
        Kept: retention of articles and four days, after the last joined. Written by: assign, split, join,
        rank.
        """
        return f"{self._prefix}story:{story}"

    def members(self, story: StoryId) -> str:
        """ZSET: id of each article of a story → when it was first seen, ms.
        Kept: as its story. Written by: assign, split, join.
        """
        return f"{self._prefix}members:{story}"

    def stories(self) -> str:
        """ZSET: id of each story of more than one article → when the last joined, ms.
        Kept: as the stories. Written by: assign, split, join.
        """
        return self._prefix + "stories"

    def picture(self, digest: str) -> str:
        """STRING: msgpack `KnownPicture`, by the digest of its address.
        Kept: 30 days after an article last showed it, of one that we serve the retention of articles after
        it was last asked for. Written by: gathering, serving.
        """
        return f"{self._prefix}picture:{digest}"

    def pictures(self, source: SourceId, kind: str) -> str:
        """ZSET: digest of a picture's address → when it was noted, ms; of a source, `linked` or `served`.
        Kept: as long as pictures of its kind; at most 5,000 linked and 50,000 served ones of a source: the
        oldest leave, with what is known of them. Written by: gathering, serving.
        """
        return f"{self._prefix}pictures:{kind}:{source}"

    def held(self, source: SourceId) -> str:
        """HASH: `c:` and name → msgpack `HeldArticle`; `k:` and identity key → name.
        Kept: until its embargo ends, at most 800 fields a source. Written by: gathering, release.
        """
        return f"{self._prefix}held:{source}"

    def held_due(self) -> str:
        """ZSET: source and name of each article under embargo → its end in ms, or lease end.
        Kept: until released. Written by: gathering, release.
        """
        return self._prefix + "held:due"

    def held_owners(self) -> str:
        """HASH: source and name → token of the worker that leased it.
        Kept: until released. Written by: release.
        """
        return self._prefix + "held:owners"

    def outbox(self) -> str:
        """STREAM: every event, in order, `event` (msgpack `Event`).
        Kept: until it is fanned out, by deliver or at the latest by sweep (each minute), whether or not there
        are endpoints. Written by: admit.
        """
        return self._prefix + "outbox"

    def outbox_aside(self) -> str:
        """STREAM: `event`, entries of the outbox that could not be read, or whose article could not.
        Kept: until a worker can read it (each looks once a minute); 30 days, the newest 10 000.
        Written by: fan-out, sweep.
        """
        return self._prefix + "outbox:aside"

    def changes(self) -> str:
        """STREAM: `article`, the id of each article that is new, changed or gone, in order.
        Kept: the newest 10 000. Written by: admit, withdrawing, sweep.
        """
        return self._prefix + "changes"

    def listeners(self) -> str:
        """ZSET: address and port on which a process accepts connections → when it last said so, ms.
        Kept: 30 s after that. Written by: every process that listens, each 5 s.
        """
        return self._prefix + "listeners"

    def cursors(self) -> str:
        """HASH: reader → the last entry of the outbox (or last time) that it is done with. `aside`: the last
        entry that was taken back from what was set aside. `effects:NN`: the last one of a
        partition. `bodies`: time and id of the last article whose
        body was swept; `identities`: when those that were not seen for long were
        removed last, ms; `offloaded`: of the last whose text went to the cold store.
        Kept: for ever; of feeds, while configured, and a week. Written by: fan-out, sweep, rank,
        offload.
        """
        return self._prefix + "cursors"
