"""What a receipt says beyond its proofs must follow from them: whatever else it says, the script refuses it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from sms_consent import services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import Program
from tests.people import ALICE, ALICES_PHONE, BOBS_PHONE, Visit, send_sign_up
from tests.sms_consent.seals.conftest import Check, receipt_of, seal

Json = dict[str, Any]
Forge = Callable[[Json], object]

STATUS, NOTICE, SUBJECT = "dpv:hasConsentStatus", "dpv:hasNotice", "dpv:hasDataSubject"
UNTIL_2099 = {"@type": "dpv:UntilTimeDuration", "dct:date": "2099-01-01T00:00:00.000000+00:00"}


def _of(receipt: Json) -> Json:
    return dict(receipt["dpv:hasRecordOfActivity"][0])


def _refused(check: Check, honest: Json, forgeries: dict[str, Forge]) -> None:
    """Assert that the receipt holds, and that each forgery of its first consent does not."""
    assert check(honest)[0] == 0, check(honest)[1]
    for name, forge in forgeries.items():
        forged = json.loads(json.dumps(honest))
        forge(forged["dpv:hasRecordOfActivity"][0])
        code, said = check(forged)
        assert (code, "DOES NOT HOLD" in said) == (1, True), (name, said)


def _drop(consent: Json, kind: str) -> None:
    consent[STATUS] = [status for status in consent[STATUS] if status["@type"] != kind]


def _drop_withdrawal(consent: Json) -> None:
    """Leave the consent as it stood before it was taken back."""
    _drop(consent, "dpv:ConsentWithdrawn")
    consent[STATUS][0]["dpv:hasDuration"] = {"@type": "dpv:UntilEventDuration", "dct:description": "withdrawal"}
    consent["schema:isActive"] = True


def _add_words(consent: Json) -> None:
    consent[NOTICE][0]["dct:description"] += " And to calls."


def _add_notice(consent: Json) -> None:
    """Show other words beside the true ones, under the same hash."""
    consent[NOTICE].insert(0, {**consent[NOTICE][0], "dct:description": "You agree to everything."})


def _add_true_notice(consent: Json) -> None:
    """Show words that hash to what is said, but that nobody was shown."""
    words = "You agree to everything."
    sha = hashlib.sha256(words.encode()).hexdigest()
    consent[NOTICE].append({"dct:identifier": "words-99", "dct:description": words, "schema:sha256": sha})


def _call(consent: Json, name: str) -> None:
    consent[SUBJECT].update({"dct:identifier": name, "dpv:hasIdentifier": name})


def _withhold(consent: Json, name: str) -> None:
    """Claim another name where no evidence is there to contradict it."""
    for proof in consent["proof"]:
        proof["evidence"] = None
    _call(consent, name)


WITHDRAWN: dict[str, Forge] = {
    "another act": lambda it: it["proof"][0]["record"].update(act="confirmed"),
    "another time": lambda it: it["proof"][0]["record"].update(occurred_at="2020-01-01T00:00:00.000000+00:00"),
    "other evidence": lambda it: it["proof"][0]["evidence"].update(payload="{}"),
    "another place in the tree": lambda it: it["proof"][0].update(index=it["proof"][0]["index"] ^ 1),
    "a shorter path": lambda it: it["proof"][0]["path"].pop(),
    "another seal": lambda it: it["proof"][0]["seal"].update(root="0" * 64),
    "a seal that the checkpoint lacks": lambda it: it["proof"][0]["seal"].update(number=99),
    "other words": lambda it: it[NOTICE][0].update({"dct:description": "You agree to everything."}),
    "words added": _add_words,
    "a second notice under the same hash": _add_notice,
    "a notice that nobody was shown": _add_true_notice,
    "no words": lambda it: it[NOTICE].clear(),
    "another state": lambda it: it[STATUS][0].update({"@type": "dpv:ConsentGiven"}),
    "another time of a state": lambda it: it[STATUS][0]["dpv:isIndicatedAtTime"].update({"@value": "2020-01-01"}),
    "a withdrawn consent made to look live": lambda it: it[STATUS][1]["dpv:hasDuration"].clear(),
    "one that is said to be active": lambda it: it.update({"schema:isActive": True}),
    "one that is said to last": lambda it: it[STATUS][1].update({"dpv:hasDuration": UNTIL_2099}),
    "a withdrawal that is said to end": lambda it: it[STATUS][0].update({"dpv:hasDuration": UNTIL_2099}),
    "no withdrawal": _drop_withdrawal,
    "no consent": lambda it: _drop(it, "dpv:ConsentGiven"),
    "no states": lambda it: it[STATUS].clear(),
    "states in another order": lambda it: it[STATUS].reverse(),
    "a state twice": lambda it: it[STATUS].insert(0, it[STATUS][0]),
    "another person": lambda it: _call(it, "mallory@example.com"),
    "another person by the second identifier": lambda it: it[SUBJECT].update({"dpv:hasIdentifier": "mallory"}),
    "another person, and no evidence": lambda it: _withhold(it, "mallory@example.com"),
    "a state of no record": lambda it: it[STATUS][0].update({"dct:identifier": 12345}),
}


def test_forgeries_of_a_withdrawn_consent(ledger: list[int], kept: Path, check: Check) -> None:
    services.withdraw(ALICES_PHONE, source=Source.ONE_CLICK, circumstances=Circumstances())
    seal(kept)
    _refused(check, receipt_of(ALICES_PHONE), WITHDRAWN)


def _tell(kind: str, *, is_active: bool) -> Forge:
    def forge(consent: Json) -> None:
        consent[STATUS][0]["@type"] = kind
        consent["schema:isActive"] = is_active

    return forge


def test_a_request_is_not_told_as_given(ledger: list[int], kept: Path, check: Check) -> None:
    seal(kept)
    forgeries = {
        "given": _tell("dpv:ConsentGiven", is_active=True),
        "unlike": _tell("dpv:ConsentRequested", is_active=True),
    }
    _refused(check, receipt_of(ALICE), forgeries)


def test_nothing_is_told_as_given_after_a_stop(ledger: list[int], kept: Path, check: Check) -> None:
    services.withdraw(ALICES_PHONE, source=Source.KEYWORD, stops=True, circumstances=Circumstances())
    send_sign_up(Client(), "mallory@example.com", ALICES_PHONE, "sms")  # a form lifts no STOP
    seal(kept)
    receipt = receipt_of(ALICES_PHONE)
    tick = _of(receipt)["proof"][2]["record"]

    def revive(consent: Json) -> None:
        given, at = json.loads(json.dumps(consent[STATUS][1])), tick["occurred_at"]
        consent[STATUS][0]["dpv:hasDuration"] = {"@type": "dpv:UntilTimeDuration", "dct:date": at}
        given |= {"dct:identifier": tick["id"], "dpv:hasDuration": consent_open()}
        given["dpv:isIndicatedAtTime"]["@value"] = at
        consent[STATUS].insert(0, given)
        consent["schema:isActive"] = True

    def ask(consent: Json) -> None:
        revive(consent)
        consent[STATUS][0]["@type"] = "dpv:ConsentRequested"
        consent["schema:isActive"] = False

    _refused(check, receipt, {"given": revive, "asked for": ask})


def consent_open() -> Json:
    """Return the duration of what has not ended."""
    return {"@type": "dpv:UntilEventDuration", "dct:description": "withdrawal"}


def test_another_persons_consent_is_refused(ledger: list[int], kept: Path, check: Check) -> None:
    seal(kept)
    receipt, other = receipt_of(ALICES_PHONE), receipt_of(BOBS_PHONE)
    consent = _of(other)
    receipt["dpv:hasRecordOfActivity"].append(consent)
    assert "somebody else" in check(receipt)[1]
    consent[SUBJECT] = receipt["schema:recipient"]
    for proof in consent["proof"]:
        proof["evidence"] = None
    assert "somebody else" in check(receipt)[1]


def test_the_recipient_is_no_other(ledger: list[int], kept: Path, check: Check) -> None:
    seal(kept)
    receipt = receipt_of(ALICES_PHONE)
    receipt["schema:recipient"] = receipt_of(BOBS_PHONE)["schema:recipient"]
    assert "somebody else" in check(receipt)[1]


def test_a_receipt_of_nothing_names_nobody(ledger: list[int], kept: Path, check: Check) -> None:
    seal(kept)
    receipt = receipt_of(ALICES_PHONE)
    receipt["dpv:hasRecordOfActivity"] = []
    assert check(receipt)[0] == 1


@pytest.mark.parametrize("evidence", [{"agent": "eve@example.com"}, {"imported_from": "bob.csv, line 7"}])
def test_where_no_evidence_is_shown_the_person_is_a_keyed_hash(
    programs: dict[str, Program], kept: Path, check: Check, evidence: dict[str, str]
) -> None:
    services.withdraw(ALICE, source=Source.ADMIN, circumstances=Circumstances(**evidence))
    seal(kept)
    receipt = receipt_of(ALICE)
    name = f"sha256:{_of(receipt)['proof'][0]['record']['subject']}"
    assert _of(receipt)[SUBJECT]["dct:identifier"] == receipt["schema:recipient"]["dpv:hasIdentifier"] == name
    assert not any(value in json.dumps(receipt) for value in (*evidence.values(), ALICE))
    _refused(check, receipt, {"a name": lambda it: _call(it, ALICE)})


def test_a_receipt_of_a_confirmed_consent_holds(visit: Visit, kept: Path, check: Check) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    seal(kept)
    receipt = receipt_of(ALICE)
    assert [status["@type"] for status in _of(receipt)[STATUS]] == ["dpv:ConsentGiven", "dpv:ConsentRequested"]
    services.withdraw(ALICE, source=Source.PREFERENCE_PAGE, circumstances=Circumstances())
    seal(kept)
    _refused(
        check,
        receipt_of(ALICE),
        {"no withdrawal": _drop_withdrawal, "active": WITHDRAWN["one that is said to be active"]},
    )


def test_a_seal_of_another_key_is_found(ledger: list[int], kept: Path, check: Check) -> None:
    seal(kept)
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    for line in lines:
        line["key"] = "0" * 64
    kept.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    receipt = receipt_of(ALICES_PHONE)
    for proof in _of(receipt)["proof"]:
        proof["seal"]["key"] = "0" * 64
    assert "DOES NOT HOLD" in check(receipt)[1]
