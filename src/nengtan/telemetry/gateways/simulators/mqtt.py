"""A gateway that sends readings to a broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import aiomqtt

from nengtan.telemetry.gateways.mosquitto import topics_of
from nengtan.telemetry.gateways.mqtt import Broker
from nengtan.telemetry.gateways.simulators.course import Course

__all__ = ["send"]


async def send(broker: Broker, body: str, points: Sequence[str], course: Course, times: int, every_s: float) -> int:
    """Send so many messages, each acknowledged by the broker (QoS 1) before the next; how many were."""
    topic = f"{topics_of(body, broker.user)}/up/telemetry"
    async with aiomqtt.Client(
        broker.host, broker.port, username=broker.user, password=broker.password, timeout=10
    ) as client:
        for moment, shown in course.until(times):
            items = [{"p": point, "v": float(shown)} for point in points]
            name = f"{broker.user} {moment.isoformat()}"
            told = {"mid": name, "ts": moment.isoformat(), "items": items}
            await client.publish(topic, json.dumps(told), qos=1)
            await asyncio.sleep(every_s)
    return times
