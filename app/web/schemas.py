"""The shapes of the HTTP API, with the examples that its OpenAPI description shows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_HISTORY_TURNS = 40
MAX_TURN_CHARS = 8000
MAX_DOC_IDS = 200


_DATE = r"^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"
Issuer = Annotated[
    str | None,
    Field(max_length=100, min_length=1, description="the issuing body (发文机关), or a part of its name"),
]
Since = Annotated[
    str | None,
    Field(pattern=_DATE, description="earliest date of the document: 2023, 2023-04 or 2023-04-26, included"),
]
Until = Annotated[str | None, Field(pattern=_DATE, description="latest date of the document, included")]


class TurnIn(BaseModel):
    """One earlier turn of the conversation, as plain text."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    content: str = Field(max_length=MAX_TURN_CHARS)


class AskIn(BaseModel):
    """A question. ``doc_ids``, ``issuer``, ``since`` and ``until`` limit the documents that are searched.

    Every condition that is given must hold. Where no document meets them the answer is a refusal with the reason
    ``no_document``.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"question": "协议涉及哪些合作领域？"},
                {
                    "question": "第三项是什么？",
                    "history": [
                        {"role": "user", "content": "协议涉及哪些合作领域？"},
                        {"role": "assistant", "content": "协议涉及七个方面：……[1]"},
                    ],
                    "doc_ids": ["001_425dc3c6bcd1fc5c"],
                },
                {"question": "有哪些重点任务？", "issuer": "管委会", "since": "2023", "until": "2024-06"},
                {"question": "协议涉及哪些合作领域？", "suggest": True},
            ]
        },
    )

    # Length and content are checked by the face's own rule, whose message names the limit in force.
    question: Annotated[str, Field(strict=True, json_schema_extra={"minLength": 1, "pattern": "[0-9A-Za-z一-鿿]"})]
    history: list[TurnIn] = Field(default_factory=list, max_length=MAX_HISTORY_TURNS)
    doc_ids: list[str] | None = Field(default=None, min_length=1, max_length=MAX_DOC_IDS)
    issuer: Issuer = None
    since: Since = None
    until: Until = None
    suggest: bool = Field(
        default=False, strict=True, description="also return questions that go on from the answer"
    )


class CitationOut(BaseModel):
    """An exact span of a document: ``text[start:end] == quote``, in characters."""

    marker: int = Field(description="the number in [n] of the answer", examples=[1])
    doc_id: str = Field(examples=["001_425dc3c6bcd1fc5c"])
    title: str
    source: str = Field(description="file name in the corpus")
    heading_path: list[str] = Field(description="headings above the span, outermost first")
    quote: str
    start: int = Field(examples=[120])
    end: int = Field(examples=[168])
    page: int | None = Field(default=None, description="page of the file, from 1, where it has pages")
    url: str = Field(description="page of the original with the span marked, relative to the service")
    doc_number: str | None = Field(default=None, description="发文字号, where it is known")
    dated: str | None = Field(default=None, description="when it was issued, else signed, else published")


class WritingOut(BaseModel):
    """How a language model took part in an answer."""

    provider: str = Field(examples=["openai"])
    model: str
    outcome: str = Field(description="written, completed (what it left out was added) or read (it was not used)")
    fault: str | None = Field(description="why not all of what it wrote could be used")
    prompt_tokens: int | None = Field(description="as far as the server tells")
    completion_tokens: int | None
    first_token_ms: float | None
    total_ms: float
    repaired: list[str] = Field(description="what was mended from the source")
    dropped: list[str] = Field(description="sentences that no source supports")
    unknown: list[str] = Field(description="marks of sources that do not exist")
    notice: str = Field(description="what a reader should be told, in Chinese")


class AnswerOut(BaseModel):
    """An answer. A refusal has no citations; ``related`` then holds the nearest clauses."""

    id: str
    answer: str = Field(description="plain text with markers [n]", examples=["双方在七个方面合作。[1]"])
    refused: bool
    reason: str | None
    latency_ms: float
    citations: list[CitationOut]
    related: list[CitationOut]
    understood: str | None = Field(description="the follow-up question as it was understood")
    unverified: list[str] = Field(description="figures or names that no cited span supports")
    kind: str | None = Field(description="what the question was taken for")
    confidence: float | None = Field(description="score of the gate between answer and refusal, 0 to 1")
    writing: WritingOut | None = Field(default=None, description="where a language model was asked")
    suggestions: list[str] = Field(
        default=[],
        description="with `suggest`: questions that go on from this answer, each of which has an answer",
    )


class DocumentOut(BaseModel):
    """What is known about one document."""

    doc_id: str
    title: str
    source: str
    kind: str | None
    issuer: str | None
    publisher: str | None
    doc_number: str | None
    issued: str | None = Field(description="ISO date, where the source says one")
    published: str | None
    signed: str | None
    effective: str | None = Field(default=None, description="ISO date from which it is in force")
    expires: str | None = Field(default=None, description="ISO date until which it is in force")
    validity: str | None = Field(default=None, description="its own words on when it is in force")
    parties: list[str] = Field(default=[], description="who signed it, or the agreements that it reports")
    agreements: list[str] = Field(default=[], description="names of the agreements in it")
    chars: int = Field(description="length of the text in characters")


class DocumentText(DocumentOut):
    """A document with its text, to which all offsets refer."""

    text: str


class PassageOut(BaseModel):
    """A clause-sized span of a document: ``text[start:end]`` of the document is ``text``."""

    passage_id: str = Field(examples=["001_425dc3c6bcd1fc5c:120-348"])
    doc_id: str
    title: str
    source: str
    heading_path: list[str]
    text: str
    start: int
    end: int
    url: str


class TokenIn(BaseModel):
    """A wish for a short-lived token that a page of the channel may hold."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"channel": "portal", "ttl_s": 600}]}
    )

    channel: str = Field(max_length=32)
    ttl_s: int = Field(default=600, ge=30, le=3600, description="seconds until it expires")


class TokenOut(BaseModel):
    """A token: give it to the page as it is, and ask for another before it expires."""

    token: str
    channel: str
    scopes: list[str]
    expires_at: int = Field(description="seconds since 1970")


class ErrorDetail(BaseModel):
    """What is wrong, for programs (``code``) and for people in Chinese and English."""

    code: str = Field(examples=["question_empty"])
    message: str = Field(examples=["请输入问题。"])
    message_en: str = Field(examples=["The question is empty."])


class ErrorOut(BaseModel):
    """The body of every error reply."""

    error: ErrorDetail


class Health(BaseModel):
    """Whether the service is up."""

    status: Literal["ok"]


class Readiness(Health):
    """Whether questions can be answered, and over how many documents."""

    documents: int
