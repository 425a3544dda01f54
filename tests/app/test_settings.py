"""Settings: flag over environment over file over default; whatever is unknown or out of range is an error."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings, load_settings
from index.errors import SettingsError

WriteToml = Callable[[str], Path]


@pytest.fixture(autouse=True)
def clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder without ``WENCE_*`` variables."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.upper().startswith("WENCE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def write_toml(tmp_path: Path) -> WriteToml:
    def write(text: str) -> Path:
        path = tmp_path / "wence.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_defaults_need_no_file_and_listen_on_this_machine_only() -> None:
    settings = load_settings()
    assert settings.host == "127.0.0.1"
    assert settings.is_local
    assert settings.model == "embedded"
    assert settings.frame_ancestors == settings.cors_origins == ()


def test_flag_beats_environment_beats_file_beats_default(
    write_toml: WriteToml, monkeypatch: pytest.MonkeyPatch
) -> None:
    default = load_settings().port
    assert default not in {8001, 8002, 8003}
    write_toml("port = 8001")
    assert load_settings().port == 8001
    monkeypatch.setenv("WENCE_PORT", "8002")
    assert load_settings().port == 8002
    assert load_settings(port=8003).port == 8003


def test_each_source_keeps_what_the_stronger_one_does_not_name(
    write_toml: WriteToml, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_toml('port = 8001\ncorpus_dir = "texts"\nthreads = 2')
    monkeypatch.setenv("WENCE_THREADS", "3")
    settings = load_settings(port=8003)
    assert (settings.port, settings.corpus_dir, settings.threads) == (8003, Path("texts"), 3)


def test_a_flag_that_was_not_given_is_none_and_changes_nothing(write_toml: WriteToml) -> None:
    write_toml("port = 8001")
    assert load_settings(port=None, host=None, model=None).port == 8001


def test_folders_of_the_build_lie_below_the_build_folder() -> None:
    settings = load_settings(build_dir=Path("elsewhere"))
    assert settings.models_dir.parent == settings.index_dir.parent == Path("elsewhere")
    assert settings.models_dir != settings.index_dir


def test_reading_settings_creates_nothing(tmp_path: Path) -> None:
    load_settings()
    assert list(tmp_path.iterdir()) == []


def test_settings_do_not_change() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 8001


def test_an_unknown_variable_is_named_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENCE_PROT", "8001")
    with pytest.raises(SettingsError, match=r"unknown environment variable WENCE_PROT; known: .*WENCE_PORT"):
        load_settings()


def test_a_variable_of_another_program_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8001")
    monkeypatch.setenv("GRADIO_SERVER_PORT", "8001")
    assert load_settings().port != 8001


def test_an_unknown_key_of_the_file_is_named(write_toml: WriteToml) -> None:
    write_toml("prot = 8001")
    with pytest.raises(SettingsError, match=r"unknown setting 'prot'; known settings: .*port"):
        load_settings()


def test_an_unknown_flag_is_an_error() -> None:
    with pytest.raises(SettingsError, match="unknown setting 'prot'"):
        load_settings(prot=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 0),
        ("port", 65536),
        ("port", "eighty"),
        ("max_passage_chars", 79),
        ("max_passage_chars", 4001),
        ("max_question_chars", 0),
        ("max_question_chars", 1_000_000),
        ("top_k", 0),
        ("top_k", 1000),
        ("threads", 0),
        ("threads", 1000),
        ("model", ""),
        ("host", ""),
    ],
)
def test_a_value_out_of_range_is_named_with_what_was_given(name: str, value: object) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(**{name: value})
    assert str(caught.value).startswith(f"{name}: ")
    assert f"(got {value!r})" in str(caught.value)


def test_the_bounds_themselves_are_allowed() -> None:
    for port in (1, 65535):
        assert load_settings(port=port).port == port
    assert load_settings(max_passage_chars=80).max_passage_chars == 80


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(port=0, threads=0)
    assert {part.split(":")[0] for part in str(caught.value).split("; ")} == {"port", "threads"}


@pytest.mark.parametrize("value", ["abc", "-1", "", "7860.5"])
def test_a_wrong_value_in_the_environment_is_told(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("WENCE_PORT", value)
    with pytest.raises(SettingsError, match="port"):
        load_settings()


@pytest.mark.parametrize("text", ["port = ", "port 8001", "[broken", '"'])
def test_a_broken_file_is_told_and_named(write_toml: WriteToml, text: str) -> None:
    write_toml(text)
    with pytest.raises(SettingsError, match=r"wence\.toml"):
        load_settings()


def test_a_file_in_another_encoding_is_told(write_toml: WriteToml) -> None:
    path = write_toml("")
    path.write_bytes('corpus_dir = "文件"'.encode("gb18030"))
    with pytest.raises(SettingsError, match=r"wence\.toml"):
        load_settings()


def test_origins_are_a_list_in_the_file_and_separated_by_commas_in_the_environment(
    write_toml: WriteToml, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = ("https://portal.example.org", "http://127.0.0.1:8080")
    write_toml('frame_ancestors = ["https://portal.example.org", "http://127.0.0.1:8080"]')
    assert load_settings().frame_ancestors == expected
    monkeypatch.setenv("WENCE_CORS_ORIGINS", " https://portal.example.org ,http://127.0.0.1:8080,, ")
    assert load_settings().cors_origins == expected
    monkeypatch.setenv("WENCE_CORS_ORIGINS", "")
    assert load_settings().cors_origins == ()


@pytest.mark.parametrize("field", ["frame_ancestors", "cors_origins"])
@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "portal.example.org",
        "https://",
        "ftp://portal.example.org",
        "javascript://portal",
        "https://portal.example.org/path",
        "https://portal.example.org; script-src *",
        "https://a.example https://b.example",
        "https://*.example.org",
        "null",
        "'self'",
    ],
)
def test_what_is_no_origin_is_refused(field: str, origin: str) -> None:
    with pytest.raises(SettingsError, match=f"{field}: .*is not an origin"):
        load_settings(**{field: (origin,)})


@pytest.mark.parametrize("origin", ["https://a.example\nX-Evil:1", "https://a.example?x", "https://u@a.example"])
def test_what_no_origin_holds_is_refused(origin: str) -> None:
    with pytest.raises(SettingsError, match="is not an origin"):
        load_settings(frame_ancestors=(origin,))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_loopback_is_this_machine(host: str) -> None:
    assert load_settings(host=host).is_local


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.10", "10.0.0.1", "portal.example.org", "localhost.evil.example"]
)
def test_any_other_host_is_not_and_is_refused_without_a_key(host: str, tmp_path: Path) -> None:
    from app.web.doors import check_doors

    settings = load_settings(host=host, build_dir=tmp_path)
    assert not settings.is_local
    with pytest.raises(SettingsError, match=r"reachable from other machines.*--host 127\.0\.0\.1"):
        check_doors(settings)


def test_every_setting_is_described_and_every_number_bounded() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        if field.annotation in {int, float}:
            kinds = {type(limit).__name__ for limit in field.metadata}
            assert kinds >= {"Ge", "Le"}, name
