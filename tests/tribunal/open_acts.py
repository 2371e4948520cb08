"""Acts that are not held yet: the program does not do what their trials ask. docs/threat-model.md
says of each what it costs. Whoever mends one takes it off this list: it has to fail until then."""

HIDDEN = "hiding without a deletion is not counted as taking away"

OPEN_ACTS = {}
