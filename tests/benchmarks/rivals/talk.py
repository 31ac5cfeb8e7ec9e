"""`python talk.py CLIENT URL KEY GROUP PER_CALL SECONDS`: tell Braze of people by a client library, call after call.

Prints JSON: how many people in how many seconds. Run by the Python that has the library.
"""

import json
import sys
import time
from itertools import count


def edx(url: str, key: str):
    """Return what sends attributes with edx-braze-client."""
    from braze.client import BrazeClient

    return BrazeClient(key, url, "app").track_user


def braze(url: str, key: str):
    """Return what sends attributes with braze-client."""
    from braze.client import BrazeClient

    return BrazeClient(api_key=key, api_url=url).user_track


def person(number: int, group: str) -> dict:
    """Return the attributes of a new person."""
    subscribed = [{"subscription_group_id": group, "subscription_state": "subscribed"}]
    return {"external_id": f"rival-{number}", "email": f"rival{number}@example.com", "subscription_groups": subscribed}


def main(client: str, url: str, key: str, group: str, per_call: str, seconds: str) -> None:
    """Send until the time is up."""
    send, each = {"edx-braze-client": edx, "braze-client": braze}[client](url, key), int(per_call)
    people, started = 0, time.perf_counter()
    for call in count():
        if time.perf_counter() - started >= float(seconds):
            break
        send(attributes=[person(call * each + n, group) for n in range(each)])
        people += each
    print(json.dumps({"people": people, "seconds": time.perf_counter() - started}))


main(*sys.argv[1:])
