"""Celery, for sites that one machine cannot carry (docs/operations.md). Nothing else imports it, nor needs Celery.

`celery -A optin_site worker`, any number of them, and `celery -A optin_site beat`.
"""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "optin_site.settings")

from celery import Celery, signals
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from kombu.entity import Exchange, Queue

from optin_site.queues import CHORES, OPT_OUTS, REST

if not settings.CELERY_BROKER_URL:
    raise ImproperlyConfigured("CELERY_BROKER_URL must be set for Celery, for example amqp://user:password@host/optin.")

app = Celery("optin_site", broker=settings.CELERY_BROKER_URL)
app.conf.update(
    # Acknowledged when done: what a killed process had in hand goes to another one. All of it may be done twice.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_queues=[Queue(name, Exchange(settings.CELERY_QUEUES), routing_key=name) for name in (OPT_OUTS, REST, CHORES)],
    task_default_queue=REST,
    task_create_missing_queues=False,  # a worker that is told of another refuses to start: nobody would ever fill it
    worker_prefetch_multiplier=1,  # who is busy takes nothing that an idle one could do
    broker_connection_retry_on_startup=True,
    timezone=settings.TIME_ZONE,
)
app.autodiscover_tasks(["sms_consent"])


@signals.setup_logging.connect
def keep_the_sites_own_logging(**kwargs: Any) -> None:
    """Being connected is all: Celery then leaves logging as settings.LOGGING has it."""
