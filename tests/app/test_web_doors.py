"""Keys, tokens, sessions, channels, limits: what opens, what stays shut, and what is never said."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from app.settings import Channel, Settings, load_settings
from app.web.doors import check_doors, needed_scope
from app.web.keys import KeyRing, Ticket
from app.web.limits import RateLimit
from app.web.service import create_app
from index.errors import SettingsError

PORTAL_DOC = "001_425dc3c6bcd1fc5c"
PLAN_DOC = "003_b0eb32551eef246d"
PARENT = "https://portal.example.org"
ASK = {"question": "研发经费"}


@pytest.fixture(scope="module")
def locked_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        build_dir=tmp_path_factory.mktemp("locked"),
        channels={
            "portal": Channel(parents=(PARENT,), documents=(PORTAL_DOC,)),
            "intranet": Channel(parents=("https://intranet.example.org",)),
        },
        user_header="X-Forwarded-User",
        trusted_proxies=("10.0.0.9",),
    )


@pytest.fixture(scope="module")
def ring(locked_settings: Settings) -> KeyRing:
    return KeyRing(locked_settings.state_dir)


@pytest.fixture(scope="module")
def keys(ring: KeyRing) -> dict[str, str]:
    scopes = {"ask": ["ask", "read", "feedback"], "read": ["read"], "admin": ["admin", "ask"]}
    return {name: ring.add(name, wanted)[1] for name, wanted in scopes.items()}


@pytest.fixture(scope="module")
def app(assistant: Any, locked_settings: Settings, keys: dict[str, str]) -> Any:
    return create_app(assistant, locked_settings)


@pytest.fixture
def locked(app: Any) -> Iterator[TestClient]:
    """A client of a service that has keys; each starts without cookies."""
    with TestClient(app, base_url="http://bot.example.org", follow_redirects=False) as client:
        yield client


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_closed_door_asks_for_a_key(locked: TestClient) -> None:
    reply = locked.post("/api/v1/ask", json=ASK)
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "key_missing")
    assert reply.headers["www-authenticate"] == "Bearer"
    for path in ("/api/v1/documents", f"/documents/{PLAN_DOC}", "/metrics", "/config", "/gradio_api/info", "/"):
        assert locked.get(path).status_code == 401
    for path in ("/healthz", "/readyz", "/wence-chat.js", "/wence/page.css"):
        assert locked.get(path).status_code == 200


@pytest.mark.parametrize(
    ("key", "method", "path", "status"),
    [
        ("ask", "POST", "/api/v1/ask", 200),
        ("ask", "GET", "/api/v1/documents", 200),
        ("ask", "GET", "/api/v1/feedback", 403),
        ("read", "POST", "/api/v1/ask", 403),
        ("read", "GET", "/api/v1/documents", 200),
        ("read", "GET", "/metrics", 200),
        ("admin", "GET", "/api/v1/feedback", 200),
        ("admin", "GET", "/api/v1/documents", 403),
    ],
)
def test_scopes_open_their_own_doors_only(
    locked: TestClient, keys: dict[str, str], key: str, method: str, path: str, status: int
) -> None:
    body = ASK if method == "POST" else None
    assert locked.request(method, path, json=body, headers=bearer(keys[key])).status_code == status


@pytest.mark.parametrize(
    "text", ["", "x", "wence_", "wence_0000000000_x", "wt.a.b", "wt..", "wt.é.é", "wence_é_é"]
)
def test_wrong_keys_open_nothing(locked: TestClient, text: str) -> None:
    reply = locked.post("/api/v1/ask", json=ASK, headers={b"authorization": f"Bearer {text}".encode()})
    assert reply.status_code == 401


def test_key_is_kept_as_a_hash_in_a_private_file(
    ring: KeyRing, keys: dict[str, str], locked_settings: Settings
) -> None:
    path = locked_settings.state_dir / "keys.sqlite"
    assert path.stat().st_mode & 0o077 == 0
    secret = keys["ask"].split("_", 2)[2]
    assert len(secret) == 43
    assert secret.encode() not in path.read_bytes()


def test_rotated_key_works_beside_the_old_one_until_that_ends(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    old, old_text = ring.add("portal", ["ask"])
    new, new_text = ring.rotate(old.id, overlap_days=1)
    assert new.name == "portal"
    assert new.scopes == {"ask"}
    assert ring.find(old_text) is not None
    assert ring.find(new_text) is not None
    kept = ring.listed()[0]
    assert kept.expires is not None
    assert abs(kept.expires - time.time() - 86_400) < 60
    ring.rotate(new.id, overlap_days=0)
    assert ring.find(new_text) is None


def test_revoked_and_expired_keys_open_nothing_and_keep_the_door_closed(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    assert not ring.in_use()
    key, text = ring.add("a", ["ask"])
    token = ring.sign(Ticket("embed", key.id, "portal", frozenset({"ask"}), int(time.time()) + 60))
    assert ring.read(token) is not None
    ring.revoke(key.id)
    assert ring.find(text) is None
    assert ring.read(token) is None
    _, old = ring.add("b", ["ask"], days=1, now=time.time() - 2 * 86_400)
    assert ring.find(old) is None
    assert ring.in_use()


def test_wrong_scopes_and_ids_are_told(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    with pytest.raises(SettingsError, match=r"root: choose from ask, read, feedback, write, admin"):
        ring.add("a", ["ask", "root"])
    with pytest.raises(SettingsError, match=r"no key 'x'.*keys list"):
        ring.revoke("x")


def test_changed_token_is_refused(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    token = ring.sign(Ticket("embed", "", "portal", frozenset({"ask", "admin"}), int(time.time()) + 60))
    ticket = ring.read(token)
    assert ticket is not None
    assert ticket.scopes == {"ask"}  # a token never carries admin
    kind, body, mac = token.split(".")
    assert ring.read(f"{kind}.{body[:-2]}AA.{mac}") is None
    assert KeyRing(tmp_path / "other").read(token) is None
    assert ring.read(ring.sign(Ticket("embed", "", "portal", frozenset({"ask"}), int(time.time()) - 1))) is None


def token_for(locked: TestClient, key: str, channel: str = "portal") -> Any:
    return locked.post("/api/v1/tokens", json={"channel": channel, "ttl_s": 60}, headers=bearer(key))


def test_channel_token_is_limited_to_parents_and_documents(
    locked: TestClient, keys: dict[str, str], assistant: Any
) -> None:
    issued = token_for(locked, keys["ask"])
    assert issued.status_code == 201
    token = issued.json()["token"]
    assert issued.json()["scopes"] == ["ask", "feedback", "read"]
    headers = {**bearer(token), "Origin": PARENT}
    reply = locked.post("/api/v1/ask", json=ASK, headers=headers)
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == PARENT
    assert assistant.asked[-1][2] == (PORTAL_DOC,)
    assert [one["doc_id"] for one in locked.get("/api/v1/documents", headers=headers).json()] == [PORTAL_DOC]
    assert locked.get(f"/api/v1/documents/{PLAN_DOC}", headers=headers).status_code == 404
    assert locked.get(f"/documents/{PLAN_DOC}", headers=headers).status_code == 404
    wider = {**ASK, "doc_ids": [PLAN_DOC]}
    assert locked.post("/api/v1/ask", json=wider, headers=headers).status_code == 404
    for origin in ("https://evil.example", "https://intranet.example.org", "null"):
        refused = locked.post("/api/v1/ask", json=ASK, headers={**headers, "Origin": origin})
        assert refused.json()["error"]["code"] == "origin_forbidden"


def test_tokens_are_given_to_keys_and_for_known_channels_only(locked: TestClient, keys: dict[str, str]) -> None:
    assert token_for(locked, keys["ask"], "none").json()["error"]["code"] == "channel_unknown"
    assert token_for(locked, keys["read"]).status_code == 403
    token = token_for(locked, keys["ask"]).json()["token"]
    assert token_for(locked, token).status_code == 403
    too_long = {"channel": "portal", "ttl_s": 86_400}
    assert locked.post("/api/v1/tokens", json=too_long, headers=bearer(keys["ask"])).status_code == 422


def test_frame_of_a_channel_opens_with_a_token_and_names_its_parents(
    locked: TestClient, keys: dict[str, str]
) -> None:
    assert locked.get("/embed/portal").status_code == 401
    token = token_for(locked, keys["ask"]).json()["token"]
    assert locked.get("/embed/intranet", params={"token": token}).status_code == 401
    entered = locked.get("/embed/portal", params={"token": token})
    assert (entered.status_code, entered.headers["location"]) == (307, "../?embed=1&channel=portal")
    assert re.search(r"wence_session=wt\..*HttpOnly; SameSite=Lax$", entered.headers["set-cookie"])
    page = locked.get("/?embed=1&channel=portal")
    assert page.status_code == 200
    assert page.headers["content-security-policy"].endswith(f"frame-ancestors 'self' {PARENT}")


@pytest.mark.parametrize("channel", ["none", "", "portal;", "'self'"])
def test_unknown_channel_may_be_framed_by_nobody(locked: TestClient, channel: str) -> None:
    reply = locked.get("/sign-in", params={"channel": channel})
    policy = reply.headers["content-security-policy"]
    assert policy.endswith("frame-ancestors 'none'") or (channel == "" and policy.endswith("'self'"))


def test_person_signs_in_with_a_key(locked: TestClient, keys: dict[str, str]) -> None:
    page = {"Accept": "text/html"}
    away = locked.get(f"/documents/{PLAN_DOC}?start=1&end=5", headers=page)
    assert away.status_code == 303
    assert away.headers["location"].startswith("../sign-in?next=documents%2F003")
    form = locked.get("/sign-in", params={"next": '"><script>'})
    assert "<script>" not in form.text
    wrong = locked.post("/sign-in", data={"key": "wence_x_y", "next": ""})
    assert wrong.status_code == 401
    assert "访问密钥无效" in wrong.text
    right = locked.post("/sign-in", data={"key": keys["ask"], "next": "documents/x?start=1&end=5"})
    assert (right.status_code, right.headers["location"]) == (303, "./documents/x?start=1&end=5")
    assert keys["ask"] not in right.headers["set-cookie"]
    assert locked.get("/").status_code == 200
    assert locked.post("/api/v1/ask", json=ASK).status_code == 200
    assert locked.get("/api/v1/feedback").status_code == 403


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_sign_in_leads_nowhere_else(locked: TestClient, keys: dict[str, str], target: str) -> None:
    reply = locked.post("/sign-in", data={"key": keys["ask"], "next": target})
    assert reply.headers["location"].startswith("./")


def test_guessing_keys_is_slow(assistant: Any, tmp_path: Path) -> None:
    settings = Settings(build_dir=tmp_path)
    KeyRing(settings.state_dir).add("a", ["ask"])
    with TestClient(create_app(assistant, settings)) as client:
        codes = [client.post("/api/v1/ask", json=ASK, headers=bearer("wence_x_y")).status_code for _ in range(22)]
        assert codes == [401] * 20 + [429] * 2
        assert client.post("/sign-in", data={"key": "wence_x_y"}).status_code == 429


def test_questions_of_one_key_are_limited(assistant: Any, tmp_path: Path) -> None:
    settings = Settings(build_dir=tmp_path, asks_per_minute=3)
    ring = KeyRing(settings.state_dir)
    first, second = (ring.add(name, ["ask", "read"])[1] for name in "ab")
    with TestClient(create_app(assistant, settings)) as client:
        replies = [client.post("/api/v1/ask", json=ASK, headers=bearer(first)) for _ in range(4)]
        assert [one.status_code for one in replies] == [200, 200, 200, 429]
        assert 1 <= int(replies[-1].headers["retry-after"]) <= 21
        assert "秒后再试" in replies[-1].json()["error"]["message"]
        # Reading is not asking, and another key has its own measure; OpenAI's protocol has the same door.
        assert client.get("/api/v1/documents", headers=bearer(first)).status_code == 200
        assert client.post("/api/v1/ask", json=ASK, headers=bearer(second)).status_code == 200
        chat = {"messages": [{"role": "user", "content": "问"}]}
        refused = client.post("/v1/chat/completions", json=chat, headers=bearer(first))
        assert (refused.status_code, refused.json()["error"]["type"]) == (429, "rate_limit_error")


def test_bucket_fills_again_by_the_clock() -> None:
    now = [0.0]
    limit = RateLimit(60, now=lambda: now[0])
    assert [limit.wait_s("a") for _ in range(61)] == [0] * 60 + [2]
    assert limit.wait_s("b") == 0
    now[0] = 1.0
    assert [limit.wait_s("a"), limit.wait_s("a")] == [0, 2]
    assert RateLimit(0).wait_s("a") == 0


@pytest.mark.parametrize(("peer", "status"), [("10.0.0.9", 200), ("10.0.0.8", 401)])
def test_user_named_by_a_proxy_is_believed_from_a_trusted_one_only(app: Any, peer: str, status: int) -> None:
    with TestClient(app, client=(peer, 1)) as client:
        headers = {"X-Forwarded-User": "zhang", "X-Forwarded-For": "203.0.113.7"}
        assert client.post("/api/v1/ask", json=ASK, headers=headers).status_code == status


def test_client_address_is_the_one_the_trusted_proxy_saw(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    with TestClient(app, client=("10.0.0.9", 1)) as client, caplog.at_level(logging.INFO, logger="wence.access"):
        headers = {"X-Forwarded-User": "zhang", "X-Forwarded-For": "6.6.6.6, 203.0.113.7"}
        client.get("/api/v1/documents", headers=headers)
    fields = next(one for one in caplog.records if one.name == "wence.access").__dict__["fields"]
    assert (fields["client"], fields["caller"]) == ("203.0.113.7", "user:zhang")


def test_secrets_never_reach_the_logs(
    locked: TestClient, keys: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        token = token_for(locked, keys["ask"]).json()["token"]
        locked.get("/embed/portal", params={"token": token})
        locked.post("/sign-in", data={"key": keys["ask"]})
        locked.post("/api/v1/ask", json=ASK, headers=bearer(keys["ask"]))
        locked.post("/api/v1/ask", json=ASK, headers=bearer(keys["ask"] + "x"))
    # The test's own client logs the addresses it asks for.
    ours = [one for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]
    said = "\n".join(one.getMessage() + json.dumps(one.__dict__.get("fields", {})) for one in ours)
    assert said
    assert keys["ask"].split("_", 2)[2] not in said
    assert token not in said


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "bot.example.org"])
def test_wider_than_this_machine_needs_a_key(tmp_path: Path, host: str) -> None:
    settings = load_settings(host=host, build_dir=tmp_path)
    with pytest.raises(SettingsError, match="keys add NAME"):
        check_doors(settings)
    ring = KeyRing(settings.state_dir)
    key, _ = ring.add("a", ["ask"])
    check_doors(settings)
    ring.revoke(key.id)
    with pytest.raises(SettingsError):
        check_doors(settings)
    check_doors(load_settings(build_dir=tmp_path))


def test_every_route_but_the_listed_ones_needs_a_scope(app: Any) -> None:
    open_paths = {"/healthz", "/readyz", "/openapi.json", "/sign-in", "/sign-out", "/embed", "/embed/{channel}"}
    for path in app.openapi()["paths"]:
        assert (needed_scope("GET", path) is None) == (path in open_paths), path
    assert needed_scope("GET", "/anything") == "ask"


@pytest.mark.parametrize("path", ["/", "/config", "/en/", "/en/config", "/gradio_api/info"])
def test_page_as_it_is_served_names_no_document(
    locked: TestClient, keys: dict[str, str], assistant: Any, path: str
) -> None:
    token = token_for(locked, keys["ask"]).json()["token"]
    locked.get("/embed/portal", params={"token": token})
    page = locked.get(path)
    assert page.status_code == 200
    shown = json.dumps(page.text, ensure_ascii=True) + page.text
    for document in assistant.documents.values():
        for name in (document.title, document.doc_id):
            assert name not in shown
            assert json.dumps(name)[1:-1] not in shown


def test_channel_settings_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENCE_CHANNELS", '{"portal": {"parents": ["https://portal.example.org/path"]}}')
    with pytest.raises(SettingsError, match="is not an origin"):
        load_settings(build_dir=tmp_path)
    monkeypatch.setenv("WENCE_CHANNELS", '{"Portal!": {"parents": ["https://portal.example.org"]}}')
    with pytest.raises(SettingsError, match="channel name"):
        load_settings(build_dir=tmp_path)
    monkeypatch.setenv("WENCE_CHANNELS", '{"portal": {"parents": ["https://portal.example.org"]}}')
    assert load_settings(build_dir=tmp_path).channels["portal"].parents == (PARENT,)


def test_open_service_ignores_keys_of_other_services(client: httpx.Client) -> None:
    assert client.post("/api/v1/ask", json=ASK, headers=bearer("sk-anything")).status_code == 200


def test_key_made_by_the_command_opens_the_door(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from app.cli import main

    build = ["--build", str(tmp_path)]
    assert main(["keys", "add", "门户", "--scope", "ask", *build]) == 0
    out, err = capsys.readouterr()
    text = out.strip()
    ring = KeyRing(tmp_path / "state")
    key = ring.find(text)
    assert key is not None
    assert f"key {key.id} " in err
    assert main(["keys", "list", *build]) == 0
    listed = capsys.readouterr().out
    assert listed == f"{key.id}\tvalid\t-\task\t门户\n"
    assert main(["keys", "rotate", key.id, *build]) == 0
    assert ring.find(capsys.readouterr().out.strip()) is not None
    assert main(["keys", "revoke", key.id, *build]) == 0
    assert ring.find(text) is None
    assert main(["keys", "add", "x", "--scope", "root", *build]) == 1
    assert "choose from ask, read, feedback, write, admin" in capsys.readouterr().err


def test_serve_without_a_key_says_how_to_make_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from app.cli import main

    assert main(["serve", "--host", "0.0.0.0", "--build", str(tmp_path)]) == 1
    assert "python -m app keys add NAME" in capsys.readouterr().err


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PROPFIND"])
def test_methods_that_nothing_speaks_are_refused(client: httpx.Client, method: str) -> None:
    reply = client.request(method, "/api/v1/documents")
    assert reply.status_code == 405
    assert "TRACE" not in reply.headers["allow"]
