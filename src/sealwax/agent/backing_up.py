"""What a backup comes to, in words: what was read back of it, or exactly what is not there."""

import datetime
from typing import NamedTuple

from sealwax.agent.doctor.finding import moment
from sealwax.agent.wording import count, size
from sealwax.sync.proving import Proof


class BackedUp(NamedTuple):
    """What came of a backup: why nothing could be copied, or what was read back of it."""

    why: str = ""
    proof: Proof | None = None

    @property
    def is_whole(self) -> bool:
        """Whether another device could bring all of it back."""
        return not self.why and self.proof is not None and self.proof.is_whole


def backed_up_sentence(done: BackedUp, now_ms: int, zone: datetime.tzinfo | None = None) -> str:
    """One sentence, or two."""
    proof = done.proof
    if done.why or proof is None:
        return f"It is not at the sync store yet: {done.why}"
    if not proof.is_whole:
        return lacking_sentence(proof)
    at = moment(proof.proved_ms, now_ms, zone)
    told = f"Backed up, read back from {proof.place} at {at}"
    if proof.objects:
        told += f": {count(proof.objects, 'sealed object')}, {size(proof.size_bytes)}"
    if proof.unread:
        told += (
            f". {count(proof.unread, 'more piece')} of files are there by its word; they are read"
            " back day by day"
        )
    return f"{told}."


def lacking_sentence(proof: Proof) -> str:
    """What is not there; nothing where all is."""
    if proof.is_whole:
        return ""
    lacking = []
    if proof.lacking:
        messages = f" with {count(proof.messages, 'message')}" if proof.messages else ""
        lacking.append(f"{count(proof.lacking, 'sealed object')}{messages}")
    if proof.steps:
        lacking.append(f"{count(proof.steps, 'step')} of the history")
    return f"Not backed up: {' and '.join(lacking)} could not be read back from {proof.place}."
