"""Django has no Arabic format for a date with its time, and would put them in English order."""

DATETIME_FORMAT = "j F، Y، H:i"
