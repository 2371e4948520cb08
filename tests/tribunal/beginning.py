"""The account that all trials begin with: made once, and copied for each of them."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from sealwax.agent import place as place_module
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.device import Environment
from sealwax.agent.recovering import recover_home
from sealwax.base.entropy import SystemEntropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.demo.apple_database import ATTACHMENTS, AppleDatabase, AttachmentRow
from tests.homes import NOW_MS, MemoryKeyring, ignore, said, write_threads
from tests.tribunal.clock import MovedClock
from tests.tribunal.place import ADDRESS, Line, Place, Truth, View

OWNER, SECOND, THIEF = 0, 1, 2
NAMES = ("owner", "second", "thief")
SNAPSHOTS = tuple(f"before the trial {number}" for number in range(5))
"""More than a device may let go of in a day without being asked about."""
PHOTO_BYTES = 60_000
WITH_A_PHOTO = "with a photo"
DAY_MS = 24 * 60 * 60 * 1000
_CHATS = (6, 6, 5, 5, 4)


class Begun(NamedTuple):
    """An account with three devices that agree, made once and copied for each trial."""

    folder: Path
    truth: Truth
    recovery_code: str
    keyring: MemoryKeyring


def begin(folder: Path) -> Begun:
    """Makes the account of all trials: three devices, a phone's messages with a photo, a snapshot,
    everything verified."""
    keyring = MemoryKeyring()
    clock = MovedClock(NOW_MS)
    env = Environment(clock, SystemEntropy(), None, keyring)
    place = Place(clock)
    with pytest.MonkeyPatch.context() as patch:
        connect(patch, place)
        homes = [folder / name for name in NAMES]
        code = create_home(homes[OWNER], ADDRESS, NAMES[OWNER], env, "invitation")
        for number in (SECOND, THIEF):
            recover_home(homes[number], ADDRESS, code, NAMES[number], env)
        with open_agent(homes[OWNER], env) as agent:
            agent.import_source(_phone(folder / "phone"), ignore)
            for name in SNAPSHOTS:
                agent.create_snapshot(name)
            assert agent.sync.now().is_verified
        shutil.rmtree(folder / "phone")
        for number in (SECOND, THIEF, OWNER):
            with open_agent(homes[number], env) as agent:
                done = agent.sync.now()
                assert done.is_verified, done
    (truth,) = place.truths.values()
    return Begun(folder, truth, code, keyring)


def _phone(folder: Path) -> Path:
    write_threads(folder, _CHATS)
    database = AppleDatabase(folder)
    photo = "aa/00/photo.bin"
    (folder / ATTACHMENTS / photo).parent.mkdir(parents=True)
    (folder / ATTACHMENTS / photo).write_bytes(bytes(range(250)) * (PHOTO_BYTES // 250))
    handle = database.handle("+15550108888")
    chat = database.direct_chat("+15550108888", handle)
    database.add_messages([said(chat, handle, "with-a-photo", WITH_A_PHOTO, NOW_MS - DAY_MS)])
    row = AttachmentRow(
        "photo", photo, "photo.bin", "application/octet-stream", "public.data",
        NOW_MS - DAY_MS, PHOTO_BYTES,
    )  # fmt: skip
    database.add_attachments([("with-a-photo", row)])
    database.close()
    return folder


def connect(patch: pytest.MonkeyPatch, place: Place) -> None:
    """Has homes reach the double where they would reach a server."""

    def far(url: str, account: bytes, member: MemberKeys) -> View:
        assert url == ADDRESS
        return place.view(account, member.member().id)

    patch.setattr(place_module, "opened_far", far)
    patch.setattr(place_module, "Connection", lambda url: Line(place))
