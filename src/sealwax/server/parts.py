"""The parts of one server, as its routes use them."""

import dataclasses

from sealwax.server.accounts import Accounts
from sealwax.server.freeing import Freeing
from sealwax.server.limits import Limits
from sealwax.server.links import Links
from sealwax.server.objects import Objects
from sealwax.server.packs import Packs
from sealwax.server.push import Push
from sealwax.server.seen import Seen
from sealwax.server.status import Status
from sealwax.server.tokens import Tokens
from sealwax.server.zones import Zones


@dataclasses.dataclass(frozen=True)
class Parts:
    """The parts of one server."""

    accounts: Accounts
    zones: Zones
    objects: Objects
    freeing: Freeing
    packs: Packs
    tokens: Tokens
    links: Links
    push: Push
    status: Status
    seen: Seen
    limits: Limits
