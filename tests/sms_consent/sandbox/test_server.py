"""What the server itself does: keys, wrong requests, connections, and whom it listens to."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from sms_consent.sandbox import Sandbox, main


def exchange(sandbox, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])), timeout=5) as client:
        client.sendall(raw)
        received = b""
        while block := client.recv(65_536):
            received += block
        return received


@pytest.mark.parametrize("host", ["192.0.2.1", "::", "example.com", ""])
def test_listens_on_loopback_only(host):
    with pytest.raises(ValueError, match="loopback"):
        Sandbox(host=host)


def test_refuses_to_start_elsewhere(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--host", "192.0.2.1"])
    assert stopped.value.code == 2
    assert "loopback" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["evil.example.com", "127.evil.example.com:80", "localhost.example.com"])
def test_refuses_a_foreign_host_name(sandbox, host):
    response = requests.get(sandbox.url + "/", headers={"Host": host}, timeout=5)
    assert response.status_code == 421


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1", "[::1]", "[::1]:8001"])
def test_answers_to_every_name_of_this_machine(sandbox, host):
    assert requests.get(sandbox.url + "/", headers={"Host": host}, timeout=5).status_code == 200


def test_listens_on_ipv6_too():
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6 at all")
    with Sandbox(host="::1") as sandbox:
        assert requests.get(sandbox.url, timeout=5).status_code == 200


@pytest.mark.parametrize("header", ["Bearer wrong", "test-key", ""])
def test_a_wrong_key_is_echoed_and_never_recorded(braze, world, header):
    response = braze.post("/users/track", {"attributes": []}, headers={"Authorization": header})
    assert response.status_code == 401
    assert response.json()["message"].startswith("Invalid API key: ")
    assert response.headers["X-RateLimit-Reset"] == ""
    assert "test-key" not in repr(world.calls)


def test_a_key_may_lack_a_permission(braze, sandbox):
    sandbox.braze.permissions = frozenset({"users.track"})
    assert braze.track({"external_id": "a1"}).status_code == 201
    assert braze.set_sms(phone="+12025550101").status_code == 403


@pytest.mark.parametrize("path", ["/users/track/", "/users/tracks", "/favicon.ico"])
def test_an_unknown_path_is_invalid(braze, path):
    response = braze.post(path, {})
    assert (response.status_code, response.json()) == (404, {"message": "Invalid URL"})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(braze, sandbox, body):
    response = braze.session.post(
        sandbox.url + "/users/track", data=body, headers={"Content-Type": "application/json"}, timeout=5
    )
    assert response.status_code == 400


def test_another_content_type_is_refused(braze, sandbox):
    response = braze.session.post(sandbox.url + "/users/track", data="{}", timeout=5)
    assert response.status_code == 415


def test_more_than_4_mb_is_refused(braze):
    assert braze.track({"external_id": "a1", "x": "y" * 4 * 1024 * 1024}).status_code == 413


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    ],
)
def test_what_is_not_http_is_answered_and_hung_up_on(sandbox, raw):
    assert exchange(sandbox, raw).startswith(b"HTTP/1.1 400 ")


def test_keeps_a_connection_and_answers_without_delay(braze):
    started = time.perf_counter()
    for _ in range(50):
        braze.track({"external_id": "a1"})
    assert time.perf_counter() - started < 50 * 0.02


def test_answers_expect_100_continue(sandbox):
    body = json.dumps({"attributes": [{"external_id": "a1"}]}).encode()
    head = (
        f"POST /users/track HTTP/1.1\r\nAuthorization: Bearer test-key\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    received = exchange(sandbox, head.encode() + body)
    assert received.startswith(b"HTTP/1.1 100 Continue")
    assert b"HTTP/1.1 201 Created" in received


def test_runs_as_a_process_of_its_own_and_stops_when_told():
    command = [sys.executable, "-m", "sms_consent.sandbox", "--port", "0", "--smtp-port", "0", "--key", "k"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        assert requests.get(line.split()[1], timeout=5).status_code == 200
        process.terminate()
        assert process.wait(timeout=5) == 0
