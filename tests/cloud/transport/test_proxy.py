"""The environment: netrc, proxies and certificates do what we say, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.client import HetznerCloud
from hsnap_tui.cloud.errors import CloudError, Effect, ErrorKind
from hsnap_tui.cloud.transport.proxy import ProxySettings, proxy_settings
from hsnap_tui.config.secret import Secret
from tests.cloud.conftest import TOKEN, Certificate, Connect, Serve
from tests.cloud.scripted import Link, ScriptedServer, Seen, answer

HETZNER = "https://api.hetzner.cloud/v1"
SERVER = {"server": {"id": 1}}


@pytest.mark.parametrize(
    ("endpoint", "environ", "expected"),
    [
        (HETZNER, {}, ProxySettings()),
        (HETZNER, {"HTTPS_PROXY": "http://p:1"}, ProxySettings("http://p:1")),
        (HETZNER, {"https_proxy": "http://p:1", "HTTPS_PROXY": "http://q:1"}, ProxySettings("http://p:1")),
        (HETZNER, {"HTTP_PROXY": "http://p:1"}, ProxySettings()),
        (HETZNER, {"ALL_PROXY": "http://p:1"}, ProxySettings("http://p:1")),
        (HETZNER, {"HTTPS_PROXY": ""}, ProxySettings()),
        (HETZNER, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.example"}, ProxySettings("http://p:1")),
        (HETZNER, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".hetzner.cloud"}, ProxySettings()),
        (HETZNER, {"HTTPS_PROXY": "http://p:1", "no_proxy": "*"}, ProxySettings()),
        (HETZNER, {"REQUESTS_CA_BUNDLE": "/a", "CURL_CA_BUNDLE": "/b"}, ProxySettings(None, "/a")),
        (HETZNER, {"REQUESTS_CA_BUNDLE": "", "SSL_CERT_FILE": "/c"}, ProxySettings(None, "/c")),
        ("http://127.0.0.1:1/v1", {"HTTP_PROXY": "http://p:1", "ALL_PROXY": "http://p:1"}, ProxySettings()),
        ("http://[::1]:1/v1", {"HTTP_PROXY": "http://p:1"}, ProxySettings()),
        ("https://localhost/v1", {"HTTPS_PROXY": "http://p:1"}, ProxySettings()),
    ],
)
def test_what_the_environment_says(endpoint: str, environ: dict[str, str], expected: ProxySettings) -> None:
    assert proxy_settings(endpoint, environ) == expected


async def test_loopback_and_the_token_are_left_alone(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    proxy = serve(lambda _seen, _link: answer(500))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    server = serve(lambda _seen, _link: answer(200, SERVER))
    assert (await connect(server).get_server(1, Priority.POLL)).id == 1
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert proxy.requests == []


async def test_a_proxy_is_asked_for_other_hosts_and_never_sees_the_token(serve: Serve, connect: Connect) -> None:
    def refuse(_seen: Seen, _link: Link) -> bytes:
        return answer(403, b"")

    proxy = serve(refuse)
    cloud = connect(HETZNER, environ={"HTTPS_PROXY": f"http://who:hidden@127.0.0.1:{proxy.port}"})
    with pytest.raises(CloudError) as caught:
        await cloud.power_on(1, Priority.POWER_ON)
    assert (caught.value.kind, caught.value.effect) == (ErrorKind.UNREACHABLE, Effect.NONE)
    assert "proxy" in caught.value.message
    assert "hidden" not in f"{caught.value!r}"
    (seen,) = proxy.requests
    assert seen.method == "CONNECT"
    assert "authorization" not in seen.headers
    assert TOKEN not in str(seen)


async def test_certificates_of_ones_own(certificate: Certificate, connect: Connect) -> None:
    with ScriptedServer(lambda _seen, _link: answer(200, SERVER), certificate.context) as server:
        cloud = connect(server, environ={"REQUESTS_CA_BUNDLE": certificate.path})
        assert (await cloud.get_server(1, Priority.POLL)).id == 1
        assert (await cloud.get_server(1, Priority.POLL)).id == 1
        assert {seen.connection for seen in server.requests} == {1}


@pytest.mark.parametrize(
    ("environ", "word"),
    [
        ({"SSL_CERT_FILE": "nowhere.pem"}, "certificates"),
        ({"HTTPS_PROXY": "socks5://127.0.0.1:9"}, "proxy"),
        ({"HTTPS_PROXY": "http://127.0.0.1:port"}, "proxy"),
        ({"HTTPS_PROXY": "http://"}, "proxy"),
    ],
)
async def test_an_environment_that_cannot_be_used(connect: Connect, environ: dict[str, str], word: str) -> None:
    cloud = connect(HETZNER, environ=environ)
    with pytest.raises(CloudError) as caught:
        await cloud.power_on(1, Priority.POWER_ON)
    assert (caught.value.kind, caught.value.effect) == (ErrorKind.UNREACHABLE, Effect.NONE)
    assert word in caught.value.message


async def test_a_token_that_no_header_can_carry_is_not_told(serve: Serve) -> None:
    server = serve(lambda _seen, _link: answer(200, SERVER))
    cloud = HetznerCloud(server.endpoint, Secret("hidden\nhidden"), "demo")
    with pytest.raises(CloudError) as caught:
        await cloud.power_on(1, Priority.POWER_ON)
    await cloud.close()
    assert (caught.value.kind, caught.value.effect) == (ErrorKind.UNREACHABLE, Effect.NONE)
    assert "hidden" not in f"{caught.value}{caught.value!r}{caught.value.__context__!r}"
    assert server.requests == []
