"""The form by which sources and groups are paused: until when, and why."""

from zoneinfo import ZoneInfo

from aiohttp import web

from syndicator.pipeline.sources.source_control import Choice, ControlRefused, SourceControl
from syndicator.web.api.json_api import sentence
from syndicator.web.http.forms import FieldFault, field, local_instant

LONGEST_REASON = 200


async def pause_by_form(
    request: web.Request, control: SourceControl, choice: Choice, zone: ZoneInfo
) -> FieldFault | None:
    """Pause what is chosen as the form says; return what is wrong with the form."""
    reason, text = await field(request, "reason", LONGEST_REASON), await field(request, "until", 40)
    try:
        until = local_instant(text, zone) if text else None
        await control.pause(choice, until=until, reason=reason)
    except ValueError:
        return FieldFault(field="until", key="no_time")
    except ControlRefused as error:
        return FieldFault(field="until", text=sentence(error))
    return None
