"""Notes to the service manager that started this process: sd_notify(3)."""

import socket
from collections.abc import Callable

from syndicator.observe.logs import get_logger

Notify = Callable[[str], None]

log = get_logger(__name__)


def notifier(address: str) -> Notify:
    """Return what sends a note, such as `READY=1`, to the socket at an address; without one it does nothing.

    `address` is that of NOTIFY_SOCKET: a path, or a name in the abstract namespace of Linux after `@`.
    """

    def notify(note: str) -> None:
        if not address:
            return
        name = "\0" + address[1:] if address.startswith("@") else address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
                sending.sendto(note.encode(), name)
        except OSError as error:
            log.warning("service_manager_not_told", note=note, reason=error.strerror)

    return notify
