"""The only reader of environment and TOML: flags > ``WENCE_*`` > ``wence.toml`` > defaults."""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import (
    SettingsError as SourceError,
)

from index.errors import SettingsError

# Scheme, host and port, and nothing that could end the header it goes into.
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])"
_ORIGIN = re.compile(rf"https?://{_HOST}(?::[0-9]{{1,5}})?")
SETTINGS_FILE = Path("wence.toml")


def _checked_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{origin!r} is not an origin; write scheme and host, such as https://portal.example.org"
            )
    return origins


class Channel(BaseModel):
    """A place that embeds the assistant: the origins of its pages, and the documents it may ask about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parents: tuple[str, ...] = Field(min_length=1, description="origins of the pages that embed this channel")
    documents: tuple[str, ...] = Field(
        default=(), description="ids of the documents it is limited to; empty is all"
    )

    @field_validator("parents")
    @classmethod
    def _parents_are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        return _checked_origins(origins)


class Settings(BaseSettings):
    """Every setting of the program; unknown names are errors and numbers are bounded.

    Paths are relative to the working directory. Built once by :func:`load_settings`, then passed down.
    """

    model_config = SettingsConfigDict(env_prefix="WENCE_", extra="forbid", frozen=True, toml_file=SETTINGS_FILE)

    model: str = Field(default="embedded", min_length=1, description="'embedded', a folder, or a hub name")
    reranker: Literal["embedded", "none"] = Field(
        default="embedded", description="what reads the best sentences again: the trained reranker, or nothing"
    )
    corpus_dir: Path = Field(default=Path("corpus"), description="folder with the documents and sources.jsonl")
    build_dir: Path = Field(default=Path("build"), description="where the model and the index are kept")
    prompts_dir: Path = Field(default=Path("prompts"), description="fixed replies and prompt texts")
    max_passage_chars: int = Field(default=400, ge=80, le=4000, description="longest passage, characters")
    top_k: int = Field(default=20, ge=1, le=100, description="passages read for one question")
    threads: int = Field(default=1, ge=1, le=64, description="CPU threads for the models")
    max_question_chars: int = Field(default=1000, ge=20, le=20000, description="longest question, characters")
    host: str = Field(default="127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(default=7860, ge=1, le=65535, description="port to listen on")
    frame_ancestors: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="origins that may embed the page"
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="origins whose scripts may call the API"
    )
    channels: dict[str, Channel] = Field(default={}, description="places the assistant is embedded in, by name")
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("127.0.0.1", "::1"), description="addresses whose X-Forwarded-* headers are believed"
    )
    user_header: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9-]{0,64}$",
        description="header in which a trusted proxy names the user it has signed on; empty is none",
    )
    asks_per_minute: int = Field(
        default=60, ge=0, le=100_000, description="questions a minute from one key or address; 0 is no limit"
    )
    shutdown_grace_s: int = Field(
        default=30, ge=0, le=600, description="seconds that answers under way get to finish at a stop"
    )
    uploads: bool = Field(default=False, description="authorised people may add documents while it is served")
    max_upload_mb: int = Field(default=20, ge=1, le=64, description="largest file that may be added, megabytes")
    access_log: bool = Field(default=True, description="write one JSON line for each request to standard error")
    llm: Literal["none", "openai", "transformers"] = Field(
        default="none", description="who writes answers: nobody (they are read), a server, or a model in process"
    )
    llm_url: str = Field(
        default="",
        pattern=r"^(?:https?://[^\s/?#]+[^\s?#]*)?$",
        description="openai: base address of the server, mostly ending in /v1",
    )
    llm_model: str = Field(
        default="", description="openai: the model's name there; transformers: folder or hub name"
    )
    llm_key: SecretStr = Field(default=SecretStr(""), description="openai: key of the server, if it wants one")
    llm_key_file: Path | None = Field(default=None, description="openai: file that holds the key")
    llm_proxy: str = Field(
        default="",
        pattern=r"^(?:(?:https?|socks5h?)://[^\s]+)?$",
        description="openai: proxy to the server; empty is that of the environment",
    )
    llm_timeout_s: float = Field(default=60.0, ge=1, le=900, description="longest time for one reply, seconds")
    llm_retries: int = Field(default=1, ge=0, le=10, description="openai: tries after a first that did not begin")
    llm_max_tokens: int = Field(default=400, ge=16, le=8000, description="longest reply, tokens")
    llm_rewrite: bool = Field(
        default=False, description="let the model too put a follow-up into words that stand alone"
    )

    @field_validator("frame_ancestors", "cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("frame_ancestors", "cors_origins")
    @classmethod
    def _origins_are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        return _checked_origins(origins)

    @field_validator("channels")
    @classmethod
    def _channel_names(cls, channels: dict[str, Channel]) -> dict[str, Channel]:
        for name in channels:
            if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name):
                raise ValueError(f"channel name {name!r} must be 1 to 32 of a-z, 0-9 and '-'")
        return channels

    @model_validator(mode="after")
    def _llm_is_whole(self) -> Self:
        if self.llm == "none":
            return self
        if not self.llm_model:
            raise ValueError(f"llm={self.llm} needs llm_model; set WENCE_LLM_MODEL")
        if self.llm == "openai" and not self.llm_url:
            raise ValueError("llm=openai needs llm_url; set WENCE_LLM_URL, such as http://127.0.0.1:8000/v1")
        if self.llm_key_file is not None and self.llm_key.get_secret_value():
            raise ValueError("llm_key and llm_key_file are both set; keep one")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources in order of precedence."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def models_dir(self) -> Path:
        """Folder for models rebuilt from wheels."""
        return self.build_dir / "models"

    @property
    def index_dir(self) -> Path:
        """Folder of the index."""
        return self.build_dir / "index"

    @property
    def state_dir(self) -> Path:
        """Folder of what users leave behind: keys, feedback, shared answers."""
        return self.build_dir / "state"

    @property
    def is_local(self) -> bool:
        """Whether only programs of this machine can reach the service."""
        return _is_loopback(self.host)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(**flags: Any) -> Settings:
    """Return the settings in force. ``flags`` whose value is ``None`` were not given.

    Raises:
        SettingsError: naming each wrong setting, its value and what was expected.

    """
    prefix = Settings.model_config["env_prefix"]
    known = {prefix + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(prefix) and name.upper() not in known)
    if unknown:
        # pydantic-settings ignores unknown variables, so a misspelt one would silently do nothing.
        raise SettingsError(f"unknown environment variable {unknown[0]}; known: {', '.join(sorted(known))}")
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(_readable(error)) from error
    except (SourceError, ValueError) as error:
        raise SettingsError(f"cannot read the settings: {error}; check wence.toml and WENCE_*") from error


def _readable(error: ValidationError) -> str:
    lines = []
    for detail in error.errors():
        name = ".".join(str(part) for part in detail["loc"]) or "settings"
        if detail["type"] == "extra_forbidden":
            known = ", ".join(sorted(Settings.model_fields))
            lines.append(f"unknown setting {name!r}; known settings: {known}")
        else:
            shown = "" if not detail["loc"] else f" (got {detail['input']!r})"
            lines.append(f"{name}: {detail['msg'].removeprefix('Value error, ')}{shown}")
    return "; ".join(lines)
