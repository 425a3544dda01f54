"""The fixed texts of the page and the example questions, read from the prompts folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from index.errors import SettingsError

TEXTS_FILE = "page.zh.json"
ENGLISH_FILE = "page.en.json"
EXAMPLES_FILE = "examples.json"

_T = TypeVar("_T")


class Bilingual(BaseModel):
    """One error message in Chinese and in English; both take the same placeholders."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class ErrorTexts(BaseModel):
    """The messages of everything a caller can get wrong, by error code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question_empty: Bilingual
    question_too_long: Bilingual
    question_control: Bilingual
    question_invalid: Bilingual
    request_invalid: Bilingual
    body_too_large: Bilingual
    document_unknown: Bilingual
    passage_unknown: Bilingual
    answer_unknown: Bilingual
    not_found: Bilingual
    busy: Bilingual
    stopping: Bilingual
    key_missing: Bilingual
    key_invalid: Bilingual
    scope_missing: Bilingual
    origin_forbidden: Bilingual
    channel_unknown: Bilingual
    rate_limited: Bilingual
    mcp_missing: Bilingual
    upload_off: Bilingual
    upload_foreign: Bilingual
    upload_name: Bilingual
    upload_format: Bilingual
    upload_empty: Bilingual
    upload_too_large: Bilingual
    upload_too_long: Bilingual
    upload_scanned: Bilingual
    upload_locked: Bilingual
    upload_damaged: Bilingual
    upload_unreadable: Bilingual
    upload_duplicate: Bilingual
    upload_duplicate_bytes: Bilingual
    upload_name_taken: Bilingual
    upload_record: Bilingual
    upload_busy: Bilingual
    upload_failed: Bilingual
    upload_not_served: Bilingual
    upload_not_removable: Bilingual
    upload_unknown: Bilingual
    internal: Bilingual


class PageTexts(BaseModel):
    """Every label and reply that a reader of the page sees."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lang: Literal["zh-CN", "en"]
    root: Literal["", "../"] = Field(description="from the page of this language to the root of the service")
    name: str
    tagline: str
    welcome_title: str
    welcome_text: str
    examples_heading: str
    question_label: str
    question_placeholder: str
    ask: str
    new_conversation: str
    scope_label: str
    scope_info: str
    conversation_label: str
    you: str
    assistant: str
    pending: str
    understood: str
    unverified_label: str
    unverified_text: str
    refused_label: str
    refused_related: str
    refused_documents: str
    failed_label: str
    failed_text: str
    busy_text: str
    retry: str
    connection_lost: str
    copy_answer: str = Field(alias="copy")
    copied: str
    copy_sources: str
    citation_count: str
    seconds: str
    marker_label: str
    panel_label: str
    panel_sources: str
    panel_related: str
    panel_none: str
    panel_empty: str
    panel_pending: str
    documents_heading: str
    related_marker: str
    open_original: str
    back_to_answer: str
    stale_quote: str
    missing_document: str
    doc_number: str
    page_number: str
    copies_summary: str
    copies_here: str
    copies_there: str
    copies_same: str
    copies_missing: str
    detail_labels: Mapping[str, str]
    comma: str
    issuer: str
    publisher: str
    same_title: str
    issued: str
    published: str
    signed: str
    source_file: str
    source_url: str
    reader_label: str
    reader_new_tab: str
    close: str
    outline: str
    to_cited: str
    to_chat: str
    cited_label: str
    bad_span: str
    page_missing_title: str
    page_missing_text: str
    document_missing_title: str
    document_missing_text: str
    answered_status: str
    refused_status: str
    no_script: str
    disclaimer: str
    menu: str
    conversations: str
    conversation_empty: str
    rename: str
    rename_label: str
    delete: str
    delete_label: str
    export: str
    export_markdown: str
    export_docx: str
    export_file: str
    other_language: str
    other_language_code: str
    other_language_href: str
    up: str
    down: str
    feedback_question: str
    feedback_reasons: tuple[str, ...]
    feedback_detail: str
    feedback_send: str
    feedback_thanks: str
    feedback_failed: str
    share: str
    share_done: str
    share_failed: str
    shared_title: str
    shared_note: str
    shared_missing: str
    library: str
    library_text: str
    library_label: str
    library_button: str
    library_found: str
    library_none: str
    library_more: str
    chars: str
    sign_in_title: str
    sign_in_text: str
    sign_in_label: str
    sign_in_button: str
    upload_heading: str
    upload_text: str
    upload_label: str
    upload_preview: str
    upload_off_hint: str
    upload_title: str
    upload_not_yet: str
    upload_fields: str
    upload_date_hint: str
    upload_field_title: str
    upload_add: str
    upload_back: str
    upload_similar: str
    upload_similar_row: str
    upload_removed: str
    upload_removed_none: str
    upload_passages: str
    upload_passages_more: str
    upload_no_path: str
    removed_steps: Mapping[str, str]
    removed_other: str
    job_add: str
    job_remove: str
    job_added: str
    job_removed: str
    job_failed: str
    job_refresh: str
    remove_document: str
    remove_confirm: str
    remove_yes: str
    offers_heading: str
    followups_heading: str
    errors: ErrorTexts


class Example(BaseModel):
    """A question offered on the empty page, with a two- to six-character title.

    ``refusal``: it shows what a refusal looks like, so it is offered while the documents are silent on it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1, max_length=20)
    question: str = Field(min_length=1, max_length=200)
    refusal: bool = False


def load_texts(prompts_dir: Path) -> PageTexts:
    """Return the page's texts.

    Raises:
        SettingsError: the file is missing or a text is; the message names it.

    """
    return _load(prompts_dir / TEXTS_FILE, TypeAdapter(PageTexts))


def load_english(prompts_dir: Path) -> PageTexts:
    """Return the page's texts in English, the second language of the interface; answers stay Chinese.

    Raises:
        SettingsError: the file is missing or a text is; the message names it.

    """
    return _load(prompts_dir / ENGLISH_FILE, TypeAdapter(PageTexts))


def load_examples(prompts_dir: Path) -> tuple[Example, ...]:
    """Return the example questions in the order in which they are shown.

    Raises:
        SettingsError: the file is missing or an entry is malformed.

    """
    return _load(prompts_dir / EXAMPLES_FILE, TypeAdapter(tuple[Example, ...]))


def _load(path: Path, adapter: TypeAdapter[_T]) -> _T:
    try:
        return adapter.validate_json(path.read_bytes())
    except OSError as error:
        raise SettingsError(
            f"cannot read {path}: {error.strerror}; run from the checkout or set WENCE_PROMPTS_DIR"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise SettingsError(f"{path}: {where}: {first['msg']}; restore it from the repository") from error
