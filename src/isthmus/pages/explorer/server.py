"""The explorer served to this machine alone: one page and its parts, to those who know the token."""

import hmac
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from isthmus.errors import InputError
from isthmus.pages.explorer.page import explorer_page, served_policy
from isthmus.pages.explorer.parts import Parts
from isthmus.pages.explorer.places import Asked, Places
from isthmus.report.kept import one_page

LOOPBACK = "127.0.0.1"
TOKEN_BYTES = 24
STILL_SECONDS = 20
"""After which a connection that says nothing is closed."""
HEADERS = {
    "Allow": "GET",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
CLOSED = "default-src 'none'; frame-ancestors 'none'"
"""The policy of an answer that is no page."""


class ExplorerServer(ThreadingHTTPServer):
    """A server on the loopback interface.

    Args:
        parts: Of the explored runs.
        asked: What the page shows first.
        port: 0 for any that is free.

    Raises:
        InputError: The port is taken.
    """

    daemon_threads = True

    def __init__(self, parts: Parts, asked: Asked, port: int = 0) -> None:
        self._asked, self._parts, self._places = (
            asked,
            parts,
            Places(parts.explored, range(len(parts.explored.members))),
        )
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self._one_at_a_time = threading.Lock()
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            raise InputError("a free port", f"{port}: {error.strerror}", "--port", "leave it out") from error

    @property
    def address(self) -> str:
        """Of the page, with the token."""
        return f"http://{LOOPBACK}:{self.server_port}/{self.token}/"

    @property
    def hosts(self) -> tuple[str, str]:
        """What a browser on this machine calls the server; any other name was made to lead here by someone else."""
        return f"{LOOPBACK}:{self.server_port}", f"localhost:{self.server_port}"

    def answer(self, path: str, query: str) -> str:
        """A page or a part.

        Args:
            path: What follows the token.
            query: What follows the question mark.

        Returns:
            HTML.

        Raises:
            KeyError: There is no such thing.
        """
        with self._one_at_a_time:
            if path == "part":
                with one_page():
                    return self._parts.part(query)
            if path:
                raise KeyError(path)
            fields = dict(parse_qsl(query, keep_blank_values=True))
            asked = Asked.of(fields, len(self._parts.explored.names)) if fields else self._asked
            return explorer_page(self._parts, self._places, asked, is_served=True)


class _Handler(BaseHTTPRequestHandler):
    server: ExplorerServer
    server_version, sys_version = "isthmus", ""
    timeout = STILL_SECONDS

    def do_GET(self) -> None:
        """Answer with a page or a part; without the token, say no more than that there is nothing here."""
        if self.headers.get("Host") not in self.server.hosts:
            return self._send(HTTPStatus.FORBIDDEN, "Not this host.")
        path, _, query = self.path.partition("?")
        _, token, what = (*path.split("/"), "", "", "")[:3]
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            return self._send(HTTPStatus.NOT_FOUND, "Nothing here: the address that isthmus printed has a token in it.")
        if path != f"/{token}/{what}":
            return self._send(HTTPStatus.NOT_FOUND, "No such view.")
        try:
            text = self.server.answer(what, query)
        except KeyError:
            return self._send(HTTPStatus.NOT_FOUND, "No such view.")
        except InputError as error:
            return self._send(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        return self._send(HTTPStatus.OK, text, "html", CLOSED if what else served_policy())

    def _send(self, status: HTTPStatus, text: str, kind: str = "plain", policy: str = CLOSED) -> None:
        content = text.encode()
        self.send_response(status)
        own = {"Content-Type": f"text/{kind}; charset=utf-8", "Content-Security-Policy": policy}
        for name, value in (HEADERS | own | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no GET, or no HTTP.

        Args:
            code: The status.
            message: Not said, for it may hold the address.
            explain: The same.
        """
        del message, explain
        self._send(HTTPStatus(code), HTTPStatus(code).phrase)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: addresses hold the token."""
