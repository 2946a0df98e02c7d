"""The part of the key table that our own hub is kept in."""

from syndicator.model.hub import SubscriberId, TopicName
from syndicator.store.keys.partitions import Partitions


class HubKeys:
    """Keys of topics, behind the prefix of a namespace, and of subscribers and their queues.

    Keys of subscribers stand behind the prefix of the partition of their host.
    """

    _prefix: str
    hub_partitions: Partitions

    def hub_subscriber(self, partition: int, subscriber: SubscriberId) -> str:
        """HASH: `record` (msgpack `Subscriber`, its secret sealed), `token` of its last change.
        Kept: until its lease ends; an hour where it never confirmed. Written by: hub.
        """
        return f"{self.hub_partitions.prefix(partition)}hub:subscriber:{subscriber}"

    def hub_ends(self, partition: int) -> str:
        """ZSET: subscriber id → when it is forgotten, ms.
        Kept: as the subscribers. Written by: hub.
        """
        return self.hub_partitions.prefix(partition) + "hub:ends"

    def hub_topic(self, partition: int, topic: TopicName) -> str:
        """SET: id and host, with a space between, of each subscriber of a topic that has confirmed.
        Kept: as the subscribers. Written by: hub.
        """
        return f"{self.hub_partitions.prefix(partition)}hub:topic:{topic}"

    def hub_host(self, host: str) -> str:
        """SET: id of each subscriber whose callback is on a host.
        Kept: as the subscribers. Written by: hub.
        """
        return f"{self.hub_partitions.prefix_of(host)}hub:host:{host}"

    def hub_topics(self) -> str:
        """HASH: topic → digest of the bytes that it announced last.
        Kept: configured feeds, and a week, then until all subscribers were notified. Written by: hub.
        """
        return self._prefix + "hub:topics"

    def hub_announced(self, partition: int) -> str:
        """HASH: topic → digest that a partition queued its subscribers for, or is about to, where subscribers
        are spread over partitions. Another one in `hub:topics` is not announced in the partition yet.
        Kept: as in `hub:topics`. Written by: hub.
        """
        if self.hub_partitions.is_one:
            return self.hub_topics()
        return self.hub_partitions.prefix(partition) + "hub:announced"

    def hub_fanning(self, partition: int) -> str:
        """HASH: topic → since when its subscribers are being queued, ms.
        Kept: until all are. Written by: hub.
        """
        return self.hub_partitions.prefix(partition) + "hub:fanning"

    def hub_hosts(self, partition: int) -> str:
        """ZSET: host → when its queue is looked at next, ms.
        Kept: while there is something in its queue. Written by: hub.
        """
        return self.hub_partitions.prefix(partition) + "hub:hosts"

    def hub_prompt(self, partition: int) -> str:
        """ZSET: host of subscribers → when it last answered in time, ms. Any other host counts as slow.
        Kept: until an answer does not come in time; a week, the last 100,000 hosts. Written by: hub.
        """
        return self.hub_partitions.prefix(partition) + "hub:prompt"

    def hub_queue(self, host: str) -> str:
        """ZSET: subscriber id → when there is something to say to it, ms, or lease end while a worker has it.
        Kept: until said, or as the subscriber. Written by: hub.
        """
        return f"{self.hub_partitions.prefix_of(host)}hub:queue:{host}"

    def hub_owners(self, host: str) -> str:
        """HASH: subscriber id → token of the worker that leased it.
        Kept: until settled. Written by: hub.
        """
        return f"{self.hub_partitions.prefix_of(host)}hub:owners:{host}"

    def hub_unconfirmed(self, partition: int) -> str:
        """ZSET: id of each subscriber that has not confirmed yet → when it first asked, ms.
        Kept: as the subscribers. Written by: hub.
        """
        return self.hub_partitions.prefix(partition) + "hub:unconfirmed"

    def hub_unconfirmed_hosts(self, partition: int) -> str:
        """ZSET: host → when its queue of those that have not confirmed is looked at next, ms; an hour earlier
        where the host answers in time.
        Kept: while there is something in that queue. Written by: hub.
        """
        return self.hub_partitions.prefix(partition) + "hub:unconfirmed_hosts"

    def hub_unconfirmed_queue(self, host: str) -> str:
        """ZSET: id of a subscriber that has not confirmed → when it is asked back, ms, or lease end.
        Kept: until it has answered, or as the subscriber. Written by: hub.
        """
        return f"{self.hub_partitions.prefix_of(host)}hub:unconfirmed_queue:{host}"

    def hub_unconfirmed_owners(self, host: str) -> str:
        """HASH: id of a subscriber that has not confirmed → token of the worker that leased it.
        Kept: until settled. Written by: hub.
        """
        return f"{self.hub_partitions.prefix_of(host)}hub:unconfirmed_owners:{host}"
