"""auth.mode=jwt: which tokens are taken, on STOMP and on REST; what is open and what is not.
SPDX-License-Identifier: MIT
"""
import base64
import contextlib
import hashlib
import hmac
import json
import time
import uuid

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harness.http import once

SECRET = "a secret of at least thirty-two bytes"


def claims(user="buyer@x", seconds=600, **more):
    made = {"sub": user, "exp": int(time.time()) + seconds, **more}
    return {k: v for k, v in made.items() if v is not None}


def token(user="buyer@x", key=SECRET, alg="HS256", headers=None, **more):
    return jwt.encode(claims(user, **more), key, algorithm=alg, headers=headers)


def raw_token(header, body, signature=b"x"):
    """A token that no library would make."""
    return ".".join(base64.urlsafe_b64encode(
        part if isinstance(part, bytes) else json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (header, body, signature))


def pem_of(private):
    return private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


RSA, EC = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def server(start_server):
    return start_server({"auth.mode": "jwt", "auth.jwt_secret": SECRET})


@pytest.fixture(scope="module")
def room(server):
    tag = uuid.uuid4().hex[:8]
    buyer, seller = f"buyer-{tag}@x", f"seller-{tag}@x"
    made = call(server, "POST", f"/room/create?user={seller}&name=bike", buyer)
    assert made.status == 200, made.text
    return json.loads(made.text)[0]["room"]["roomUUID"], buyer, seller


def bearer(user):
    return [f"Authorization: Bearer {token(user)}"] if user else []


def call(server, method, path, user=None, body="", headers=None):
    return once(server.url, f"{method} {path}", *(bearer(user) if headers is None else headers),
                f"Content-Length: {len(body)}", body=body)


def connect(server, **headers):
    """A client that sent CONNECT with these headers."""
    client = server.stomp()
    client.frame("CONNECT", **{"accept-version": "1.2", **headers})
    return client


# --- tokens ------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [
    lambda t: {"Authorization": f"Bearer {t}"}, lambda t: {"passcode": t},
    lambda t: {"passcode": "nonsense", "Authorization": f"Bearer {t}"}])
def test_connect_with_a_token(server, headers):
    with connect(server, sender="liar@x", **headers(token("김@x"))) as client:
        connected = client.expect("CONNECTED")
    assert connected.headers["user-name"] == "김@x"
    assert 590_000 < int(connected.headers["expires-in"]) <= 600_000


BAD = [
    ("none at all", None, "auth_required"), ("an empty one", "", "auth_required"),
    ("expired", token(seconds=-1), "token_expired"),
    ("no exp", token(exp=None), "token_invalid"), ("exp as text", token(exp="x"), "token_invalid"),
    ("exp 0", token(exp=0), "token_invalid"),
    ("no sub", token(None), "token_invalid"), ("an empty sub", token(""), "token_invalid"),
    ("a number as sub", raw_token({"alg": "HS256"}, claims(17)), "token_invalid"),
    ("a long sub", token("u" * 191), "token_invalid"),
    ("a control character in sub", token("a\nb"), "token_invalid"),
    ("another secret", token(key="b" * 40), "token_invalid"),
    ("a changed signature", token()[:-4] + "AAAA", "token_invalid"),
    ("a changed body", token().replace(".", "." + "e", 1), "token_invalid"),
    ("HS384", token(alg="HS384"), "token_invalid"), ("HS512", token(alg="HS512"), "token_invalid"),
    ("RS256 where a secret is set", token(key=RSA, alg="RS256"), "token_invalid"),
    ("none", jwt.encode(claims(), None, algorithm="none"), "token_invalid"),
    ("NONE", raw_token({"alg": "NONE"}, claims(), b""), "token_invalid"),
    ("no alg", raw_token({"typ": "JWT"}, claims(), b""), "token_invalid"),
    ("a critical header that we do not know", token(headers={"crit": ["b64"], "b64": False}),
     "token_invalid"),
    ("an empty crit", token(headers={"crit": []}), "token_invalid"),
    ("not before later", token(nbf=int(time.time()) + 600), "token_invalid"),
    ("no token", "nonsense", "token_invalid"), ("dots", "..", "token_invalid"),
    ("two parts", token().rsplit(".", 1)[0], "token_invalid"),
    ("too long", token(padding="x" * 8192), "token_invalid"),
]


@pytest.mark.parametrize("why, bad, code", BAD, ids=[b[0] for b in BAD])
def test_bad_tokens(server, why, bad, code):
    is_long = bad and len(bad) > 4000  # above what a STOMP header holds
    if not is_long:
        with connect(server, passcode=bad, receipt="r") as client:
            error = client.expect_error(code)
            assert (error.headers["status"], error.headers["receipt-id"]) == ("401", "r"), why
            assert error.headers["retry"] == ("true" if code == "token_expired" else "false")
            assert client.expect_close() == (1008, code)

    answer = call(server, "GET", "/room/list", headers=[
        f"Authorization: Bearer {bad}"] if bad else [])
    assert answer.status == 401
    assert json.loads(answer.text)["code"] == code


@pytest.mark.parametrize("headers, expected", [
    (["Authorization:"], (400, "bad_request")),
    (["Authorization: Basic YTpi"], (401, "token_invalid")),
    (["Authorization: Bearer"], (401, "token_invalid")),
    ([f"Authorization: Bearer {token()}"] * 2, (400, "bad_request")),
    (["X-Auth-User: buyer@x"], (401, "auth_required")),
    ([f"authorization: bearer {token()}"], (200, None)),
])
def test_authorization_headers(server, headers, expected):
    answer = call(server, "GET", "/room/list", headers=headers)

    assert (answer.status, json.loads(answer.text)["code"] if answer.status != 200 else None) == \
        expected


@pytest.mark.parametrize("alg, private, wrong", [("RS256", RSA, EC), ("ES256", EC, RSA)])
def test_public_keys(start_server, tmp_path, alg, private, wrong):
    other = "ES256" if alg == "RS256" else "RS256"
    (tmp_path / "key.pem").write_bytes(pem_of(private))
    server = start_server({"auth.mode": "jwt", "auth.jwt_key_file": str(tmp_path / "key.pem")})

    def status(made):
        return call(server, "GET", "/room/list",
                    headers=[f"Authorization: Bearer {made}"]).status

    assert status(token(key=private, alg=alg)) == 200
    with connect(server, passcode=token(key=private, alg=alg)) as client:
        client.expect("CONNECTED")
    assert status(token(key=private, alg=alg, seconds=-1)) == 401
    assert status(token(key=wrong, alg=other)) == 401
    assert status(jwt.encode(claims(), None, algorithm="none")) == 401
    # The public key, which everybody has, used as an HMAC secret.
    assert status(forged_with_the_public_key(pem_of(private))) == 401
    if alg == "RS256":
        for other_alg in ("RS384", "RS512", "PS256"):
            assert status(token(key=private, alg=other_alg)) == 401
    server.kill()


def forged_with_the_public_key(pem):
    signed = raw_token({"alg": "HS256", "typ": "JWT"}, claims()).rsplit(".", 1)[0]
    return signed + "." + base64.urlsafe_b64encode(
        hmac.new(pem, signed.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()


# --- expiry and refresh ------------------------------------------------------------------------


def test_receivers_are_closed_when_the_token_expires(server, room):
    uuid_, _, seller = room
    with connect(server, passcode=token(seller, seconds=2)) as client:
        client.expect("CONNECTED")
        client.subscribe_room(uuid_)
        client.subscribe("/user/queue/errors")
        client.expect_error("token_expired", 5)
        assert client.expect_close() == (1008, "token_expired")


def test_a_refresh_extends_the_connection(server):
    with connect(server, passcode=token(seconds=2)) as client, \
            connect(server, passcode=token(seconds=3)) as unrefreshed:
        client.expect("CONNECTED")
        client.ask("SEND", json.dumps({"token": token()}), destination="/pub/session/refresh")
        unrefreshed.expect_error("token_expired", 6)
        assert client.nothing_came()


@pytest.mark.parametrize("fresh, code", [
    (token("other@x"), "token_invalid"), (token(seconds=-5), "token_expired"),
    ("nonsense", "token_invalid")])
def test_a_bad_refresh_is_fatal(server, fresh, code):
    with connect(server, passcode=token()) as client:
        client.expect("CONNECTED")
        client.subscribe("/user/queue/errors")
        client.frame("SEND", json.dumps({"token": fresh}), destination="/pub/session/refresh")
        client.expect_error(code)
        assert client.expect_close() == (1008, code)


@pytest.mark.parametrize("body", ["{}", "hello", '{"token":null}'])
def test_a_refresh_without_a_token(server, body):
    with connect(server, passcode=token()) as client:
        client.expect("CONNECTED")
        client.subscribe("/user/queue/errors", id="e")
        client.frame("SEND", body, destination="/pub/session/refresh")
        client.expect("MESSAGE", subscription="e", code="body_invalid")


# --- who may what ------------------------------------------------------------------------------

# Method, path, body; status without identity, of a stranger, of a member.
MATRIX = [
    ("GET", "/chat/room/{room}", "", 401, 403, 200),
    ("GET", "/chat/room/nope", "", 401, 200, 200),
    ("GET", "/chat/room/{room}/messages", "", 401, 403, 200),
    ("POST", "/chat/room/{room}/messages", '{"content":"x"}', 401, 403, 201),
    ("POST", "/chat/room/{room}/read", '{"seq":1}', 401, 403, 200),
    ("POST", "/chat/room/{room}/report", '{"reason":"x"}', 401, 403, 204),
    ("GET", "/room/rooms", "", 401, 200, 200), ("GET", "/room/list", "", 401, 200, 200),
    ("GET", "/room/{room}", "", 401, 200, 200), ("GET", "/room/enter/{room}", "", 401, 200, 200),
    ("POST", "/room/{room}/leave", "", 401, 403, 204),
    ("POST", "/room/create?user=z@x&name=y", "", 401, 200, 200),
    ("GET", "/room/inbox", "", 401, 200, 200), ("GET", "/user/unread", "", 401, 200, 200),
    ("GET", "/user/blocks", "", 401, 200, 200), ("PUT", "/user/blocks/z@x", "", 401, 204, 204),
    ("DELETE", "/user/blocks/z@x", "", 401, 204, 204),
    ("DELETE", "/room/delete/{other}", "", 401, 403, 200),
    ("GET", "/chat/debug/sessions", "", 404, 404, 404),
    ("GET", "/chat/debug/sessions/a", "", 404, 404, 404),
    ("GET", "/chat/debug/server-status", "", 404, 404, 404),
    ("GET", "/metrics", "", 404, 404, 404), ("PATCH", "/admin/rooms/{room}", "{}", 404, 404, 404),
    ("POST", "/admin/users/a/disconnect", "", 404, 404, 404),
    ("GET", "/chat/test", "", 200, 200, 200), ("GET", "/actuator/health", "", 200, 200, 200),
    ("GET", "/test/", "", 200, 200, 200),
    ("POST", "/inquiry/upload", '{"message":"x"}', 200, 200, 200),
]


@pytest.mark.parametrize("method, path, body, nobody, stranger, member", MATRIX,
                         ids=[f"{m[0]} {m[1]}" for m in MATRIX])
def test_the_matrix(server, room, method, path, body, nobody, stranger, member):
    uuid_, buyer, _ = room
    other = json.loads(call(server, "POST", f"/room/create?user=z@x&name={uuid.uuid4()}",
                            buyer).text)[0]["room"]["roomUUID"] if "{other}" in path else ""
    path = path.format(room=uuid_, other=other)

    for user, status in ((None, nobody), ("stranger@x", stranger), (buyer, member)):
        answer = call(server, method, path, user, body)
        assert answer.status == status, (user, answer.text)
        if status in (401, 403):
            assert json.loads(answer.text)["code"] == (
                "auth_required" if status == 401 else "not_member")


def test_rooms_are_the_callers_own(server, room):
    uuid_, buyer, seller = room
    for user in (buyer, seller):
        rows = json.loads(call(server, "GET", "/room/rooms", user).text)
        assert {r["user"] for r in rows} == {user}
        assert uuid_ in {r["room"]["roomUUID"] for r in rows}
    assert json.loads(call(server, "GET", "/room/rooms", "new@x").text) == []


def test_a_stranger_sees_no_member_of_a_room(server, room):
    assert call(server, "GET", f"/room/{room[0]}", "stranger@x").text == ""


def test_debug_answers_on_the_admin_listener(server, room):
    with contextlib.closing(connect(server, passcode=token(room[1]))) as client:
        client.expect("CONNECTED")
        got = server.admin("GET", "/chat/debug/sessions").json()
        assert got["currentServerUsers"] == [room[1]]
        assert server.admin("GET", "/chat/debug/server-status").json()["activeUsers"] == [room[1]]
        assert server.admin("GET", "/chat/debug/sessions/nobody").json() == {
            "error": "User session not found"}


def test_the_admin_listener_answers_nothing_else(server, room):
    for path in ("/chat/test", "/room/list", "/chat/room/" + room[0], "/", "/ws-stomp/info"):
        assert server.admin("GET", path).status_code == 404, path


def test_other_origins_may_not_by_default(server):
    answer = once(server.url, "GET /chat/test", "Origin: http://evil.example")
    assert answer.headers["access-control-allow-origin"] is None
    assert once(server.url, "OPTIONS /room/list", "Origin: http://evil.example",
                "Access-Control-Request-Method: GET").status == 403
    same = once(server.url, "GET /chat/test", "Origin: http://test")  # Host is test
    assert same.headers["access-control-allow-origin"] == "http://test"


@pytest.mark.parametrize("settings, said", [
    ({}, "auth.jwt_secret"), ({"auth.jwt_key_file": "/nonexistent"}, "/nonexistent"),
    ({"auth.jwt_key_file": __file__}, "PEM")])
def test_without_a_key_the_server_does_not_start(start_server, settings, said):
    with pytest.raises(RuntimeError) as refused:
        start_server({"auth.mode": "jwt", **settings})
    assert said in str(refused.value)
    assert "ended with -" not in str(refused.value)  # no crash
