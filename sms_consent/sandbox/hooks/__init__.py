"""The way back: what Braze, or the brand's own Twilio number, tells the site."""

from .sender import HookSender
from .settings import ALL_BUT_REST_API, Hooks

__all__ = ["ALL_BUT_REST_API", "HookSender", "Hooks"]
