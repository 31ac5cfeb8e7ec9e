"""The queues of Celery. Opt-outs have one of their own, and on many machines workers of their own (rule 4)."""

from django.conf import settings

OPT_OUTS, REST, CHORES = (f"{settings.CELERY_QUEUES}.{name}" for name in ("opt-outs", "rest", "chores"))
