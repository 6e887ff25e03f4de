"""``nengtan serve`` as a real process: it answers, and when it ends, however it ends, nothing is left."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.error import HTTPError

import pytest

from nengtan.config import serving

pytestmark = pytest.mark.slow

NENGTAN = [sys.executable, "-m", "nengtan.config.cli"]


class Site:
    """A folder that is served."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        plain = {name: value for name, value in os.environ.items() if not name.startswith("NENGTAN_")}
        self.environment = plain | {"NENGTAN_DIR": str(folder), "LC_ALL": "en_GB.UTF-8"}
        self.served: list[subprocess.Popen[str]] = []
        subprocess.run([*NENGTAN, "migrate"], env=self.environment, check=True, capture_output=True)

    def serve(self, *options: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
        """The process, and the address it printed."""
        process = subprocess.Popen(
            [*NENGTAN, "serve", "--port", "0", *options],
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.served.append(process)
        line = process.stdout.readline()
        found = re.search(r"http://\S+/", line)
        assert found, line
        return process, found[0]

    def refused(self, *options: str, **environment: str) -> str:
        """The one line of a serve that does not start."""
        done = subprocess.run(
            [*NENGTAN, "serve", *options],
            check=False,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def site(built: Site) -> Iterator[Site]:
    yield built
    for process in built.served:
        for pid in group(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    built.served.clear()


def group(leader: int) -> dict[int, str]:
    """Living processes of a group, with their command lines."""
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,pgid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 3) for line in listed.splitlines()]
    return {int(pid): words for pid, pgid, state, words in rows if int(pgid) == leader and not state.startswith("Z")}


def until_gone(leader: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while group(leader) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not group(leader)


def get(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def test_site_answers_where_it_says(site: Site) -> None:
    _process, address = site.serve()
    status, _headers, body = get(f"{address}healthz", Host="anything.example")
    assert (status, json.loads(body)) == (200, {"status": "ok"}), "whoever watches the site asks by number"
    assert get(f"{address}sign-in/")[0] == 200
    assert get(f"{address}sign-in/", Host="anything.example")[0] == 400


@pytest.mark.parametrize(("name", "kind"), [("nengtan.css", "text/css"), ("nengtan.js", "text/javascript")])
def test_style_and_script_are_typed_and_kept_by_browsers(site: Site, name: str, kind: str) -> None:
    _process, address = site.serve("--no-worker")
    status, headers, _body = get(f"{address}static/ui/{name}")
    assert (status, headers["content-type"].split(";")[0]) == (200, kind)
    assert "max-age=" in headers["cache-control"]
    assert get(f"{address}static/ui/{name}", If_None_Match=headers["etag"])[0] == 304


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_within_seconds(site: Site, how: signal.Signals) -> None:
    process, _address = site.serve("--workers", "2")
    words = " ".join(group(process.pid).values())
    assert "worker" in words
    assert len(group(process.pid)) >= 4
    process.send_signal(how)
    assert process.wait(10) == 0
    until_gone(process.pid, 1)


def test_ctrl_c_at_a_terminal_reaches_everybody_and_ends_all(site: Site) -> None:
    process, _address = site.serve()
    os.killpg(process.pid, signal.SIGINT)
    process.wait(30)
    until_gone(process.pid, 1)


def test_killed_serve_leaves_no_orphan(site: Site) -> None:
    process, _address = site.serve()
    time.sleep(3)
    process.kill()
    process.wait()
    until_gone(process.pid, 10)


def test_killed_worker_is_started_again(site: Site) -> None:
    process, _address = site.serve()
    first = worker_of(process.pid)
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while (again := worker_of(process.pid)) in {0, first} and time.monotonic() < deadline:
        time.sleep(0.1)
    assert again not in {0, first}


def test_killed_web_process_is_started_again(site: Site) -> None:
    process, address = site.serve("--no-worker")
    web = next(pid for pid, words in group(process.pid).items() if "spawn_main" in words)
    os.kill(web, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if get(f"{address}healthz")[0] == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the site did not come back")


def worker_of(leader: int) -> int:
    return next((pid for pid, words in group(leader).items() if words.endswith(" worker")), 0)


def test_without_worker_there_is_none(site: Site) -> None:
    process, _address = site.serve("--no-worker")
    assert worker_of(process.pid) == 0


def test_a_site_nobody_can_sign_in_to_says_how_to_begin(site: Site) -> None:
    def said() -> str:
        process = subprocess.Popen(
            [*NENGTAN, "serve", "--port", "0", "--no-worker"], env=site.environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        assert "http://" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        return process.communicate(timeout=20)[1]

    assert f"nengtan createadmin --dir {site.folder}" in said()
    subprocess.run([*NENGTAN, "createadmin"], env=site.environment, check=True, capture_output=True)
    assert "createadmin" not in said()


def test_taken_port_is_refused_in_one_line(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = site.refused("--port", str(taken.getsockname()[1]))
    assert line.startswith("Error: Cannot listen on 127.0.0.1:")
    assert "--port 0" in line


def test_address_of_another_machine_is_refused_in_one_line(site: Site) -> None:
    assert "Cannot listen on 192.0.2.1" in site.refused("--host", "192.0.2.1", "--port", "0")


def test_database_that_is_not_up_to_date_is_refused_in_one_line(site: Site, tmp_path: Path) -> None:
    assert "nengtan migrate" in site.refused("--port", "0", NENGTAN_DIR=str(tmp_path))


def test_database_out_of_reach_is_refused_in_one_line(site: Site) -> None:
    line = site.refused("--port", "0", NENGTAN_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert line.startswith("Error: The database says: connection")


def test_bad_setting_is_refused_in_one_line(site: Site) -> None:
    assert "NENGTAN_WORKERS: found 'many'" in site.refused("--port", "0", NENGTAN_WORKERS="many")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8600/"),
        ("0.0.0.0", "http://127.0.0.1:8600/"),
        ("::", "http://[::1]:8600/"),
        ("energy.example", "http://energy.example:8600/"),
    ],
)
def test_address_is_one_a_browser_opens(host: str, address: str) -> None:
    assert serving.address_of(host, 8600) == address


@pytest.mark.parametrize("status", [200, 503])
def test_a_site_that_is_not_well_is_up_all_the_same(status: int) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        port = server.server_port
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert serving._answers("127.0.0.1", port)
    assert not serving._answers("127.0.0.1", port)
