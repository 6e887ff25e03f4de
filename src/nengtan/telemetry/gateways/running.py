"""The process that meters and collectors talk to: what is configured, side by side, until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from django.conf import settings

from nengtan.telemetry.gateways.collectors import Centre
from nengtan.telemetry.gateways.intake import Intake, Senders
from nengtan.telemetry.gateways.mqtt import Broker, listen
from nengtan.telemetry.gateways.polling import Poller
from nengtan.telemetry.gateways.upload import Uploads
from nengtan.telemetry.models import Device, UploadLink

__all__ = ["PARTS", "configured", "run"]

log = logging.getLogger(__name__)

Part = Callable[[Intake, Senders, Callable[[str], None]], Coroutine[Any, Any, None]]


async def _mqtt(intake: Intake, senders: Senders, ready: Callable[[str], None]) -> None:
    broker = Broker.of(settings.MQTT_URL, str(settings.CONFIG.dir.absolute()))
    await listen(broker, intake, senders, lambda: ready(f"mqtt {broker.host}:{broker.port}"))


async def _collectors(intake: Intake, senders: Senders, ready: Callable[[str], None]) -> None:
    host, _colon, port = settings.COLLECTORS.rpartition(":")
    await Centre(intake, senders, host, int(port)).run(lambda: ready(f"collectors {host}:{port}"))


async def _devices(intake: Intake, senders: Senders, ready: Callable[[str], None]) -> None:
    await Poller(intake, senders).run(lambda: ready("devices"))


async def _uploads(_intake: Intake, _senders: Senders, ready: Callable[[str], None]) -> None:
    await Uploads().run(lambda: ready("uploads"))


PARTS: dict[str, Part] = {"mqtt": _mqtt, "collectors": _collectors, "devices": _devices, "uploads": _uploads}


def configured() -> list[str]:
    """The parts this installation needs."""
    wanted = {
        "mqtt": settings.MQTT_URL, "collectors": settings.COLLECTORS,
        "devices": Device.objects.filter(ended_at=None).exists(),
        "uploads": UploadLink.objects.filter(ended_at=None).exists(),
    }  # fmt: skip
    return [part for part, asked in wanted.items() if asked]


def run(parts: Sequence[str], ready: Callable[[str], None]) -> None:
    """Run parts until SIGTERM or Ctrl-C; ``ready`` is told of each that is up."""
    asyncio.run(_run(parts, ready))


async def _run(parts: Sequence[str], ready: Callable[[str], None]) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    intake, senders = Intake(), Senders()
    tasks = [asyncio.create_task(intake.run(), name="intake")]
    tasks += [asyncio.create_task(PARTS[part](intake, senders, ready), name=part) for part in parts]
    waiting = asyncio.create_task(ended.wait())
    done, _pending = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in (waiting, *tasks):
        task.cancel()
    await asyncio.gather(waiting, *tasks, return_exceptions=True)
    for task in done - {waiting}:
        task.result()
