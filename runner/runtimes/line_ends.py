"""Line ends in what functions print.

Inside one log record the runtime clients write "\\r" for a line end (Lambda's
log contract, so that a stack trace stays one record); only its last end is
"\\n". People read lines: whoever reads a sandbox's output puts it through
this first, and every line then ends in "\\n".
"""


class LineEnds:
    """Maps "\\r\\n" and "\\r" to "\\n" in a stream that comes in arbitrary pieces."""

    def __init__(self) -> None:
        self._after_return = False

    def feed(self, piece: bytes) -> bytes:
        """The piece with its line ends mapped. Nothing is held back."""
        if not piece:
            return piece
        if self._after_return and piece.startswith(b"\n"):
            # The "\r" before it has been given out as a line end already.
            piece = piece[1:]
            self._after_return = False
            if not piece:
                return piece
        self._after_return = piece.endswith(b"\r")
        if b"\r" not in piece:
            return piece
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
