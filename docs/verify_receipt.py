"""Check a consent receipt against seals that were kept elsewhere: python verify_receipt.py RECEIPT.json CHECKPOINT

Needs the package cryptography; no site, no database. CHECKPOINT is what `seal_ledger --checkpoint` appends to."""

import json
import sys
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ASKED, GIVEN = "dpv:ConsentRequested", "dpv:ConsentGiven"
ENDS = {"withdrawn": "dpv:ConsentWithdrawn", "expired": "dpv:ConsentExpired", "invalidated": "dpv:ConsentInvalidated"}
NOW = {"@type": "dpv:UntilEventDuration", "dct:description": "withdrawal"}
canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def check(holds, words):
    if not holds:
        raise ValueError(words)


def check_proof(name, record, seal, evidence, index, path):
    """The record is under that seal (RFC 6962, section 2.1), and its evidence is what it was made with."""
    signed = canonical({field: value for field, value in seal.items() if field != "signature"}).encode()
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(seal["key"])).verify(bytes.fromhex(seal["signature"]), signed)
    reached, last, path = sha256(b"\x00" + canonical(record).encode()).digest(), seal["count"] - 1, path[:]
    while last > 0:
        if index % 2 or index < last:
            beside = bytes.fromhex(path.pop(0))
            reached = sha256(b"\x01" + (beside + reached if index % 2 else reached + beside)).digest()
        index, last = index // 2, last // 2
    check((reached.hex(), index, path) == (seal["root"], 0, []), f"{name} is not what was sealed")
    opened = evidence and sha256(f"{evidence['salt']}\n{evidence['payload']}".encode()).hexdigest()
    check(opened in (None, record["commitment"]), f"{name} has other evidence than it was made with")
    print(f"{name}: as it was sealed, under seal {seal['number']}")


def check_states(told, records):
    """Fold the acts, oldest first: each is told as what it made of the consent. Returns whether that is given now."""
    state, basis, stopped, near, last, gone = None, 0, False, "", {}, {"occurred_at": "", "source": "import"}
    for it in (it for it in records if it["source"] != "import" or it["act"] not in ("requested", "expired")):
        act, at, texted, imported = it["act"], it["occurred_at"], it["source"] == "keyword", it["source"] == "import"
        agreed = act == "confirmed" or (act == "granted" and (it["proven"] or texted or imported or state is None))
        held = (stopped and not texted) or (act == "confirmed" and state != ASKED) or (state == GIVEN and not agreed)
        held = at <= gone["occurred_at"] or ((state == GIVEN or gone["source"] != "import") if imported else held)
        begun = state in (ASKED, GIVEN)
        about = it["request"] == basis or (act == "invalidated" and (imported or basis is None))
        ended = act == "withdrawn" or (about and begun and (state == ASKED or act == "invalidated"))
        counts = ended if act in ENDS else not (begun or held or imported or at == near)
        near = at if act in ENDS else near
        is_told, state = bool(told) and told[0]["dct:identifier"] == it["id"], state or ""
        check(is_told or not counts, f"what record {it['id']} made of it is not told")
        if is_told:
            state, until = ENDS.get(act, GIVEN if agreed else ASKED), {"@type": "dpv:UntilTimeDuration", "dct:date": at}
            fits = last.get("dpv:hasDuration", until) == until and (act in ENDS or not held)
            last, stopped = told.pop(0), act in ENDS and (stopped or it["stops"])
            basis = None if imported else it["request"] or (basis if act == "confirmed" else it["id"])
            said = last["@type"].replace("Renewed", ""), last["dpv:isIndicatedAtTime"]["@value"]
            check(fits and said == (state, at), f"record {it['id']} is told otherwise")
            gone = it if act in ("withdrawn", "invalidated") else gone
    check(not told and last.get("dpv:hasDuration", NOW) == NOW, "there are states of no record")
    return state == GIVEN


def check_receipt(receipt, checkpoint):
    """All is about one person, who goes by the address that the evidence shows or else by its keyed hash."""
    proofs = [proof for consent in receipt["dpv:hasRecordOfActivity"] for proof in consent["proof"]]
    for it in proofs:
        name = "record {id} ({act}, {occurred_at})".format(**it["record"])
        check(it["seal"], f"{name} is not sealed yet: fetch the receipt again in a minute")
        check(checkpoint.get(it["seal"]["number"]) == it["seal"], f"{name} is under a seal that the checkpoint lacks")
        check_proof(name, **it)
    subjects = {it["record"]["subject"] for it in proofs}
    shown = {json.loads(it["evidence"]["payload"])["address"] for it in proofs if it["evidence"]}
    persons = [receipt["schema:recipient"], *(it["dpv:hasDataSubject"] for it in receipt["dpv:hasRecordOfActivity"])]
    named = {person[name] for person in persons for name in ("dct:identifier", "dpv:hasIdentifier")}
    check(len(subjects) == 1 and named == (shown or {f"sha256:{it}" for it in subjects}), "it is about somebody else")
    for consent in receipt["dpv:hasRecordOfActivity"]:
        records = [proof["record"] for proof in consent["proof"]]
        words = [(it["dct:identifier"], it["schema:sha256"], it["dct:description"]) for it in consent["dpv:hasNotice"]]
        shown = sorted((name, sha, sha256(text.encode()).hexdigest()) for name, sha, text in words)
        was = {(f"words-{it['disclosure']}", *[it["words_sha256"]] * 2) for it in records if it["disclosure"]}
        check(shown == sorted(was), "other words are shown")
        in_order = records == sorted(records, key=lambda it: it["occurred_at"])
        check(in_order and len({it["program"] for it in records}) == 1, "records are mixed up")
        is_given = check_states(consent["dpv:hasConsentStatus"][::-1], records)
        check(consent["schema:isActive"] is is_given, "it is told as in force, or as over, and is not")


if __name__ == "__main__":
    try:
        receipt, seals = (open(name, encoding="utf-8").read() for name in sys.argv[1:])
        check_receipt(json.loads(receipt), {seal["number"]: seal for seal in map(json.loads, seals.splitlines())})
    except (ValueError, LookupError, TypeError, InvalidSignature) as error:
        sys.exit(f"DOES NOT HOLD: {str(error) or 'a seal that its key did not sign'}")
    print("The receipt holds.")
