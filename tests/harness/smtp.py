"""A real mail server that keeps what it gets: plain, with STARTTLS or with TLS from the start.
SPDX-License-Identifier: MIT
"""
import collections
import email
import email.policy
import ssl
import subprocess
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from harness.process import free_port

# raw: what came after DATA, without dot-stuffing; user: who logged in, None: nobody.
Mail = collections.namedtuple("Mail", "sender recipients message raw is_tls user")


class Certificate:
    """Self-signed, for localhost and 127.0.0.1; path: what clients may trust."""

    def __init__(self, folder):
        self.path, self.key = str(folder / "cert.pem"), str(folder / "key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", self.key, "-out",
             self.path, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True, capture_output=True)

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key)
        return context


class Sink:
    """start() and stop() may be repeated, on the same port. login: the only right password.
    refusal: what it answers to DATA instead of taking the mail. hold(): answers wait until
    release()."""

    def __init__(self, login=None, **settings):
        self.port = free_port()
        self.login = login
        self.settings = {**settings, "authenticator": self.authenticate}
        self.controller = None
        self.mails = []
        self.refusal = None
        self.is_open = threading.Event()
        self.is_open.set()
        self.waiting = 0

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    def start(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port,
                                     **self.settings)
        self.controller.start()
        return self

    def stop(self):
        self.release()
        if self.controller:
            self.controller.stop()
        self.controller = None

    def hold(self):
        self.is_open.clear()

    def release(self):
        self.is_open.set()

    # aiosmtpd calls these.

    async def handle_DATA(self, server, session, envelope):
        self.waiting += 1
        await server.loop.run_in_executor(None, self.is_open.wait)
        self.waiting -= 1
        if self.refusal:
            return self.refusal
        self.mails.append(Mail(
            envelope.mail_from, envelope.rcpt_tos,
            email.message_from_bytes(envelope.content, policy=email.policy.default),
            envelope.content, session.ssl is not None, session.auth_data))
        return "250 taken"

    def authenticate(self, _server, _session, _envelope, _mechanism, data):
        return AuthResult(success=data.password.decode() == self.login, handled=False,
                          auth_data=data.login.decode())
