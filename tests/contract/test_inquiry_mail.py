"""Inquiries become mails: stored first, sent by one server, tried again, never lost.
SPDX-License-Identifier: MIT
"""
import email
import email.header
import signal
import subprocess
import uuid

import pytest

from harness.backing import Database
from harness.server import Server
from harness.smtp import Certificate, Sink
from harness.wait import eventually

SETTINGS = {"mail.from": "chat@example.com", "inquiry.to": "operators@example.com",
            "kafka.brokers": None, "redis.url": None}
KIM = {"name": "Kim", "email": "kim@example.org", "phone": "010-1234", "message": "Hello"}


@pytest.fixture(name="database")
def own_database(backing):
    """Each test has its own: every server on a database mails what it finds there."""
    made = Database(backing["DATABASE_URL"], f"inquiry_{uuid.uuid4().hex[:12]}").create()
    yield made
    made.drop()


@pytest.fixture(name="start")
def start_fixture(database, tmp_path):
    started = []

    def start(**settings):
        number = len(started) + 1
        settings = {key.replace("__", "."): value for key, value in settings.items()}
        server = Server(tmp_path / f"log-{number}", {
            "server.id": f"{database.name}-{number}", "database.url": database.url, **SETTINGS,
            **settings})
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.kill()


@pytest.fixture(name="sink")
def sink_fixture():
    with Sink() as sink:
        yield sink


@pytest.fixture(name="certificate", scope="module")
def certificate_fixture(tmp_path_factory):
    return Certificate(tmp_path_factory.mktemp("certificate"))


def ask(server, **members):
    return server.http("POST", "/inquiry/upload", json={**KIM, **members})


def row_is(database, **columns):
    """The only row of the table, once it is like that."""
    def row():
        row, = database.rows("SELECT * FROM inquiry")
        return row if columns.items() <= row.items() else {}
    return eventually(row, 20, columns)


def error_of(database):
    return row_is(database)["last_error"] or ""


def make_due(database):
    """As if the pause were over."""
    database.rows("UPDATE inquiry SET next_attempt_at = '2000-01-01'")


def metric(server, name):
    return next(float(line.split()[1]) for line in server.admin("GET", "/metrics").text.splitlines()
                if line.startswith(f"reuse_chat_{name} "))


def text_of(mail):
    return mail.message.get_content().replace("\r\n", "\n")


def test_an_inquiry_is_mailed_as_the_reference_did(start, sink, database):
    server = start(mail__url=sink.url)

    answer = ask(server, name="김철수", message="첫 줄\n.\n둘째 줄 😀")

    assert (answer.status_code, answer.text) == (200, "success")
    mail, = eventually(lambda: sink.mails)
    assert (mail.sender, mail.recipients) == ("chat@example.com", ["operators@example.com"])
    assert mail.message["Subject"] == "[문의]: 김철수"
    assert mail.message["From"] == "chat@example.com"
    assert mail.message["To"] == "operators@example.com"
    assert mail.message["Reply-To"] == "kim@example.org"
    assert mail.message["Message-ID"].startswith("<inquiry.")
    assert mail.message["Date"].datetime.utcoffset().total_seconds() == 0
    assert mail.message.get_content_type() == "text/plain"
    assert text_of(mail) == "첫 줄\n.\n둘째 줄 😀\n 문의자: kim@example.org/010-1234"
    assert max(len(line) for line in mail.raw.split(b"\r\n")) <= 76
    row = row_is(database, state="sent", attempts=1, last_error=None, next_attempt_at=None)
    assert row["sent_at"] >= row["created_at"]
    eventually(lambda: metric(server, "inquiry_sent_total") == 1)
    assert (mail.is_tls, mail.user) == (False, None)


def test_starttls_is_taken_and_the_url_logs_in(start, certificate, database):
    with Sink(tls_context=certificate.context(), auth_required=True, login="right") as sink:
        server = start(mail__url=f"smtp://chat%40example.com:right@localhost:{sink.port}",
                       mail__ca_file=certificate.path)
        ask(server)
        mail, = eventually(lambda: sink.mails)
    assert (mail.is_tls, mail.user) == (True, "chat@example.com")
    row_is(database, state="sent")


def test_a_wrong_password_is_told_and_not_logged(start, certificate, database):
    with Sink(tls_context=certificate.context(), auth_required=True, login="right") as sink:
        server = start(mail__url=f"smtp://chat:wr0ng-secret@localhost:{sink.port}",
                       mail__ca_file=certificate.path)
        ask(server)
        eventually(lambda: "535" in error_of(database))
    row = row_is(database, state="queued", attempts=1)
    assert row["sent_at"] is None and sink.mails == []
    assert "wr0ng-secret" not in server.log()


def test_tls_from_the_start(start, certificate, database):
    with Sink(ssl_context=certificate.context()) as sink:
        server = start(mail__url=f"smtps://127.0.0.1:{sink.port}", mail__ca_file=certificate.path)
        ask(server)
        mail, = eventually(lambda: sink.mails)
    assert mail.message["Subject"] == "[문의]: Kim"
    row_is(database, state="sent")


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_nobody_signed_gets_no_mail(start, certificate, database, scheme):
    kind = "tls_context" if scheme == "smtp" else "ssl_context"
    with Sink(**{kind: certificate.context()}) as sink:
        server = start(mail__url=f"{scheme}://127.0.0.1:{sink.port}")
        ask(server)
        eventually(lambda: "certificate" in error_of(database))
        assert sink.mails == []
    row_is(database, state="queued")


def test_a_mail_server_that_was_down_gets_the_mail_later(start, sink, database):
    sink.stop()
    server = start(mail__url=sink.url)

    assert ask(server).text == "success"
    eventually(lambda: error_of(database))
    row = row_is(database, state="queued", attempts=1)
    assert 55 <= (row["next_attempt_at"] - row["created_at"]).total_seconds() <= 75
    assert metric(server, "inquiry_sent_total") == 0
    sink.start()
    make_due(database)

    mail, = eventually(lambda: sink.mails, 20)
    assert text_of(mail).startswith("Hello\n")
    row_is(database, state="sent", attempts=2, last_error=None)


@pytest.mark.parametrize("attempt, seconds", [(1, 60), (2, 120), (8, 7680), (9, 15360),
                                              (10, 21600), (19, 21600)])
def test_the_pause_doubles_up_to_six_hours(start, sink, database, attempt, seconds):
    sink.refusal = "451 4.7.1 try again later"
    server = start()  # without mail.url nothing is tried
    ask(server)
    server.stop()
    database.rows("UPDATE inquiry SET attempts = %s", attempt - 1)

    start(mail__url=sink.url)

    eventually(lambda: error_of(database) == "451 4.7.1 try again later")
    row_is(database, attempts=attempt, state="queued")
    pause = database.value("SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), next_attempt_at) "
                           "FROM inquiry")
    assert seconds - 20 <= pause <= seconds


def test_the_twentieth_refusal_is_the_last(start, sink, database):
    sink.refusal = "554 5.7.1 no"
    server = start(mail__url=sink.url)
    ask(server)
    eventually(lambda: error_of(database))
    database.rows("UPDATE inquiry SET attempts = 19, next_attempt_at = '2000-01-01'")

    row = row_is(database, state="failed", attempts=20)
    assert (row["last_error"], row["sent_at"], row["next_attempt_at"]) == (
        "554 5.7.1 no", None, None)
    eventually(lambda: metric(server, "inquiry_failed_total") == 1)
    assert "inquiry.failed" in server.log()


INJECTIONS = [
    ("a line in the name", {"name": "Kim\r\nBcc: thief@example.com"}),
    ("LF in the name", {"name": "Kim\nBcc: thief@example.com"}),
    ("CR in the e-mail", {"email": "kim@example.org\rX: y"}),
    ("a line in the phone", {"phone": "1\n2"}),
    ("NUL in the name", {"name": "Kim\0"}),
]


@pytest.mark.parametrize("members", [i[1] for i in INJECTIONS], ids=[i[0] for i in INJECTIONS])
def test_what_would_begin_another_header_is_refused(start, database, members):
    assert ask(start(), **members).status_code == 400
    assert database.rows("SELECT * FROM inquiry") == ()


@pytest.mark.parametrize("email", ["kim@example.org, thief@example.com", "<x>", "김@예.한국", "",
                                   "a b@example.org"])
def test_an_answer_goes_only_to_an_address(start, sink, database, email):
    ask(start(mail__url=sink.url), email=email)

    mail, = eventually(lambda: sink.mails)
    assert "Reply-To" not in mail.message
    assert text_of(mail) == f"Hello\n 문의자: {email}/010-1234"
    row_is(database, state="sent")


@pytest.mark.parametrize("name", ["가" * 255, "a" * 255, "가나 " * 60, "😀한a" * 50,
                                  "=?UTF-8?B?x?= \"quoted\", <a@b> ; \\",
                                  "Subject: x\u2028Bcc: y"])
def test_any_name_arrives_as_it_is(start, sink, name):
    ask(start(mail__url=sink.url), name=name)

    mail, = eventually(lambda: sink.mails)
    raw = email.message_from_bytes(mail.raw)["Subject"]
    decoded = "".join(part.decode(charset or "ascii") if isinstance(part, bytes) else part
                      for part, charset in email.header.decode_header(raw))
    assert decoded == f"[문의]: {name}"
    assert all(len(line) <= 76 for line in raw.split("\r\n"))
    assert set(mail.message.keys()) == {"Date", "From", "To", "Reply-To", "Subject", "Message-ID",
                                        "MIME-Version", "Content-Type",
                                        "Content-Transfer-Encoding"}


def test_a_long_message_arrives_whole(start, sink):
    message = "".join(f"{i}번째 줄\n" for i in range(1500))
    assert ask(start(mail__url=sink.url), message=message).text == "success"

    mail, = eventually(lambda: sink.mails)
    assert text_of(mail) == message + "\n 문의자: kim@example.org/010-1234"


def test_without_mail_url_inquiries_wait(start, sink, database):
    server = start()
    for i in range(11):
        ask(server, name=f"n{i}")
    eventually(lambda: metric(server, "inquiry_queued") == 11)
    assert database.value("SELECT COUNT(*) FROM inquiry WHERE state = 'queued' AND attempts = 0"
                          ) == 11
    server.stop()

    start(mail__url=sink.url)
    eventually(lambda: len(sink.mails) == 11, 20)
    eventually(lambda: database.value("SELECT COUNT(*) FROM inquiry WHERE state = 'sent'") == 11)


def test_several_servers_send_each_inquiry_once(start, sink, database):
    servers = [start(mail__url=sink.url) for _ in range(3)]
    sink.hold()
    for i in range(30):
        ask(servers[i % 3], name=f"n{i}")
    sink.release()

    eventually(lambda: database.value(
        "SELECT COUNT(*) FROM inquiry WHERE state = 'sent' AND attempts = 1") == 30, 40)
    assert sorted(m.message["Subject"] for m in sink.mails) == sorted(
        f"[문의]: n{i}" for i in range(30))
    assert len({m.message["Message-ID"] for m in sink.mails}) == 30


def test_sigterm_waits_for_a_mail_under_way(start, sink, database):
    sink.hold()
    server = start(mail__url=sink.url, drain__timeout="20s")
    ask(server)
    eventually(lambda: sink.waiting == 1)

    server.signal(signal.SIGTERM)
    eventually(lambda: "server.draining" in server.log())
    assert server.child.poll() is None
    sink.release()

    assert server.wait() == 0
    row_is(database, state="sent", attempts=1)
    assert len(sink.mails) == 1


def test_a_killed_server_leaves_the_mail_to_another(start, sink, database):
    sink.hold()
    server = start(mail__url=sink.url)
    ask(server)
    eventually(lambda: sink.waiting == 1)
    server.kill()

    row = row_is(database, state="queued", attempts=1)
    assert row["next_attempt_at"] > row["created_at"]
    sink.stop()  # what it has not answered is not taken
    sink.mails.clear()
    sink.start()
    make_due(database)
    start(mail__url=sink.url)
    row_is(database, state="sent", attempts=2)
    assert len(sink.mails) == 1


def test_a_result_that_the_database_does_not_take_is_told_again(start, sink, database):
    sink.hold()
    server = start(mail__url=sink.url)
    ask(server)
    eventually(lambda: sink.waiting == 1)
    database.rows("RENAME TABLE inquiry TO inquiry_away")
    sink.release()
    eventually(lambda: sink.mails)
    eventually(lambda: "inquiry.not_settled" in server.log())
    database.rows("RENAME TABLE inquiry_away TO inquiry")

    row_is(database, state="sent", attempts=1)
    assert len(sink.mails) == 1


def test_chat_goes_on_while_a_mail_server_hangs(start, sink):
    sink.hold()
    server = start(mail__url=sink.url)
    ask(server)
    eventually(lambda: sink.waiting == 1)

    for i in range(20):
        assert ask(server, name=f"n{i}").text == "success"
    assert server.new_room()


@pytest.mark.parametrize("key, settings", [
    ("mail.url", {"mail.url": "http://127.0.0.1", **SETTINGS}),
    ("mail.from", {"mail.url": "smtp://127.0.0.1", **SETTINGS, "mail.from": None}),
    ("mail.from", {"mail.url": "smtp://127.0.0.1", **SETTINGS, "mail.from": "a\nb@c"}),
    ("inquiry.to", {"mail.url": "smtp://127.0.0.1", **SETTINGS, "inquiry.to": "a@b, c@d"}),
])
def test_settings_that_cannot_send_are_refused(tmp_path, database, key, settings):
    server = Server(tmp_path / "log", {"database.url": database.url, **settings})
    done = subprocess.run(server.command(), env=server.environment(), capture_output=True,
                          text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr.split(":")[1].strip()) == (78, key)
