"""Writes the test vectors of docs/format.md: one case a file, the case in the file's name.

    python -m tests.vectors.make

Bytes are hex. Making them again gives the same bytes. The vectors are part of the format: a change
that alters one needs a new version of what it describes.
"""

import json
from pathlib import Path
from unittest.mock import patch

from sealwax.crypto import key_packet
from tests.vectors.crypto_cases import Case, crypto_cases
from tests.vectors.disowning_cases import disowning_cases
from tests.vectors.fixed_hpke import FixedHpke
from tests.vectors.ledger_cases import ledger_cases
from tests.vectors.model_cases import model_cases
from tests.vectors.segment_cases import segment_cases
from tests.vectors.vault_cases import vault_cases

FOLDER = Path(__file__).parent


def cases() -> list[Case]:
    """Every vector: its name and its content."""
    with patch.object(key_packet, "_HPKE", FixedHpke()):
        made = (
            crypto_cases(),
            model_cases(),
            segment_cases(),
            ledger_cases(),
            vault_cases(),
            disowning_cases(),
        )
        found = [case for cases_ in made for case in cases_]
    assert len({name for name, _ in found}) == len(found)
    return found


def main() -> None:
    for name, content in cases():
        text = json.dumps(content, indent=1, ensure_ascii=True)
        (FOLDER / f"{name}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
