"""Accounts and those who sign in to them."""

from typing import Annotated

from litestar import get, post, put
from litestar.params import HeaderParameter, JSONBody, PathParameter, RawBody

from sealwax.ledger.wire import (
    Challenge,
    MemberSeen,
    PlanRequest,
    Token,
    TokenRequest,
    Usage,
)
from sealwax.server.routes.asked import (
    AccountPath,
    Asked,
    commit_bytes,
    need_welcome,
    origins_of,
    parts_of,
    signed_in,
    threaded,
)


@post("/v1/challenges")
@threaded
def challenge(request: Asked) -> Challenge:
    """A nonce to sign, for a token."""
    return Challenge(need_welcome(request).tokens.challenge().hex())


@put("/v1/accounts/{account:str}", status_code=204)
@threaded
def claim(
    request: Asked,
    account: AccountPath,
    invitation: Annotated[str, HeaderParameter(name="x-invitation", max_length=128)],
    body: RawBody,
) -> None:
    """Begins an account: the body is its first commit."""
    accounts = need_welcome(request).accounts
    accounts.claim(bytes.fromhex(account), invitation, commit_bytes(body))


@get("/v1/recoveries/{member:str}")
@threaded
def find_accounts(
    request: Asked, member: Annotated[str, PathParameter(pattern="^[0-9a-f]{32}$")]
) -> list[str]:
    """The accounts whose recovery key has this id: for a device that has nothing but the key."""
    found = need_welcome(request).accounts.of_recovery(bytes.fromhex(member))
    return [account.hex() for account in found]


@get("/v1/accounts/{account:str}")
@threaded
def usage(request: Asked, account: AccountPath) -> Usage:
    """How full the account is."""
    return parts_of(request).accounts.usage(signed_in(request, account))


@get("/v1/accounts/{account:str}/members")
@threaded
def members(request: Asked, account: AccountPath) -> list[MemberSeen]:
    """When each member last asked for something."""
    return parts_of(request).seen.members(signed_in(request, account))


@post("/v1/accounts/{account:str}/tokens")
@threaded
def token(request: Asked, account: AccountPath, data: JSONBody[TokenRequest]) -> Token:
    """A token for a member that signed a nonce."""
    tokens = need_welcome(request).tokens
    return tokens.issue(bytes.fromhex(account), data, origins_of(request))


@post("/v1/accounts/{account:str}/plan", status_code=204)
@threaded
def ask_for_plan(request: Asked, account: AccountPath, data: JSONBody[PlanRequest]) -> None:
    """Asks the operator for a plan."""
    parts_of(request).accounts.ask_for_plan(signed_in(request, account), data.plan_bytes)


ROUTES = [challenge, claim, find_accounts, usage, members, token, ask_for_plan]
