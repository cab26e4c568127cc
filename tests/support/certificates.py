"""Certificates for TLS on loopback, good and bad ones, made by the openssl command in a quarter of a second."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

_CONFIGURATION = """
[ca]
default_ca = authority
[authority]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
unique_subject = no
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


class Certificates:
    """An authority of our own in a folder; each server context is named after what is wrong with it."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            raise RuntimeError("these tests need the openssl command (Debian: apt-get install openssl)")
        self._folder = folder
        (folder / "ca.cnf").write_text(_CONFIGURATION)
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01\n")
        self._make_key_and("ca", "-x509", "-days", "2", "-subj", "/CN=Test authority")
        self._sign("good", "IP:127.0.0.1,DNS:localhost", "20200101000000Z", "20490101000000Z")
        self._sign("expired", "IP:127.0.0.1", "20200101000000Z", "20200201000000Z")
        self._sign("future", "IP:127.0.0.1", "20480101000000Z", "20490101000000Z")
        self._sign("wrong_host", "DNS:elsewhere.example", "20200101000000Z", "20490101000000Z")
        names = ("-addext", "subjectAltName=IP:127.0.0.1")
        self._make_key_and("self_signed", "-x509", "-days", "2", "-subj", "/CN=self", *names)

    def client(self) -> ssl.SSLContext:
        """Trusts this authority and nobody else."""
        context = ssl.create_default_context(cafile=str(self._folder / "ca.pem"))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    @property
    def authority(self) -> Path:
        """The certificate of the authority itself."""
        return self._folder / "ca.pem"

    def server(self, name: str, *, with_authority: bool = False) -> ssl.SSLContext:
        """Shows a certificate: `good`, `expired`, `future`, `wrong_host`, `self_signed`; and who signed it, if told."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        shown = self._folder / f"{name}.pem"
        if with_authority:
            chain = self._folder / f"{name}.chain.pem"
            chain.write_text(shown.read_text() + self.authority.read_text())
            shown = chain
        context.load_cert_chain(shown, self._folder / f"{name}.key")
        return context

    def _make_key_and(self, name: str, *what: str) -> None:
        made = f"{name}.pem" if "-x509" in what else f"{name}.csr"
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]
        self._openssl("req", *key, *what, "-out", made)

    def _sign(self, name: str, names: str, start: str, end: str) -> None:
        self._make_key_and(name, "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}")
        issuer = ["-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key"]
        dates = ["-startdate", start, "-enddate", end]
        self._openssl("ca", "-batch", "-notext", *issuer, *dates, "-in", f"{name}.csr", "-out", f"{name}.pem")

    def _openssl(self, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - fixed arguments, in a test
            ["openssl", *arguments],  # noqa: S607
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr}")
