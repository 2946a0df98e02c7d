"""The part of the key table that endpoints and deliveries are kept in."""

from syndicator.model.ids import EndpointId
from syndicator.store.keys.partitions import Partitions


class DeliveryKeys:
    """Keys of the directory and of events, behind the prefix of a namespace, and of endpoints.

    Keys of an endpoint stand behind the prefix of its partition.
    """

    _prefix: str
    partitions: Partitions

    @property
    def prefix(self) -> str:
        """What all keys begin with: for scripts that make the keys of several endpoints."""
        return self._prefix

    def endpoints(self) -> str:
        """HASH: endpoint id → msgpack record: what it asks for, and since when it is there; of registered
        ones also their owner, and secrets and headers, sealed.
        Kept: configured endpoints, and a week; registered ones until they are removed. Written by: start,
        registering.
        """
        return self._prefix + "endpoints"

    def endpoints_changed(self) -> str:
        """HASH: `:all` → number, raised by each change of an endpoint or its standing; id of a registered
        endpoint → number of its changes.
        Kept: as the endpoints. Written by: start, registering, pausing.
        """
        return self._prefix + "endpoints:changed"

    def endpoints_resting(self) -> str:
        """HASH: endpoint id → `paused` or `disabled`.
        Kept: until it is resumed, as the endpoints. Written by: pausing, settle.
        """
        return self._prefix + "endpoints:resting"

    def standing(self, endpoint: EndpointId) -> str:
        """HASH: how an endpoint stands: `standing`, `reason`, `since_ms`, `last_success_ms`,
        `failing_since_ms`, `failures`, `openings`, `held_until_ms`, `rest_until_ms` (the part of it that
        the receiver asked for), `fell_off`; what bounds it: `cap`, and `gap_ms` and `burst` of its rate;
        `tat_ms`: when its rate lets the next one go, without bursts; `notices`: the revision of
        its last event. While its queue is full: `overflow_position`, behind which its events wait in the
        log, `overflow_since_ms`: when the first of them happened, and `overflow_events`: about how many.
        Where endpoints are spread over partitions, `changes`: how often it was changed.
        Kept: as the endpoint. Written by: pausing, settle.
        """
        return f"{self.partitions.prefix_of(endpoint)}standing:{endpoint}"

    def endpoint_notices(self) -> str:
        """HASH: endpoint id → revision of its last event, where endpoints are spread over partitions.
        Kept: as the endpoint. Written by: settle.
        """
        return self._prefix + "endpoints:notices"

    def handover(self, partition: int) -> str:
        """STREAM: `step` (msgpack: what is queued, what is only closed, other commands): what a partition is
        to do next, where there are several; its cursor says what it did.
        Kept: a minute after it was done. Written by: fan-out, registering, pausing.
        """
        return f"{self._prefix}handover:{partition:02}"

    def left_in_log(self, partition: int) -> str:
        """HASH: endpoint id → msgpack: position before the first event that was left in the log for it, when
        that was logged, and how many there are, where too much is handed over to its partition.
        Kept: until the partition did what was handed over. Written by: fan-out.
        """
        return self.handover(partition) + ":left"

    def effects(self, partition: int) -> str:
        """STREAM: `write` (msgpack: a command): what follows from a delivery in the slot of the namespace,
        where there are several partitions.
        Kept: until it was done. Written by: settle.
        """
        return self.partitions.prefix(partition) + "effects"

    def partition_cursors(self, partition: int) -> str:
        """HASH: where there are several partitions, of what was handed over: `fan-out`: what this one did
        last; `logged`: how far it has the log.
        Kept: for ever. Written by: fan-out.
        """
        return self.partitions.prefix(partition) + "cursors"

    def events(self) -> str:
        """HASH: event id → msgpack `Event`: those that are not packed, and those of former releases.
        Kept: 30 days after it was logged or last queued again. Written by: fan-out, backfills.
        """
        return self._prefix + "events"

    def packed_events(self, number: int) -> str:
        """HASH: 16 bytes that an event id spells → msgpack array: type, subject, revision, time in µs, and
        what else there is, in 64 bytes. Scripts make the number of those bytes, and divide hashes of more
        than 100 fields.
        Kept: 30 days after it was logged or last queued again. Written by: fan-out, backfills.
        """
        return f"{self._prefix}events:{number}"

    def event_hashes(self) -> str:
        """STRING: how many hashes `events:NUMBER` there are; 1 where it is not there.
        Kept: for ever. Written by: fan-out, backfills.
        """
        return self._prefix + "events:hashes"

    def events_requeued(self) -> str:
        """ZSET: event id → when it was last queued again, ms: its event outlives its place in the log.
        Kept: 30 days. Written by: backfills, resending, replays.
        """
        return self._prefix + "events:requeued"

    def events_log(self) -> str:
        """STREAM: `event`, the 16 bytes that the id of each event spells (or the id), in the order of their
        fan-out.
        Kept: 30 days. Written by: fan-out, backfills.
        """
        return self._prefix + "events:log"

    def queues(self, partition: int) -> str:
        """ZSET: endpoint id → when its queue is looked at next, ms (never too late, at times too early).
        Kept: endpoints with deliveries that do not rest. Written by: fan-out, claim, settle.
        """
        return self.partitions.prefix(partition) + "queues"

    def queue(self, endpoint: EndpointId) -> str:
        """ZSET: event id → due time in ms, or lease end while a worker has it.
        Kept: until delivered or dead; of one that rests for its `max_age`; a week after its endpoint left.
        With 10 000, new ones wait in the log of events. Written by: fan-out, refill, claim, settle.
        """
        return f"{self.partitions.prefix_of(endpoint)}queue:{endpoint}"

    def refills(self, partition: int) -> str:
        """ZSET: endpoint id with events in the log → when its queue is refilled next, ms.
        Kept: until nothing of it waits there. Written by: fan-out, refill.
        """
        return self.partitions.prefix(partition) + "refills"

    def queue_owners(self, endpoint: EndpointId) -> str:
        """HASH: event id → token of the worker that leased the delivery.
        Kept: until settled. Written by: claim, settle.
        """
        return f"{self.partitions.prefix_of(endpoint)}owners:{endpoint}"

    def urgent(self, endpoint: EndpointId) -> str:
        """ZSET: those of the queue that go ahead of all others (withdrawals), scored as there.
        Kept: as in the queue. Written by: fan-out, claim, settle.
        """
        return f"{self.partitions.prefix_of(endpoint)}urgent:{endpoint}"

    def behind(self, endpoint: EndpointId) -> str:
        """HASH: event id of a revision that is on its way → event id of the newer one that waits for it.
        Kept: until the older is settled. Written by: fan-out, settle.
        """
        return f"{self.partitions.prefix_of(endpoint)}behind:{endpoint}"

    def tries(self, endpoint: EndpointId) -> str:
        """HASH: event id → attempts so far and the last reason, of deliveries that failed: `2 http_503`; of
        those that are wanted again, the replay and since when: `0  resend@1762344000000`.
        Kept: until delivered; of a dead one, two weeks. Written by: settle, resending, replays.
        """
        return f"{self.partitions.prefix_of(endpoint)}tries:{endpoint}"

    def dead(self, endpoint: EndpointId) -> str:
        """ZSET: event id → when it died, ms.
        Kept: two weeks. Written by: settle.
        """
        return f"{self.partitions.prefix_of(endpoint)}dead:{endpoint}"

    def attempts(self, endpoint: EndpointId) -> str:
        """STREAM: `event`, `subject` (of the event: its article), `type`, `attempt`, `result` (`delivered`,
        `retry`, `dead` or `superseded`), `reason` (status, word, or the newer event), `duration_ms`,
        `answer` (its first KiB, where that is 40 bytes at most), else `answer_id` (its digest).
        Kept: the newest 5 000, for `[retention] attempts`; of endpoints that are there (and a week).
        Written by: settle, fan-out.
        """
        return f"{self.partitions.prefix_of(endpoint)}attempts:{endpoint}"

    def attempt_index(self, endpoint: EndpointId) -> str:
        """STRING: 12 bytes for each attempt: four of the digest of its subject, and its position in the log.
        Kept: as the attempts. Written by: sweep (each minute).
        """
        return f"{self.partitions.prefix_of(endpoint)}attempt_index:{endpoint}"

    def answers(self, endpoint: EndpointId) -> str:
        """HASH: digest → the first KiB of an answer, each once; of more than 1 024, the one that no attempt
        got for longest goes.
        Kept: as the attempts. Written by: settle.
        """
        return f"{self.partitions.prefix_of(endpoint)}answers:{endpoint}"

    def answers_used(self, endpoint: EndpointId) -> str:
        """ZSET: digest of an answer → when an attempt got it last, ms.
        Kept: as the attempts. Written by: settle.
        """
        return f"{self.partitions.prefix_of(endpoint)}answers_used:{endpoint}"

    def replays(self) -> str:
        """HASH: replay id → msgpack `Replay`: what is asked for, and how far it is.
        Kept: a week after it ended; of one owner the newest 50 that ended. Written by: replaying, deliver.
        """
        return self._prefix + "replays"

    def replays_steps(self) -> str:
        """HASH: replay id → how often it was written: who writes it must have read that.
        Kept: as the replay. Written by: replaying, deliver.
        """
        return self._prefix + "replays:steps"

    def replays_due(self) -> str:
        """ZSET: id of a replay that runs → when it is to go on, ms.
        Kept: until it ends. Written by: replaying, deliver.
        """
        return self._prefix + "replays:due"

    def delivered(self, partition: int) -> str:
        """HASH: endpoint id → deliveries that succeeded since the beginning.
        Kept: configured endpoints, and a week. Written by: settle.
        """
        return self.partitions.prefix(partition) + "delivered"
