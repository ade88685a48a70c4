"""One TCP or unix connection of a runtime, or of whatever else runs in its sandbox."""

import asyncio
from typing import cast

from runner.runtime_api import protocol
from runner.runtime_api.live import LiveSession, error_body
from runner.runtime_api.reception import Reception, receive

_EVENTS_PER_TURN = 256
"""After so many events other sandboxes get their turn: a body may come in one-byte chunks."""
_PARKED_LIMIT = 65_536
"""What a client may send ahead while it waits for its `next`."""
_HELD_LIMIT = 4 * 1024 * 1024
"""Unfinished heads that all connections of one sandbox may hold together."""


class Connection(asyncio.Protocol):
    """Parses, hands each request to its reception, and answers in order."""

    def __init__(self, session: LiveSession) -> None:
        self.session = session
        self.parked = False
        self._parser = protocol.Parser()
        self._reception: Reception | None = None
        self._keep_alive = True
        self._ended = False
        self._paused = False
        self._transport: asyncio.Transport

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the session, unless it has ended meanwhile."""
        self._transport = cast(asyncio.Transport, transport)
        if self.session.closed:
            self.abort()
            return
        self.session.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Undo what had begun."""
        self._ended = True
        if self._reception is not None:
            self._reception.lost()
            self._reception = None
        self.session.leave(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes; while an earlier request waits they are only kept, up to a bound."""
        if self._ended:
            return
        self._parser.receive(data)
        if not self.parked:
            self._advance()
        elif self._parser.pending > _PARKED_LIMIT:
            self.abort()

    # -- the receptions' and the session's side

    def reply(self, answer: bytes, *, close: bool = False) -> None:
        """Send the answer to the request at hand and go on with the next one."""
        if self._ended:
            return
        self._reception = None
        self._transport.write(answer)
        if close or not self._keep_alive:
            self._finish()
        elif self.parked:
            self.parked = False
            if self._parser.pending:
                self._resume_soon()

    def accept(self, body: bytes) -> None:
        """202, as for everything a runtime may post."""
        self.reply(protocol.render(202, body))

    def refuse(self, status: int, body: bytes) -> None:
        """Answer with an error and close, which also slows a client that only makes errors."""
        self.reply(protocol.render(status, body, close=True), close=True)

    def abort(self) -> None:
        """Close at once, without sending what is still buffered."""
        self._ended = True
        self._transport.abort()

    # --

    def _finish(self) -> None:
        self._ended = True
        self._transport.close()

    def _resume_soon(self) -> None:
        self._paused = True
        self._transport.pause_reading()
        asyncio.get_running_loop().call_soon(self._resume)

    def _resume(self) -> None:
        self._paused = False
        if self._ended:
            return
        self._transport.resume_reading()
        self._advance()

    def _advance(self) -> None:
        if self._paused:
            return
        try:
            for _ in range(_EVENTS_PER_TURN):
                if self.parked or self._ended:
                    return
                event = self._parser.next_event()
                if event is None:
                    self._check_held()
                    return
                self._take(event)
        except protocol.BadRequest as error:
            self.refuse(error.status, error_body("InvalidRequest", error.message))
            return
        self._resume_soon()

    def _take(self, event: protocol.Event) -> None:
        if isinstance(event, protocol.Head):
            self._keep_alive = event.keep_alive
            self._reception = receive(self, event)
            if event.expects_continue and not self._ended:
                self._transport.write(protocol.CONTINUE)
        elif self._reception is None:
            return
        elif isinstance(event, protocol.Data):
            self._reception.data(event.body)
        else:
            self._reception.end(event.trailers)

    def _check_held(self) -> None:
        if self._parser.pending <= _PARKED_LIMIT:
            return
        if sum(other._parser.pending for other in self.session.connections) > _HELD_LIMIT:
            self.abort()
