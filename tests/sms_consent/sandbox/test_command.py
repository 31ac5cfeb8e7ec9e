"""`manage.py sandbox`: the settings decide where it listens and where its hooks go."""

import os
import subprocess
import sys

import requests

from tests.sms_consent.sandbox.receiver import TWILIO, receiving, twilio_signature


def test_takes_addresses_and_secrets_from_the_settings():
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "optin_site.settings", "SMS_NUMBER": "+12025550177"}
    env |= {"BRAZE_REST_URL": "http://localhost:0", "EMAIL_URL": "smtp://localhost:0"}  # any port that is free
    env |= {"BRAZE_WEBHOOK_TOKEN": "hook-token", "TWILIO_AUTH_TOKEN": "twilio-secret"}
    command = [sys.executable, "manage.py", "sandbox"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process, receiving() as receiver:
        try:
            url = process.stdout.readline().split()[1] + "__sandbox/"
            sending = requests.get(url + "state", timeout=5).json()["sending"]
            assert (sending["url"], sending["currents"], sending["twilio"]) == ("http://127.0.0.1:8000", True, False)
            requests.post(url + "hooks", json={"url": receiver.url, "hold": False}, timeout=5)
            assert requests.post(url + "hooks/check", json={}, timeout=5).json() == {"status": 200}
            requests.post(url + "hooks", json={"twilio": True}, timeout=5)
            requests.post(url + "phones/%2B12025550101/texts", json={"body": "STOP"}, timeout=5)
            assert requests.post(url + "hooks/flush", json={}, timeout=10).json() == {"waiting": 0}
        finally:
            process.terminate()
    path, headers, form = receiver.arrived[-1]
    assert (path, form["To"]) == (TWILIO, "+12025550177")
    assert headers["X-Twilio-Signature"] == twilio_signature(receiver.url + TWILIO, form, "twilio-secret")
