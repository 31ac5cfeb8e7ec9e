"""What the tests of imports share with those of the admin and of real processes."""

from tests.sms_consent.admin.conftest import boss

__all__ = ["boss"]
