"""A proxy on the loopback interface that carries every host of a venue to the test exchange, over TLS with a certificate of its own.

What a bot is told of it is ``httpsProxy`` and ``cafile`` alone: it goes on asking the venue's own hosts, by their names.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chatbot.exchanges.testserver.server import Server

#: the hosts of each venue that a bot may ask
HOSTS = {
    "binance": ("api.binance.com", "fapi.binance.com"),
    "bybit": ("api.bybit.com",),
    "bingx": ("open-api.bingx.com",),
    "mexc": ("api.mexc.com",),
    "weex": ("api-contract.weex.com", "api-spot.weex.com"),
}


class Tunnel:
    """Carries what is asked of these hosts to a server that runs already, and notes every name that it was asked for."""

    def __init__(self, server: Server, hosts: Sequence[str], folder: Path) -> None:
        self._server, self._hosts, self._folder = server, hosts, folder
        #: names that somebody wanted to reach, each time
        self.wanted: list[str] = []
        #: True while it lets nobody through
        self.shut = False
        self._closers: list[Any] = []
        self._port = self._inner = 0

    async def __aenter__(self) -> Self:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*_certificate(self._folder, self._hosts))
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._carried)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        self._inner = runner.addresses[0][1]
        outer = await asyncio.start_server(self._asked, "127.0.0.1", 0)
        self._port = outer.sockets[0].getsockname()[1]
        self._closers = [outer, runner]
        return self

    async def __aexit__(self, *_: object) -> None:
        outer, runner = self._closers
        outer.close()
        await runner.cleanup()

    def options(self) -> dict[str, Any]:
        """Return what ``CHATBOT_EXCHANGE_OPTIONS`` must hold for this venue."""
        return {"httpsProxy": f"http://127.0.0.1:{self._port}", "cafile": str(self._folder / "certificate.pem")}

    async def _carried(self, incoming: web.Request) -> web.StreamResponse:
        incoming.match_info["host"] = incoming.host
        return await self._server._serve(incoming)

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer CONNECT for the hosts that are known, and shut the door to all others."""
        head = await reader.readuntil(b"\r\n\r\n")
        verb, name = head.split(b" ")[:2]
        self.wanted.append(name.decode())
        if self.shut or verb != b"CONNECT" or name.decode().removesuffix(":443") not in self._hosts:
            writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            writer.close()
            return
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._inner)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_poured(reader, inner_writer), _poured(inner_reader, writer))


async def _poured(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.close()


def _certificate(folder: Path, hosts: Sequence[str]) -> tuple[Path, Path]:
    """Write a certificate for these hosts, which is its own authority, and its key; return where they are."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an exchange of a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "private.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, private
