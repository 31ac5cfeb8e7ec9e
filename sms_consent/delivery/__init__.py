"""The worker's side: takes what is due from the outbox to Braze. Nothing else writes there."""

from sms_consent.delivery.worker import Worker, deliver_due, deliver_opt_outs_due, new_courier

__all__ = ["Worker", "deliver_due", "deliver_opt_outs_due", "new_courier"]
