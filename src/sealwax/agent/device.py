"""One device of an account, opened: its history, its outbox, where it writes, how it syncs."""

import msgspec

from sealwax.agent.calendar import stays
from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.base.settings import Settings
from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.account import AccountLog
from sealwax.library.library import Library
from sealwax.stores.mirror import MirrorStore
from sealwax.stores.near import NearStore
from sealwax.sync.apply import Sync
from sealwax.sync.generation import current_zone
from sealwax.sync.journal import Journal
from sealwax.sync.outbox import Outbox
from sealwax.sync.replica import Replica
from sealwax.thumbnail.decoder import Decoder
from sealwax.trust.heads import RememberedHeads
from sealwax.trust.home_keys import Keyring
from sealwax.vault.keys import AccountKeys


class Environment(msgspec.Struct, frozen=True):
    """What the outside world gives: time, chance, secrets typed or set by a person."""

    clock: Clock
    entropy: Entropy
    passphrase: str | None
    keyring: Keyring | None


class Device:
    """What a home comes to when it is open. `mirror` is None where the vault is a folder that
    devices share themselves; `near` is the store on this computer."""

    def __init__(
        self,
        store: MirrorStore | NearStore,
        library: Library,
        log: AccountLog,
        keys: AccountKeys,
        author: MemberKeys,
        heads: RememberedHeads,
        env: Environment,
        settings: Settings,
        decoder: Decoder | None = None,
    ) -> None:
        self.mirror = store if isinstance(store, MirrorStore) else None
        self.near: NearStore = store.near if isinstance(store, MirrorStore) else store
        zone = current_zone(settings, author.member().id)
        clock, entropy = env.clock, env.entropy
        self.author = author
        self.decoder = decoder or Decoder()
        self._env = env
        self._settings = settings
        self._store = store
        self.history = Replica(store, library, log, keys, author, heads, clock, entropy)
        own = Replica(self.near, library, log, keys, author, heads, clock, entropy, zone)
        library.own_zone = zone
        self.outbox = Outbox(own)
        self.journal = Journal(self.history, self.outbox)
        self.sync = Sync(self.journal, self.mirror, settings, clock, stays)

    def reader(self, library: Library, heads: RememberedHeads) -> "Device":
        """The same device with another library: to read beside whoever writes."""
        history = self.history
        return Device(
            self._store,
            library,
            history.log,
            history.keys,
            self.author,
            heads,
            self._env,
            self._settings,
            self.decoder,
        )
