"""The explorer's server answers who knows the token, from this machine, and nobody else."""

import http.client
import socket
import threading

import pytest

from isthmus.errors import InputError
from isthmus.pages.explorer.places import Asked
from isthmus.pages.explorer.server import LOOPBACK, ExplorerServer


@pytest.fixture(scope="module")
def server(runs, parts_of):
    with ExplorerServer(parts_of(runs["midpoint"], runs["one"]), Asked()) as found:
        threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield found
        found.shutdown()


def answer(server, path, method="GET", **headers):
    connection = http.client.HTTPConnection(LOOPBACK, server.server_port, timeout=20)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    found = connection.getresponse()
    text = found.read().decode()
    connection.close()
    return found, text


def test_the_page_and_its_parts_come_to_who_knows_the_token(server):
    found, text = answer(server, f"/{server.token}/")
    assert (found.status, found.getheader("Content-Type")) == (200, "text/html; charset=utf-8")
    assert '<form class="explore" method="get" data-served="yes"' in text
    found, text = answer(server, f"/{server.token}/part?0-map-0-0-0-0")
    assert found.status == 200
    assert text.startswith("<svg")


def test_the_address_chooses_what_the_page_shows(server):
    _, text = answer(server, f"/{server.token}/?run=1&split=test&alpha=0.25&host=b&layer=fc&value=error_rise&beside=0")
    assert "<h3>fc, into b</h3>" in text
    assert "error rise at alpha 0.25 (percentage points)" in text
    assert '<option value="1" selected>one</option>' in text
    assert "<h2>one, test</h2>" in text
    assert "<h2>midpoint</h2>" in text


def test_what_the_address_asks_for_and_is_not_there_is_passed_over(server):
    for query in ("run=7&beside=x", "split=%3Cscript%3E", "layer=../../etc/passwd", "alpha=nan", "run=-1", "&&==&"):
        found, text = answer(server, f"/{server.token}/?{query}")
        assert found.status == 200
        assert "passwd" not in text
        assert "<script>&" not in text


@pytest.mark.parametrize(
    "path",
    ["/", "", "/x/", "/{}", "/{}/x", "/{}/part", "/{}/part?0-map-0-0-9-0", "/{}/part?../../etc/passwd",
     "/{}/../{}/", "/{}/part/", "*"],
)  # fmt: skip
def test_everything_else_is_not_found_and_says_no_token(path, server):
    found, text = answer(server, path.replace("{}", server.token) or "/no")
    assert found.status == 404
    assert server.token not in text


def test_a_token_is_right_only_as_a_whole(server):
    for token in (server.token[:-1], server.token + "x", server.token.swapcase(), "", "é"):
        connection = socket.create_connection((LOOPBACK, server.server_port), 20)
        host = server.hosts[0]
        connection.sendall(f"GET /{token}/ HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        assert connection.makefile("rb").readline().split()[1] == b"404", token
        connection.close()


def test_tokens_are_long_and_differ(server, runs, parts_of):
    with ExplorerServer(parts_of(runs["midpoint"]), Asked()) as other:
        assert other.token != server.token
        assert len(other.token) >= 32


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "evil.example:{}", "127.0.0.1:{}.evil.example"]
)
def test_a_name_of_another_that_leads_here_is_refused(host, server):
    found, text = answer(server, f"/{server.token}/", Host=host.replace("{}", str(server.server_port)))
    assert found.status == 403
    assert "explore" not in text


def test_localhost_is_a_name_of_this_machine(server):
    found, _ = answer(server, f"/{server.token}/", Host=f"localhost:{server.server_port}")
    assert found.status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_nothing_but_get_is_answered(method, server):
    found, text = answer(server, f"/{server.token}/", method)
    assert found.status == 501
    assert server.token not in text


def test_every_answer_forbids_what_it_does_not_need(server):
    for path in (f"/{server.token}/", f"/{server.token}/part?0-map-0-0-0-0", "/"):
        found, _ = answer(server, path)
        policy = dict(rule.partition(" ")[::2] for rule in found.getheader("Content-Security-Policy").split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in str(policy)
        assert found.getheader("X-Content-Type-Options") == "nosniff"
        assert found.getheader("Referrer-Policy") == "no-referrer", "the token leaves with no link"
        assert found.getheader("Cache-Control") == "no-store"
        assert "Python" not in found.getheader("Server")


def test_it_listens_on_this_machine_alone(server):
    assert server.server_address[0] == "127.0.0.1"


def test_a_connection_that_says_nothing_holds_up_no_other(server):
    silent = socket.create_connection((LOOPBACK, server.server_port), 20)
    found, _ = answer(server, f"/{server.token}/")
    silent.close()
    assert found.status == 200


def test_what_is_no_http_is_refused(server):
    for said in (b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET\r\n\r\n", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n"):
        connection = socket.create_connection((LOOPBACK, server.server_port), 20)
        connection.sendall(said)
        assert b"200" not in connection.makefile("rb").readline()
        connection.close()
    assert answer(server, f"/{server.token}/")[0].status == 200


def test_a_port_that_is_taken_is_named(server, runs, parts_of):
    with pytest.raises(InputError, match=f"got {server.server_port}: Address already in use"):
        ExplorerServer(parts_of(runs["midpoint"]), Asked(), server.server_port)


def test_a_run_that_goes_away_is_said(server, runs, tmp_path, parts_of):
    moved = runs["midpoint"].rename(tmp_path / "moved")
    server._parts.explored._kept.clear()
    found, text = answer(server, f"/{server.token}/part?0-map-0-0-0-0")
    moved.rename(runs["midpoint"])
    assert found.status == 500
    assert "expected a run" in text
