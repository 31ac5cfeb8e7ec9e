"""Check a receipt against seals kept elsewhere; needs only cryptography: python verify_receipt.py RECEIPT CHECKPOINT"""

import json
import sys
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ASKED, GIVEN, UNHEARD = "dpv:ConsentRequested", "dpv:ConsentGiven", ("requested", "expired")
ENDS = {"withdrawn": "dpv:ConsentWithdrawn", "expired": "dpv:ConsentExpired", "invalidated": "dpv:ConsentInvalidated"}
NOW = {"@type": "dpv:UntilEventDuration", "dct:description": "withdrawal"}
canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def check(holds, words):
    if not holds:
        raise ValueError(words)


def check_states(told, records):
    """Fold the acts, oldest first: each is told as what it made of the consent. Returns whether that is given now."""
    state, basis, stopped, near, last, gone = None, 0, False, "", {}, {"occurred_at": "", "source": "import"}
    inert = {(it["act"], it["occurred_at"]) for it in records if it["source"] != "import" or it["act"] in UNHEARD}
    for it in (it for it in records if it["source"] != "import" or (it["act"], it["occurred_at"]) not in inert):
        act, at, texted, imported = it["act"], it["occurred_at"], it["source"] == "keyword", it["source"] == "import"
        agreed = act == "confirmed" or (act == "granted" and (it["proven"] or texted or imported or state is None))
        held = (stopped and not texted) or (act == "confirmed" and state != ASKED) or (state == GIVEN and not agreed)
        held = at <= gone["occurred_at"] or ((state == GIVEN or gone["source"] != "import") if imported else held)
        about = it["request"] == basis or (act == "invalidated" and (imported or basis is None))
        ended = act == "withdrawn" or (about and (state == ASKED or (state == GIVEN and act == "invalidated")))
        counts = ended if act in ENDS else not (state in (ASKED, GIVEN) or held or imported or at == near)
        near, state = at if act in ENDS else near, state or ""
        if told and told[0]["dct:identifier"] == it["id"]:
            state, until = ENDS.get(act, GIVEN if agreed else ASKED), {"@type": "dpv:UntilTimeDuration", "dct:date": at}
            fits = last.get("dpv:hasDuration", until) == until and (act in ENDS or not held)
            last, stopped, counts = told.pop(0), act in ENDS and (stopped or it["stops"]), False
            basis = None if imported else it["request"] or (basis if act == "confirmed" else it["id"])
            said = last["@type"].replace("Renewed", ""), last["dpv:isIndicatedAtTime"]["@value"]
            check(fits and said == (state, at), f"record {it['id']} is told otherwise")
            gone = it if act in ("withdrawn", "invalidated") else gone
        check(not counts, f"what record {it['id']} made of it is not told")
    check(not told and last.get("dpv:hasDuration", NOW) == NOW, "there are states of no record")
    return state == GIVEN


if __name__ == "__main__":
    sys.excepthook = lambda kind, error, where: print(f"DOES NOT HOLD: {str(error) or kind.__name__}", file=sys.stderr)
    receipt, kept = (open(name, encoding="utf-8").read() for name in sys.argv[1:])
    receipt, kept, subjects, shown = json.loads(receipt), [json.loads(line) for line in kept.splitlines()], set(), set()
    persons = [receipt["schema:recipient"], *(it["dpv:hasDataSubject"] for it in receipt["dpv:hasRecordOfActivity"])]
    for consent in receipt["dpv:hasRecordOfActivity"]:
        for it in consent["proof"]:
            record, seal, evidence, path = map(it.get, ("record", "seal", "evidence", "path"))
            name = "record {id} ({act}, {occurred_at})".format(**record)
            check(seal in kept, f"{name} is under no seal that was kept; a new one is not sealed yet for a minute")
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(seal["key"]))
            key.verify(bytes.fromhex(seal.pop("signature")), canonical(seal).encode())
            reached, index, last = sha256(b"\x00" + canonical(record).encode()), it["index"], seal["count"] - 1
            while last > 0:  # up the tree, by RFC 6962, section 2.1
                if index % 2 or index < last:
                    pair = bytes.fromhex(path.pop(0)), reached.digest()
                    reached = sha256(b"\x01" + b"".join(pair if index % 2 else pair[::-1]))
                index, last = index // 2, last // 2
            check((reached.hexdigest(), index, path) == (seal["root"], 0, []), f"{name} is not what was sealed")
            opened = evidence and sha256(f"{evidence['salt']}\n{evidence['payload']}".encode()).hexdigest()
            check(opened in (None, record["commitment"]), f"{name} has other evidence than it was made with")
            subjects.add(f"sha256:{record['subject']}")
            shown |= {json.loads(evidence["payload"])["address"]} if evidence else set()
            print(f"{name}: as it was sealed, under seal {seal['number']}")
        records = sorted((it["record"] for it in consent["proof"]), key=lambda it: it["occurred_at"])
        check(len({it["program"] for it in records}) == 1, "records of several programs are mixed up")
        words = [(it["dct:identifier"], it["schema:sha256"], it["dct:description"]) for it in consent["dpv:hasNotice"]]
        words = sorted((name, sha, sha256(text.encode()).hexdigest()) for name, sha, text in words)
        was = {(f"words-{it['disclosure']}", *[it["words_sha256"]] * 2) for it in records if it["disclosure"]}
        check(words == sorted(was), "other words are shown")
        is_given = check_states(consent["dpv:hasConsentStatus"][::-1], records)
        check(consent["schema:isActive"] is is_given, "it is told as in force, or as over, and is not")
    names = {it[key] for it in persons for key in ("dct:identifier", "dpv:hasIdentifier")}
    check(len(subjects) == 1 and names == (shown or subjects), "it is about somebody else")
    print("The receipt holds.")
