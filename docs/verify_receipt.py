"""Check a consent receipt against seals that were kept elsewhere: python verify_receipt.py RECEIPT.json CHECKPOINT

Needs the package cryptography; no site, no database, no network. CHECKPOINT is the file that `seal_ledger --checkpoint`
appends to, a seal a line. Exits 1 where anything does not hold.
"""

import json
import sys
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

GIVEN = {"dpv:ConsentGiven", "dpv:RenewedConsentGiven"}
ENDS = {"withdrawn": "dpv:ConsentWithdrawn", "expired": "dpv:ConsentExpired", "invalidated": "dpv:ConsentInvalidated"}


def check(holds, words):
    if not holds:
        raise ValueError(words)


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def climb(reached, index, size, path):
    """Return the root of an RFC 6962 tree of `size` leaves, from one of them and its audit path."""
    last, siblings = size - 1, [bytes.fromhex(step) for step in path]
    while last > 0:
        if index % 2 or index < last:
            reached = siblings.pop(0) + reached if index % 2 else reached + siblings.pop(0)
            reached = sha256(b"\x01" + reached).digest()
        index, last = index // 2, last // 2
    return b"" if siblings or index else reached


def check_proof(name, proof, checkpoint):
    """The record is under a seal of the checkpoint, and its evidence is what it was made with."""
    record, seal, evidence = proof["record"], proof["seal"], proof["evidence"]
    check(seal, f"{name} is not sealed yet: fetch the receipt again in a minute")
    check(checkpoint.get(seal["number"]) == seal, f"{name} is under a seal that the checkpoint does not have")
    signed = canonical({field: value for field, value in seal.items() if field != "signature"})
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(seal["key"])).verify(bytes.fromhex(seal["signature"]), signed)
    root = climb(sha256(b"\x00" + canonical(record)).digest(), proof["index"], seal["count"], proof["path"])
    check(root.hex() == seal["root"], f"{name} is not what was sealed")
    opened = evidence and sha256(f"{evidence['salt']}\n{evidence['payload']}".encode()).hexdigest()
    check(opened in (None, record["commitment"]), f"{name} has other evidence than it was made with")
    print(f"{name}: as it was sealed, under seal {seal['number']}")


def check_consent(consent, records):
    """What the receipt says of a consent is what its records say."""
    words = {notice["schema:sha256"]: notice["dct:description"] for notice in consent["dpv:hasNotice"]}
    check(all(sha256(text.encode()).hexdigest() == kept for kept, text in words.items()), "other words are shown")
    check({it["words_sha256"] for it in records.values()} <= {*words, ""}, "words that were shown are missing")
    addresses = {json.loads(it["evidence"]["payload"])["address"] for it in consent["proof"] if it["evidence"]}
    check(addresses <= {consent["dpv:hasDataSubject"]["dct:identifier"]}, "it is about somebody else")
    check(len({(it["subject"], it["program"]) for it in records.values()}) == 1, "records of others are mixed in")
    newest = max((it["occurred_at"] for it in records.values() if it["act"] in ENDS), default="")
    for status in consent["dpv:hasConsentStatus"]:
        record, said = records[status["dct:identifier"]], status["@type"]
        fits = said == ENDS[record["act"]] if record["act"] in ENDS else said in {*GIVEN, "dpv:ConsentRequested"}
        on_time = status["dpv:isIndicatedAtTime"]["@value"] == record["occurred_at"]
        check(fits and on_time, f"record {record['id']} is told otherwise")
        is_over = "dct:date" in status["dpv:hasDuration"] or newest < record["occurred_at"]
        check(said not in GIVEN or is_over, f"record {record['id']} looks live and is not")


if __name__ == "__main__":
    receipt, seals = (open(name, encoding="utf-8").read() for name in sys.argv[1:])
    checkpoint = {seal["number"]: seal for seal in map(json.loads, seals.splitlines())}
    try:
        for consent in json.loads(receipt)["dpv:hasRecordOfActivity"]:
            for proof in consent["proof"]:
                check_proof("record {id} ({act}, {occurred_at})".format(**proof["record"]), proof, checkpoint)
            check_consent(consent, {proof["record"]["id"]: proof["record"] for proof in consent["proof"]})
    except (ValueError, LookupError, TypeError, InvalidSignature) as error:
        sys.exit(f"DOES NOT HOLD: {str(error) or 'a seal that its key did not sign'}")
    print("The receipt holds.")
