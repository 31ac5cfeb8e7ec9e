"""The outside world on your own machine: a fake Braze, a phone and a mailbox.

An independent implementation of what we call, for development and tests: it imports nothing of the
project it serves, so that a mistake made there cannot be repeated here and go unseen. Tests start it
in their own process (`with Sandbox() as sandbox`), people as one of their own (`python -m …`).
"""

from .app import Sandbox, main
from .hooks import Hooks
from .records import SUBSCRIBED, UNSUBSCRIBED
from .world import World

__all__ = ["SUBSCRIBED", "UNSUBSCRIBED", "Hooks", "Sandbox", "World", "main"]
