"""The cache on Redis: one that does not answer is an empty one, for nothing in it is needed."""

from __future__ import annotations

import logging
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis import RedisError

log = logging.getLogger(__name__)


class Forgiving(RedisCache):
    """Reads and writes what it can."""

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """What is kept, or ``default``, also where Redis does not answer."""
        try:
            return super().get(key, default, version)
        except RedisError as error:
            log.warning("Redis does not answer: %s", error)
            return default

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Keep it if Redis answers."""
        try:
            super().set(key, value, timeout, version)
        except RedisError as error:
            log.warning("Redis does not answer: %s", error)
