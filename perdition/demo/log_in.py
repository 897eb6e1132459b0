"""Logging in to a demo server by SASL, whichever protocol carries it."""

from collections.abc import Callable
from typing import TypeAlias

from perdition.demo.mailbox import Account, Store
from perdition.protocol import Credentials, Reason, Secret
from perdition.protocol.sasl import SERVER_MECHANISMS, Challenge, Failure, ServerMechanism

Step: TypeAlias = Challenge | Account | Failure

NO_MECHANISM = Failure("expected a mechanism that is offered")
WRONG = Failure("wrong name or password", Reason.AUTHENTICATION_FAILED)


class LogIn:
    """One client's attempts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mechanism: ServerMechanism | None = None

    def by_password(self, name: bytes, password: Secret) -> Account | Failure:
        """Try a name and a password."""
        return self._store.log_in(Credentials(name, password)) or WRONG

    def start_sasl(self, mechanism: bytes, initial: Secret | None) -> Step:
        """Begin AUTH or AUTHENTICATE."""
        new: Callable[[], ServerMechanism] | None = SERVER_MECHANISMS.get(mechanism.upper())
        if new is None:
            return NO_MECHANISM
        self._mechanism = new()
        return self.step_sasl(initial)

    def step_sasl(self, response: Secret | None) -> Step:
        """Take the client's response to a challenge."""
        if self._mechanism is None:
            return NO_MECHANISM
        step = self._mechanism.step(response)
        return self._store.log_in(step) or WRONG if isinstance(step, Credentials) else step
