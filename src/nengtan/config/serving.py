"""The site as one process group: Granian's web processes with the worker beside them, started and stopped together."""

from __future__ import annotations

import http.client
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click
from django.conf import settings
from django.db import connections
from django.utils.translation import gettext as _

from nengtan.config import lifeline

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}
"""Addresses that mean every interface, and where this machine reaches itself then."""

STOP_SECONDS = 5
THREADS = 8


class CannotListen(click.ClickException):
    """The address cannot be had; ends a command with one line that says why."""


def announce(address: str) -> None:
    """Say where the site is."""
    click.echo(_("Serving at %(address)s (Ctrl-C stops).") % {"address": address})
    sys.stdout.flush()


def serve(
    host: str | None = None,
    port: int | None = None,
    workers: int | None = None,
    with_worker: bool = True,
    with_gateways: bool = True,
    on_ready: Callable[[str], None] = announce,
) -> None:
    """Serve until SIGTERM or Ctrl-C; ``on_ready`` gets the address once the site answers there.

    What is None is as the settings say; port 0 is any free one. Gateways run where any is configured.

    Raises:
        CannotListen: the port is taken, or the address is not this machine's.
    """
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from nengtan.telemetry.gateways.running import configured

    multiprocessing.set_start_method("spawn", force=True)  # a fork would copy locks that threads here hold
    host = settings.CONFIG.host if host is None else host
    port = _listenable(host, settings.CONFIG.port if port is None else port)
    gateways = with_gateways and bool(configured())
    _prepare(host)
    server = Granian(
        "nengtan.config.wsgi:application",
        address=host or "127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=workers or settings.CONFIG.workers,
        blocking_threads=THREADS,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    companions = [_Companion(["worker"])] if with_worker else []
    companions += [_Companion(["gateway", "run"])] if gateways else []
    announcer = threading.Thread(target=_announce, args=(host, port, on_ready), daemon=True)
    for companion in companions:
        server.on_startup(companion.start)
    server.on_startup(announcer.start)
    try:
        server.serve()
    finally:
        for companion in companions:
            companion.stop()


def address_of(host: str, port: int) -> str:
    """The address a browser on this machine opens."""
    reached = ANYWHERE.get(host, host)
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{port}/"


def _listenable(host: str, port: int) -> int:
    """The port to listen on, a free one for 0; found out before anything is started."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
            return int(probe.getsockname()[1])
    except OSError as error:
        reason = error.strerror or str(error)
        words = _("Cannot listen on %(host)s:%(port)s (%(reason)s). Choose another with --port, or --port 0 for any.")
        raise CannotListen(words % {"host": host, "port": port, "reason": reason}) from error


def _prepare(host: str) -> None:
    """What the processes about to be started inherit: whom to follow, and the name the site was asked to answer to."""
    os.environ[lifeline.VARIABLE] = str(os.getpid())
    if host not in ANYWHERE and host not in settings.ALLOWED_HOSTS:
        os.environ["NENGTAN_HOSTS"] = ",".join([*settings.ALLOWED_HOSTS, f"[{host}]" if ":" in host else host])
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    connections.close_all()


def _announce(host: str, port: int, on_ready: Callable[[str], None]) -> None:
    pause = threading.Event()
    while not _answers(ANYWHERE.get(host, host), port):
        pause.wait(0.1)
    on_ready(address_of(host, port))


def _answers(host: str, port: int) -> bool:
    """Whether the site is up; one that says it is not well (503) is."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status in (http.client.OK, http.client.SERVICE_UNAVAILABLE)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@dataclass
class _Companion:
    """A ``nengtan`` command that runs as long as the site does, and is started again if it ends before."""

    arguments: list[str]
    _ending: threading.Event = field(default_factory=threading.Event)
    _keeper: threading.Thread | None = None
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        self._ending.set()
        if self._process is not None:
            self._process.terminate()
        if self._keeper is not None:
            self._keeper.join(STOP_SECONDS + 2)

    def _keep(self) -> None:
        command = [sys.executable, "-m", "nengtan", *self.arguments]
        while not self._ending.is_set():
            self._process = subprocess.Popen(command)
            while self._process.poll() is None:
                if self._ending.wait(0.2):
                    self._end(self._process)
            self._ending.wait(1)

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
