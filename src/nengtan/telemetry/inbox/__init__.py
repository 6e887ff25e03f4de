"""The inbox: every accepted message is on the disk before it is acknowledged, and leaves when the lake has it."""

from nengtan.telemetry.inbox.base import Inbox, Latest, Message, Refused, Stored
from nengtan.telemetry.inbox.opening import open_inbox

__all__ = ["Inbox", "Latest", "Message", "Refused", "Stored", "open_inbox"]
