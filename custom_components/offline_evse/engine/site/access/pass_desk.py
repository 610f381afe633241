"""The desk where guests get passes: issue, extend, revoke, and find by what the guest shows."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ...authorization.authorizer import Authorizer
from ...authorization.passes.attempts import Attempts
from ...authorization.passes.codes import as_typed, new_code, new_handle, new_link_secret
from ...ledger.ledger import Ledger
from ...model.clock import Clock
from ...model.credential import Credential, CredentialKind, HolderKind, PassForm, Terms
from ...model.decision import StopCause
from ...model.guest_pass import IssuedPass, TooManyTriesError
from ...model.id_token import IdToken, IdTokenType
from ..people import People

_KINDS = {
    PassForm.CODE: CredentialKind.PASS,
    PassForm.CARD: CredentialKind.CARD,
    PassForm.BLE_KEY: CredentialKind.BLE_KEY,
}
LONGEST_LINK_SECRET = 64


class PassDesk:
    """Passes are credentials like any other, so that they last over restarts and obey the same rules."""

    def __init__(
        self,
        ledger: Ledger,
        authorizer: Authorizer,
        people: People,
        end_all: Callable[[IdToken, StopCause], None],
        clock: Clock,
    ) -> None:
        """Issue to the list of `authorizer`; `end_all` ends what runs with a credential."""
        self._ledger = ledger
        self._authorizer = authorizer
        self._people = people
        self._end_all = end_all
        self._clock = clock
        self._codes, self._links = Attempts(), Attempts()

    def all(self) -> tuple[Credential, ...]:
        """All passes, by name, those that are over as well."""
        return tuple(known for known in self._authorizer.credentials if known.pass_form is not None)

    def live(self, at: datetime | None = None) -> tuple[Credential, ...]:
        """Passes that are good at a moment, or will be."""
        now = at or self._clock.now()
        return tuple(known for known in self.all() if not known.blocked and not _is_over(known, now))

    def find(self, pass_id: str) -> Credential | None:
        """Return a pass by its id."""
        known = self._authorizer.credentials.find(IdToken(pass_id))
        return known if known is not None and known.pass_form is not None else None

    def of(self, name: str) -> tuple[Credential, ...]:
        """Return the passes of a guest or a room."""
        return tuple(known for known in self.all() if known.name.strip().casefold() == name.strip().casefold())

    async def issue(
        self,
        name: str,
        *,
        valid_until: datetime | None,
        valid_from: datetime | None = None,
        holder: HolderKind = HolderKind.ROOM,
        form: PassForm = PassForm.CODE,
        card: IdToken | None = None,
        key: str | None = None,
        terms: Terms | None = None,
        group: str | None = None,
    ) -> IssuedPass:
        """Issue a pass; `terms` gives its other limits.

        Raises ValueError where a card pass has no card, a key pass no key, the card is somebody's already, or it
        would end before it begins.
        """
        if valid_until is not None and valid_from is not None and valid_until <= valid_from:
            raise ValueError("the pass would end before it begins")
        if (form is PassForm.CARD) is (card is None) or (form is PassForm.BLE_KEY) is (key is None):
            raise ValueError("a card pass needs a card, and a key pass a key")
        token = card or IdToken(new_handle(), IdTokenType.CENTRAL)
        before = self._authorizer.credentials.find(token)
        if before is not None and (before.pass_form is None or not _is_over(before, self._clock.now())):
            raise ValueError("the card is in use")
        credential = Credential(
            id_token=token,
            name=name,
            kind=_KINDS[form],
            holder=holder,
            group=group,
            terms=replace(terms or Terms(), valid_from=valid_from, valid_until=valid_until),
            key=key,
            pass_form=form,
        )
        return await self._hand_over(credential)

    async def renew_code(self, pass_id: str) -> IssuedPass:
        """Give a pass a new code and a new link; the old ones are good for nothing. Raises KeyError."""
        return await self._hand_over(self._known(pass_id))

    async def extend(self, pass_id: str, valid_until: datetime | None) -> Credential:
        """Let a pass end later, or earlier; what runs with it goes along. Raises KeyError."""
        known = self._known(pass_id)
        changed = replace(known, terms=replace(known.terms, valid_until=valid_until))
        await self._people.enrol(changed)
        return changed

    async def revoke(self, pass_id: str) -> bool:
        """Take a pass back and end what runs with it; returns whether there was one."""
        known = self.find(pass_id)
        if known is None:
            return False
        await self._people.remove(known.id_token)
        self._end_all(known.id_token, StopCause.REVOKED)
        return True

    def by_code(self, code: str, place: str) -> Credential | None:
        """Return the live pass with this code, as it was typed at a place; None: there is none.

        Raises TooManyTriesError while nobody is heard at that place, or anywhere.
        """
        typed = as_typed(code)
        found = self._open(self._codes, place, None if typed is None else self._ledger.hash_of("pass-code", typed))
        return found if found is not None and found.code_hash is not None else None

    def by_link(self, secret: str, place: str) -> Credential | None:
        """Return the live pass whose link carries this secret. Raises TooManyTriesError."""
        sane = 0 < len(secret) <= LONGEST_LINK_SECRET
        return self._open(self._links, place, self._ledger.hash_of("pass-link", secret) if sane else None)

    def behind(self, id_token: IdToken, station_id: str, *, shown: bool) -> IdToken:
        """Return the pass whose code was typed at a charger's keypad; what is no code of a pass stays as it is.

        OCPP 1.6 does not tell what was typed from what was read, so every number that could be a code is looked up.
        `shown`: it is presented now, so a wrong one counts as a try, and none is heard while somebody has to wait.
        """
        credentials = self._authorizer.credentials
        if credentials.find(id_token) is not None or (typed := as_typed(id_token.value)) is None:
            return id_token
        found = credentials.by_secret(self._ledger.hash_of("pass-code", typed))
        if shown:
            now_s = self._clock.monotonic()
            if self._codes.wait_s(station_id, now_s) > 0:
                return id_token
            if found is None:
                self._codes.wrong(station_id, now_s)
            else:
                self._codes.right(station_id)
        return id_token if found is None else found.id_token

    def _open(self, attempts: Attempts, place: str, secret_hash: str | None) -> Credential | None:
        now_s = self._clock.monotonic()
        if (wait_s := attempts.wait_s(place, now_s)) > 0:
            raise TooManyTriesError(wait_s)
        found = None if secret_hash is None else self._authorizer.credentials.by_secret(secret_hash)
        if found is None or found.blocked or _is_over(found, self._clock.now()):
            attempts.wrong(place, now_s)
            return None
        attempts.right(place)
        return found

    async def _hand_over(self, credential: Credential) -> IssuedPass:
        if credential.pass_form is not PassForm.CODE:
            await self._people.enrol(credential)
            return IssuedPass(credential=credential)
        live_count = len(self.live())
        code = new_code(live_count)
        while self._authorizer.credentials.by_secret(self._ledger.hash_of("pass-code", code)) is not None:
            code = new_code(live_count)
        secret = new_link_secret()
        credential = replace(
            credential,
            code_hash=self._ledger.hash_of("pass-code", code),
            link_hash=self._ledger.hash_of("pass-link", secret),
        )
        await self._people.enrol(credential)
        return IssuedPass(credential=credential, code=code, link_secret=secret)

    def _known(self, pass_id: str) -> Credential:
        known = self.find(pass_id)
        if known is None:
            raise KeyError(pass_id)
        return known


def _is_over(credential: Credential, at: datetime) -> bool:
    return credential.terms.valid_until is not None and credential.terms.valid_until <= at
