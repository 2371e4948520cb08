"""What may go wrong between a device and a server, and which answer means which."""

from sealwax.base.errors import SealwaxError
from sealwax.ledger.wire import Trouble
from sealwax.stores.base import (
    CommitExists,
    CommitGap,
    CommitVoid,
    Missing,
    PinLocked,
    StoreError,
    StoreFull,
)
from sealwax.stores.letters import LinkUsed


class ServerUnreachable(StoreError):
    """The server does not answer."""

    code = "server-unreachable"
    hint = "Check the network and the address. Reading works without it; nothing is lost."


class CertificateUntrusted(StoreError):
    """The server shows a certificate that this computer does not trust. Nothing was sent."""

    code = "certificate-untrusted"
    hint = (
        "Check the address. For a server with an authority of its own, add it to those that this"
        " computer trusts, or name its file in SSL_CERT_FILE."
    )


class ServerTrouble(StoreError):
    """The server answers that something is wrong with it, or answers nonsense."""

    code = "server-trouble"
    hint = "Wait, and try again: nothing here is wrong. Its page /status says more."


class AnswerTooLarge(ServerTrouble):
    """An answer goes on beyond what it may have."""


class AccountMissing(StoreError):
    """The server does not have this account: it is another one, or lost what it had."""

    code = "account-missing"
    hint = (
        "Everything goes on here, and waits on this device. Check the address, and ask whoever runs"
        " the server: docs/server.md says what to do where its data is lost."
    )


class ServerRefused(StoreError):
    """The server does not do what it was asked for."""

    code = "server-refused"
    hint = "Run the command again; if it stays, tell whoever runs the server."


class DeviceNotTrusted(StoreError):
    """The account does not trust this device any more."""

    code = "device-not-trusted"
    hint = "Another device removed this one. Link it again, or use the recovery key."


class AccountLocked(StoreError):
    """The operator of the server locked the account, at `since_ms`."""

    code = "account-locked"
    hint = "Ask whoever runs the server. Everything on this device keeps working."

    def __init__(self, sentence: str, since_ms: int | None = None) -> None:
        super().__init__(sentence)
        self.since_ms = since_ms


class QuotaFull(StoreFull):
    """The account's plan is used up: so many bytes of so many."""

    code = "storage-full"
    hint = "`sealwax storage` shows what takes space; `sealwax storage plan` asks for more."

    def __init__(self, sentence: str, used_bytes: int = 0, plan_bytes: int = 0) -> None:
        super().__init__(sentence)
        self.used_bytes = used_bytes
        self.plan_bytes = plan_bytes


class ServerDiskFull(StoreFull):
    """The server's own disk is full, whatever the account's plan."""

    code = "server-disk-full"
    hint = "Tell whoever runs the server. Nothing is lost: it waits on this device."


class InvitationBad(StoreError):
    """The invitation is not known, or was used."""

    code = "invitation-bad"
    hint = "Ask whoever runs the server for a new one: `sealwax admin account create NAME`."


class BadAddress(SealwaxError):
    """The address of the server is none that is used."""

    code = "server-address-bad"
    hint = "Give an address that begins with https://; plain http:// only for this computer."


class OriginUnknown(StoreError):
    """The server does not go by the address that this device calls it by."""

    code = "origin-unknown"
    hint = (
        "Use the address that whoever runs the server gave you. If this is the one, they add it"
        " with `sealwax serve --origin ADDRESS`."
    )


class TokenBad(ServerRefused):
    """The token is too old, or the server was started anew: sign in again."""


_REFUSALS: dict[str, type[StoreError]] = {
    "account-exists": ServerRefused,
    "commit-exists": CommitExists,
    "commit-gap": CommitGap,
    "commit-void": CommitVoid,
    "drop-refused": ServerRefused,
    "pin-locked": PinLocked,
    "not-there": Missing,
    AccountMissing.code: AccountMissing,
    "origin-unknown": OriginUnknown,
    "server-disk-full": ServerDiskFull,
    "device-not-trusted": DeviceNotTrusted,
    "invitation-bad": InvitationBad,
    "link-used": LinkUsed,
    "link-taken": LinkUsed,
    "server-trouble": ServerTrouble,
    "token-bad": TokenBad,
    "token-missing": TokenBad,
    "too-many-uploads": ServerRefused,
}


def refusal(trouble: Trouble, status: int) -> StoreError:
    """The error that an answer tells of."""
    if trouble.code == QuotaFull.code:
        return QuotaFull(trouble.detail, trouble.used_bytes or 0, trouble.plan_bytes or 0)
    if trouble.code == AccountLocked.code:
        return AccountLocked(trouble.detail, trouble.since_ms)
    kind = _REFUSALS.get(trouble.code)
    if kind is None:
        kind = ServerTrouble if status >= 500 else ServerRefused
    return kind(trouble.detail)
