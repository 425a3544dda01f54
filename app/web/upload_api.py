"""Adding documents and taking them out over HTTP, for callers with the scope ``write``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from pydantic import BaseModel, Field

from app.web.origins import checked_writer
from app.web.records import document_facts_record
from app.web.replies import ApiError, error_detail
from app.web.schemas import DocumentOut, ErrorDetail, ErrorOut
from app.web.texts import PageTexts
from index.errors import CorpusError
from index.outline import Section, walk

if TYPE_CHECKING:
    from app.intake.intake import Intake, Job
    from app.intake.preview import Preview

_ERRORS: dict[int | str, dict[str, Any]] = {
    code: {"model": ErrorOut} for code in (400, 401, 403, 404, 409, 413, 422, 500, 503)
}

Short = Annotated[str, Form(max_length=300)]


class OutlineOut(BaseModel):
    """One heading of a document; ``level`` 1 is the outermost, ``start`` its character offset."""

    level: int
    heading: str
    start: int


class RemovedOut(BaseModel):
    """Text that cleaning took out, with the name of the step that did."""

    step: str
    text: str


class ClauseOut(BaseModel):
    """A passage of a document that is not in the library yet."""

    heading_path: list[str]
    text: str
    start: int
    end: int


class SimilarOut(BaseModel):
    """A document of the library that holds this share (0 to 1) of the new one's longer lines."""

    doc_id: str
    title: str
    share: float


class PreviewOut(DocumentOut):
    """A file as it would stand in the library; nothing was added."""

    outline: list[OutlineOut]
    passages: list[ClauseOut]
    removed: list[RemovedOut]
    similar: list[SimilarOut]


class JobOut(BaseModel):
    """A wish to add or remove a document; ask again at ``/api/v1/uploads/{id}`` until it is done or failed."""

    id: str
    action: Literal["add", "remove"]
    doc_id: str
    title: str
    state: Literal["queued", "running", "done", "failed"]
    error: ErrorDetail | None = Field(description="why it failed; corpus and index are then as they were")


@dataclass(frozen=True, slots=True)
class Said:
    """What a form says of a document beside its file; empty fields are read from the text."""

    title: Short = ""
    doc_number: Short = ""
    issuer: Short = ""
    issued: Short = ""
    published: Short = ""
    url: Short = ""

    def record(self) -> dict[str, str]:
        """Return what was said, by the field names of ``sources.jsonl``."""
        said = {field.name: " ".join(getattr(self, field.name).split()) for field in fields(self)}
        return {name: value for name, value in said.items() if value}


def intake_of(intake: Intake | None) -> Intake:
    """Return the way in.

    Raises:
        ApiError: the settings keep it closed.

    """
    if intake is None:
        raise ApiError("upload_off")
    return intake


def api_error(error: CorpusError) -> ApiError:
    """Return the reply for what an intake refused."""
    code = getattr(error, "code", "upload_failed")
    return ApiError(code, **getattr(error, "values", {"detail": str(error)}))


def make_upload_api(intake: Intake | None, texts: PageTexts) -> APIRouter:
    """Return the routes; without an intake each says that uploading is off."""
    router = APIRouter(tags=["文件"])

    @router.post("/api/v1/documents/preview", responses=_ERRORS, summary="预览一份待加入的文件")
    def preview(
        http: Request,
        file: Annotated[UploadFile, File(description="txt, md, html, docx or pdf")],
        title: Short = "",
        doc_number: Short = "",
        issuer: Short = "",
        issued: Short = "",
        published: Short = "",
        url: Short = "",
    ) -> PreviewOut:
        """Show title, outline, what cleaning removes and every passage of a file. Needs the scope `write`."""
        checked_writer(http)
        way_in = intake_of(intake)
        said = Said(title, doc_number, issuer, issued, published, url)
        try:
            return preview_out(way_in.preview(file.filename or "", file.file.read(), said.record()))
        except CorpusError as error:
            raise api_error(error) from error

    @router.post("/api/v1/documents", status_code=202, responses=_ERRORS, summary="加入一份文件")
    def add(
        http: Request,
        reply: Response,
        file: Annotated[UploadFile, File(description="txt, md, html, docx or pdf")],
        title: Short = "",
        doc_number: Short = "",
        issuer: Short = "",
        issued: Short = "",
        published: Short = "",
        url: Short = "",
    ) -> JobOut:
        """Begin to add a file; the reply's `Location` tells how far it is. Needs the scope `write`."""
        caller = checked_writer(http)
        way_in = intake_of(intake)
        said = Said(title, doc_number, issuer, issued, published, url)
        try:
            job = way_in.add(file.filename or "", file.file.read(), said.record(), by=caller.name)
        except CorpusError as error:
            raise api_error(error) from error
        return _accepted(job, reply)

    @router.delete("/api/v1/documents/{doc_id}", status_code=202, responses=_ERRORS, summary="移除一份上传的文件")
    def remove(doc_id: str, http: Request, reply: Response) -> JobOut:
        """Begin to remove a document that was uploaded. Needs the scope `write`."""
        caller = checked_writer(http)
        way_in = intake_of(intake)
        try:
            return _accepted(way_in.remove(doc_id, by=caller.name), reply)
        except CorpusError as error:
            raise api_error(error) from error

    @router.get("/api/v1/uploads/{job_id}", responses=_ERRORS, summary="加入或移除的进度")
    def progress(job_id: str) -> JobOut:
        """Tell how far a wish is. Needs the scope `write`."""
        job = intake_of(intake).job(job_id)
        if job is None:
            raise ApiError("upload_unknown")
        return job_out(job, texts)

    def _accepted(job: Job, reply: Response) -> JobOut:
        reply.headers["Location"] = f"/api/v1/uploads/{job.id}"
        return job_out(job, texts)

    return router


def job_out(job: Job, texts: PageTexts) -> JobOut:
    """Return a job as the API tells it."""
    failed = None
    if job.error is not None:
        failed = ErrorDetail(**error_detail(job.error.code, texts, **job.error.values))
    return JobOut(id=job.id, action=job.action, doc_id=job.doc_id, title=job.title, state=job.state, error=failed)


def preview_out(preview: Preview) -> PreviewOut:
    """Return a preview as the API tells it."""
    return PreviewOut.model_validate(
        {
            **document_facts_record(preview.document),
            "outline": [
                OutlineOut(level=level, heading=section.heading.strip(), start=section.start)
                for level, section in headings(preview.outline)
            ],
            "passages": [
                ClauseOut(heading_path=list(one.heading_path), text=one.text, start=one.start, end=one.end)
                for one in preview.passages
            ],
            "removed": [RemovedOut(step=one.step, text=one.text) for one in preview.removed],
            "similar": [
                SimilarOut(doc_id=one.doc_id, title=one.title, share=one.share) for one in preview.similar
            ],
        }
    )


def headings(outline: Section) -> Iterator[tuple[int, Section]]:
    """Yield every section that has a heading, with its level among those that have one, from 1."""
    for section, above in walk(outline):
        if section.heading.strip():
            yield 1 + sum(bool(one.heading.strip()) for one in above), section
