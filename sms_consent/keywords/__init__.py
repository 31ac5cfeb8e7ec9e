"""What inbound texts mean. Pure and table-driven: the tables are in words.py, nothing here knows Django."""

from sms_consent.keywords.choosing import problems
from sms_consent.keywords.matching import Match, Meaning, Words, match
from sms_consent.keywords.normalising import normalise
from sms_consent.keywords.words import CONFIRM, HELP, LISTED, OPT_IN

__all__ = ["CONFIRM", "HELP", "LISTED", "OPT_IN", "Match", "Meaning", "Words", "match", "normalise", "problems"]
