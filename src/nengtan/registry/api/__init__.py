"""Operations of the register."""

from ninja import Router

from nengtan.registry.api.files import router as files
from nengtan.registry.api.institutions import router as institutions
from nengtan.registry.api.parts import router as parts
from nengtan.registry.api.regions import router as regions

router = Router(tags=["registry"])
for _part in (regions, institutions, parts, files):
    router.add_router("", _part)

__all__ = ["router"]
