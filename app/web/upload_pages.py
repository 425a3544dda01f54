"""The pages on which a person looks at a file, adds it to the library, or takes one out; they need no script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from app.web.origins import checked_writer
from app.web.replies import ApiError, status_of
from app.web.staging import Staging
from app.web.texts import PageTexts
from app.web.upload_api import Said, Short, api_error, intake_of
from app.web.upload_view import render_preview
from index.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.intake.intake import Intake

Hidden = Annotated[str, Form(max_length=400)]


def make_upload_pages(
    intake: Intake | None,
    staging: Staging,
    texts: Mapping[str, PageTexts],
    *,
    library: Callable[[Request, PageTexts, ApiError], str],
) -> APIRouter:
    """Return the routes; ``library`` draws the library's page with an error on it."""
    router = APIRouter(include_in_schema=False)

    def told(http: Request, words: PageTexts, error: ApiError) -> Response:
        return HTMLResponse(library(http, words, error), status_code=status_of(error.code))

    @router.post("/library-preview")
    def preview(http: Request, file: UploadFile | str = "", lang: Hidden = "") -> Response:
        caller = checked_writer(http)
        words = texts["en" if lang == "en" else "zh"]
        try:
            way_in = intake_of(intake)
            if isinstance(file, str):
                raise ApiError("upload_name", name="")
            name, data = file.filename or "", file.file.read()
            found = way_in.preview(name, data)
        except CorpusError as error:
            return told(http, words, api_error(error))
        except ApiError as error:
            return told(http, words, error)
        return HTMLResponse(render_preview(found, staging.put(name, data, by=caller.name), words))

    @router.post("/library-add")
    def add(
        http: Request,
        staged: Hidden = "",
        title: Short = "",
        doc_number: Short = "",
        issuer: Short = "",
        issued: Short = "",
        published: Short = "",
        url: Short = "",
        was_title: Short = "",
        was_doc_number: Short = "",
        was_issuer: Short = "",
        was_issued: Short = "",
        was_published: Short = "",
        was_url: Short = "",
        lang: Hidden = "",
    ) -> Response:
        caller = checked_writer(http)
        words = texts["en" if lang == "en" else "zh"]
        said = Said(title, doc_number, issuer, issued, published, url).record()
        read = Said(was_title, was_doc_number, was_issuer, was_issued, was_published, was_url).record()
        # What the text says by itself needs no record, and follows the text when the file is replaced.
        corrected = {name: value for name, value in said.items() if read.get(name) != value}
        try:
            way_in = intake_of(intake)
            found = staging.get(staged, by=caller.name)
            if found is None:
                raise ApiError("upload_unknown")
            job = way_in.add(found.name, found.data, corrected, by=caller.name)
        except CorpusError as error:
            return told(http, words, api_error(error))
        except ApiError as error:
            return told(http, words, error)
        staging.drop(staged)
        return _to_library(job.id, words)

    @router.post("/library-remove")
    def remove(http: Request, doc_id: Hidden = "", lang: Hidden = "") -> Response:
        caller = checked_writer(http)
        words = texts["en" if lang == "en" else "zh"]
        try:
            job = intake_of(intake).remove(doc_id, by=caller.name)
        except CorpusError as error:
            return told(http, words, api_error(error))
        except ApiError as error:
            return told(http, words, error)
        return _to_library(job.id, words)

    @router.get("/library-{step}")
    def back(step: str) -> RedirectResponse:
        # Reloading the address of a step, or signing in on the way to it, leads to where it begins.
        return RedirectResponse("./library", status_code=303)

    return router


def _to_library(job_id: str, words: PageTexts) -> RedirectResponse:
    return RedirectResponse(f"./library?job={job_id}&lang={words.lang}", status_code=303)
