"""From events to endpoints; from changed feeds to the subscribers of our hub."""

from dataclasses import dataclass

from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.hub.distribution import HubStep
from syndicator.pipeline.hub.subscription_requests import Hub
from syndicator.pipeline.hub.topics import Topics
from syndicator.pipeline.ops.doctor import Doctor
from syndicator.pipeline.webhooks.delivery import DeliverStep
from syndicator.pipeline.webhooks.inspection import Inspecting
from syndicator.pipeline.webhooks.registration import Registering
from syndicator.pipeline.webhooks.replays import Replaying
from syndicator.pipeline.webhooks.resend import Resending
from syndicator.settings.endpoint_registration import Registrations, written
from syndicator.wiring.ground import Ground


@dataclass(frozen=True, kw_only=True)
class Pushing:
    """Endpoints, and what is delivered to them."""

    deliver: DeliverStep
    directory: Directory
    registering: Registering
    inspecting: Inspecting
    resending: Resending
    replaying: Replaying
    doctor: Doctor


@dataclass(frozen=True, kw_only=True)
class OwnHub:
    """Subscribers of our feeds. The step also notifies the configured hubs of others."""

    distribute: HubStep
    hub: Hub | None
    """None: there is none of our own."""


def pushing(ground: Ground) -> Pushing:
    """Wire it."""
    settings, store, clock = ground.settings, ground.store, ground.clock
    directory = Directory(store.endpoints, settings.endpoints, settings.renamed_sources)
    deliver = DeliverStep(
        store,
        ground.egress,
        directory,
        clock,
        ground.rng,
        site=settings.site,
        origins=ground.origins,
        wall=ground.wall,
    )
    registering = Registering(
        store=store,
        directory=directory,
        egress=ground.egress,
        read=Registrations(settings.sources, settings.feeds).read,
        write=written,
        site=settings.site,
        clock=clock,
        wall=ground.wall,
    )
    return Pushing(
        deliver=deliver,
        directory=directory,
        registering=registering,
        inspecting=Inspecting(store, registering, clock),
        resending=Resending(store, registering, clock),
        replaying=Replaying(store, registering, clock),
        doctor=Doctor(store, directory, deliver.fanning_out, clock),
    )


def own_hub(ground: Ground, publisher: Publisher) -> OwnHub:
    """Wire it."""
    settings, store, egress, clock = ground.settings, ground.store, ground.egress, ground.clock
    topics, policy = Topics(settings.site, ground.specs, settings.retired_feeds.values()), settings.hub
    step = HubStep(
        store=store,
        publisher=publisher,
        topics=topics,
        egress=egress,
        policy=policy,
        site=settings.site,
        clock=clock,
        is_time_confirmed=ground.is_time_confirmed,
        rng=ground.rng,
    )
    if policy is None or not settings.site.serves_hub:
        return OwnHub(distribute=step, hub=None)
    hub = Hub(store=store, publisher=publisher, topics=topics, egress=egress, policy=policy, clock=clock)
    return OwnHub(distribute=step, hub=hub)
