"""`python -m sms_consent.sandbox`."""

import sys

from .app import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
