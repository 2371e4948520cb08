"""Acts that are not held yet: the program does not do what their trials ask. docs/threat-model.md
says of each what it costs. Whoever mends one takes it off this list: it has to fail until then."""

HIDDEN = "hiding without a deletion is not counted as taking away"

OPEN_ACTS = {
    "test_import_acts.py::test_a_device_says_odd_values_of_a_field[unsent]": HIDDEN,
    "test_hiding_acts.py::test_every_message_becomes_something_else[0]": HIDDEN,
    "test_hiding_acts.py::test_every_message_becomes_something_else[1]": HIDDEN,
    "test_hiding_acts.py::test_every_message_is_placed_nowhere": HIDDEN,
    "test_hiding_acts.py::test_every_message_is_unsent": HIDDEN,
    "test_hiding_acts.py::test_every_message_is_edited[]": HIDDEN,
    "test_hiding_acts.py::test_every_message_is_edited[words that nobody wrote]": HIDDEN,
    "test_hiding_acts.py::test_every_message_had_other_words_from_the_beginning[]": HIDDEN,
    "test_hiding_acts.py::test_every_message_had_other_words_from_the_beginning"
    "[words that nobody wrote]": HIDDEN,
    "test_hiding_acts.py::test_every_message_is_decoded_by_a_newer_version": HIDDEN,
}
