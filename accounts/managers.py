"""How people are made outside the sign-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import BaseUserManager

if TYPE_CHECKING:
    from accounts.models import User


class UserManager(BaseUserManager["User"]):
    """Makes people who sign in with a code: a password is never set."""

    def create_user(self, email: str, **fields: Any) -> User:
        """Return a new person with this email address, stored in lower case."""
        user = self.model(email=email.lower(), **fields)
        user.set_unusable_password()
        user.full_clean()
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Return a new member of staff who may do everything. A password is ignored: staff use codes too."""
        user = self.create_user(email, is_staff=True, is_superuser=True, **fields)
        addresses = user.emailaddress_set  # type: ignore[attr-defined]
        addresses.create(email=user.email, primary=True)  # or else no code would get them in
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """Find by email address in any case, through the plain unique index."""
        return self.get(email=(username or "").lower())
