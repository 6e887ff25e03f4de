"""Django finds the room's models here."""

from nengtan.ui.jobs.models import Job

__all__ = ["Job"]
