"""What a person is asked, in words."""

import pytest

from sealwax.agent.questions import Asked, question

LAPTOP = Asked(3, "MacBook", False, 5, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            LAPTOP._replace(deleted=60, conversations=4, is_confirmed=True),
            "MacBook deleted 60 messages in 4 conversations (seen here 14:02, confirmed there)."
            " What was deleted is in the trash, and nothing is emptied until you answer.",
        ),
        (
            LAPTOP._replace(purged=1, conversations=1),
            "MacBook purged 1 message in 1 conversation (seen here 14:02). A snapshot from before"
            " has the words, and stays until you answer.",
        ),
        (
            LAPTOP._replace(snapshots=("", "wedding")),
            "MacBook let go of 2 snapshots (“wedding”) (seen here 14:02). The snapshots were made"
            " again, and stay until you answer.",
        ),
        (
            LAPTOP._replace(others=1),
            "MacBook took away 1 conversation, contact or file (seen here 14:02). What was deleted"
            " is in the trash, and nothing is emptied until you answer.",
        ),
        (
            LAPTOP._replace(device="", deleted=2, conversations=1),
            "An import, or another device, deleted 2 messages in 1 conversation. What was deleted"
            " is in the trash, and nothing is emptied until you answer.",
        ),
    ],
)
def test_a_question_says_who_what_how_much_and_what_has_become_of_it(
    asked: Asked, told: str
) -> None:
    assert question(asked, "14:02") == told


def test_all_of_it_is_one_sentence() -> None:
    asked = LAPTOP._replace(
        deleted=10, purged=50, conversations=4, others=3, snapshots=("a", "b", "c", "d", "")
    )
    assert question(asked, "14:02").startswith(
        "MacBook deleted 10 messages and purged 50 messages in 4 conversations and took away 3"
        " conversations, contacts or files and let go of 5 snapshots (“a”, “b”, “c”, …)"
    )
