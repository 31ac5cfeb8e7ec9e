"""Rate limits: fixed windows, and headers in each form."""

import pytest

from sms_consent.sandbox.limits import Limits


class Clock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


def test_headers_come_with_every_answer(braze):
    headers = braze.track({"external_id": "a1"}).headers
    assert headers["X-RateLimit-Limit"] == "3000"
    assert int(headers["X-RateLimit-Remaining"]) == 3000
    assert int(headers["X-RateLimit-Reset"]) > 1_500_000_000


def test_one_too_many_is_refused_and_not_applied(braze, world, sandbox):
    sandbox.limits.is_on = True
    sandbox.limits.set("track", requests=1, seconds=3600)
    assert braze.track({"external_id": "a1"}).status_code == 201
    response = braze.track({"external_id": "a2"})
    assert (response.status_code, response.headers["X-RateLimit-Remaining"]) == (429, "0")
    assert world.profile("a2") is None


def test_v1_and_v2_share_their_limit(braze, sandbox, sms):
    sandbox.limits.is_on = True
    sandbox.limits.set("status/set", requests=1, seconds=3600)
    entry = {"subscription_group_id": sms, "subscription_state": "subscribed", "phones": ["+12025550101"]}
    assert braze.set_sms(phone="+12025550101").status_code == 201
    assert braze.post("/v2/subscription/status/set", {"subscription_groups": [entry]}).status_code == 429


def test_windows_start_on_the_clock_not_with_the_first_request():
    clock = Clock()
    limits = Limits(clock, is_on=True)
    limits.set("shared", requests=1, seconds=3600)
    clock.time += 3599
    assert limits.spend("shared")[0]
    clock.time += 1
    assert limits.spend("shared")[0]
    assert not limits.spend("shared")[0]


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        (
            "epoch",
            {
                "X-RateLimit-Limit": "0",
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": "1800000003",
            },
        ),
        ("delta", {"X-RateLimit-Limit": "0", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3"}),
        ("mau", {"X-Ratelimit-Retry-After": "3"}),
    ],
)
def test_a_refusal_says_when_in_the_form_asked_for(form, headers):
    limits = Limits(Clock(), is_on=True)
    limits.form = form
    limits.set("track", requests=0, seconds=3)
    assert limits.spend("track") == (False, headers)
