"""Operations of metering."""

from ninja import Router

from nengtan.telemetry.api.alarms import router as alarms
from nengtan.telemetry.api.live import router as live
from nengtan.telemetry.api.meters import router as meters
from nengtan.telemetry.api.quality import router as quality
from nengtan.telemetry.api.readings import router as readings
from nengtan.telemetry.api.trees import router as trees

router = Router(tags=["metering"])
for _part in (readings, meters, live, trees, quality, alarms):
    router.add_router("", _part)

__all__ = ["router"]
