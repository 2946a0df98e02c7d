"""Opens services, and closes all that was opened, in reverse."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from syndicator.model.clock import Clock, system_clock
from syndicator.resources import Foundation, open_foundation, open_resources
from syndicator.service import Service
from syndicator.settings.settings import Settings


@asynccontextmanager
async def open_service(
    settings: Settings, clock: Clock | None = None, *, wall: Clock = system_clock
) -> AsyncIterator[Service]:
    """Open a service and all below it; without a clock, time is that of Redis. `wall` dates requests."""
    async with (
        open_foundation(settings, clock, wall, migrates=True) as foundation,
        build_service(settings, foundation) as service,
    ):
        yield service


@asynccontextmanager
async def build_service(settings: Settings, foundation: Foundation) -> AsyncIterator[Service]:
    """Open the service of one configuration over a foundation."""
    async with AsyncExitStack() as stack:
        service = Service(await stack.enter_async_context(open_resources(settings, foundation)))
        stack.callback(service.publisher.close)
        stack.push_async_callback(service.pictures.close)
        stack.callback(service.search.close)
        stack.push_async_callback(service.assigner.finish)
        await service.data_loss.begin()
        yield service
