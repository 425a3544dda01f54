"""Documents that an authorised person adds to the library while it is served, or takes out again.

A file is looked at first (:meth:`Intake.preview`); adding and removing run one after the other in one background
thread, through the same steps as ``python -m index add`` and ``remove``. Whatever fails leaves corpus and index as
they were. Only what came in this way can be taken out this way.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from app.intake.faults import IntakeError, fault_of
from app.intake.names import safe_name
from app.intake.preview import Preview, look_at
from app.intake.record import write_record, write_whole
from index.errors import StoreError, WenceError
from index.provenance import SOURCES_NAME

if TYPE_CHECKING:
    from app.intake.log import UploadLog
    from app.settings import Settings
    from index.entries import Encoder
    from index.types import Document

logger = logging.getLogger(__name__)

_MAX_JOBS = 200
_MAX_WAITING = 20
# Another program may be building; so long its end is waited for, seconds.
_BUILD_PATIENCE_S = 120.0
_BUILD_STEP_S = 0.5
# So long the service may take to open the new index, seconds.
_SERVED_PATIENCE_S = 120.0
_SERVED_STEP_S = 0.05


@dataclass(frozen=True, slots=True)
class Job:
    """One wish to add or remove a document, and how far it is. ``error`` is set when it ``failed``."""

    id: str
    action: Literal["add", "remove"]
    doc_id: str
    title: str
    by: str
    state: Literal["queued", "running", "done", "failed"] = "queued"
    error: IntakeError | None = None
    at: float = field(default_factory=time.time)

    @property
    def is_open(self) -> bool:
        """Whether it still waits or runs."""
        return self.state in {"queued", "running"}


class Intake:
    """The way into the library and out of it. One of it for each corpus folder; safe to share.

    ``documents`` returns what is being served; ``look`` makes the service open a new index at once.
    """

    def __init__(
        self,
        settings: Settings,
        log: UploadLog,
        *,
        embedder: Encoder,
        documents: Callable[[], Mapping[str, Document]],
        look: Callable[[], object],
    ) -> None:
        self._corpus = settings.corpus_dir
        self._index = settings.index_dir
        self._max_chars = settings.max_passage_chars
        self.max_bytes = settings.max_upload_mb * 1024 * 1024
        self._log = log
        self._embedder = embedder
        self._documents = documents
        self._look = look
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="wence-intake")

    def close(self) -> None:
        """Take no more wishes and wait for the one under way; those that wait are dropped."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def preview(self, name: str, data: bytes, record: Mapping[str, str] | None = None) -> Preview:
        """Return how a file would stand in the library; nothing is kept of it.

        Raises:
            IntakeError: the file cannot become a document; its code says why.

        """
        safe = self._checked_name(name, data)
        return look_at(safe, data, record or {}, self._documents().values(), max_chars=self._max_chars)

    def add(self, name: str, data: bytes, record: Mapping[str, str] | None = None, *, by: str = "") -> Job:
        """Return the job that adds a file; it has passed everything that a preview checks.

        Raises:
            IntakeError: the file cannot become a document, or too many wishes wait.

        """
        document = self.preview(name, data, record).document
        job = Job(uuid4().hex, "add", document.doc_id, document.title, by)
        return self._queue(job, lambda: self._add(document, data, dict(record or {}), by))

    def remove(self, doc_id: str, *, by: str = "") -> Job:
        """Return the job that takes out a document that was added through the service.

        Raises:
            IntakeError: there is no such document, it did not come in this way, or too many wishes wait.

        """
        document = self._documents().get(doc_id)
        if document is None:
            raise IntakeError("document_unknown", doc_id=doc_id[:80])
        if doc_id not in self.removable():
            raise IntakeError("upload_not_removable", doc_id=doc_id[:80])
        job = Job(uuid4().hex, "remove", doc_id, document.title, by)
        return self._queue(job, lambda: self._remove(doc_id))

    def removable(self) -> frozenset[str]:
        """Return the ids of the documents that came in through the service and are still the same files."""
        documents = self._documents()
        logged = self._log.digests()
        return frozenset(
            doc_id
            for doc_id, digest in logged.items()
            if doc_id in documents and documents[doc_id].sha256 == digest
        )

    def job(self, job_id: str) -> Job | None:
        """Return a job of this run of the service."""
        with self._lock:
            return self._jobs.get(job_id)

    def open_jobs(self) -> list[Job]:
        """Return the jobs that wait or run, the oldest first."""
        with self._lock:
            return [job for job in self._jobs.values() if job.is_open]

    def _checked_name(self, name: str, data: bytes) -> str:
        """Return the name the file will have; everything cheap is refused here."""
        if len(data) > self.max_bytes:
            raise IntakeError("upload_too_large", limit=self.max_bytes // (1024 * 1024))
        if not data.strip():
            raise IntakeError("upload_empty", name=name[:80])
        safe = safe_name(name)
        if safe is None:
            raise IntakeError("upload_name", name=name[:80])
        self._check_bytes(sha256(data).hexdigest())
        stem = Path(safe).stem
        taken = next((path for path in self._corpus.iterdir() if path.stem.casefold() == stem.casefold()), None)
        if taken is not None:
            raise IntakeError("upload_name_taken", name=taken.name)
        return safe

    def _check_bytes(self, digest: str) -> None:
        for other in self._documents().values():
            if other.sha256 == digest:
                raise IntakeError("upload_duplicate", title=other.title)

    def _queue(self, job: Job, work: Callable[[], None]) -> Job:
        with self._lock:
            waiting = [one for one in self._jobs.values() if one.is_open]
            if len(waiting) >= _MAX_WAITING:
                raise IntakeError("upload_busy")
            if any(one.doc_id == job.doc_id for one in waiting):
                raise IntakeError("upload_name_taken", name=job.doc_id)
            self._jobs[job.id] = job
            while len(self._jobs) > _MAX_JOBS:
                self._jobs.popitem(last=False)
        try:
            self._worker.submit(self._run, job, work)
        except RuntimeError as error:
            self._note(replace(job, state="failed"))
            raise IntakeError("stopping") from error
        return job

    def _note(self, job: Job) -> None:
        with self._lock:
            self._jobs[job.id] = job

    def _run(self, job: Job, work: Callable[[], None]) -> None:
        self._note(replace(job, state="running"))
        # What it will say if the block is left by an error that nobody foresaw, which the worker's future keeps.
        end = replace(
            job, state="failed", error=IntakeError("upload_failed", detail="internal error, see the log")
        )
        try:
            work()
            end = replace(job, state="done")
        except IntakeError as error:
            end = replace(job, state="failed", error=error)
        except (WenceError, OSError) as error:
            end = replace(job, state="failed", error=IntakeError("upload_failed", detail=str(error)))
        finally:
            if end.state == "failed":
                logger.error("could not %s document %s: %s", job.action, job.doc_id, end.error, exc_info=True)
            self._note(end)

    def _add(self, document: Document, data: bytes, record: Mapping[str, str], by: str) -> None:
        from index.keep import add_files

        name = document.source
        # Again: the wish before this one may have brought the same file, and the older of two would be left out.
        self._check_bytes(document.sha256)
        with tempfile.TemporaryDirectory(prefix="wence-") as place, self._undone_on_failure(name):
            file = Path(place) / name
            file.write_bytes(data)
            add_files([file], self._corpus)
            write_record(self._corpus, name, record)
            # Before the build: were the program killed in it, the next start would build the index with this file.
            self._log.note(document.doc_id, name, document.sha256, by=by)
            problem = next((one for one in self._build() if one.startswith(f"{name}:")), None)
            if problem is not None:
                raise fault_of(problem)
        self._wait(lambda: document.doc_id in self._documents())

    def _remove(self, doc_id: str) -> None:
        from index.keep import remove_documents
        from index.versions import drop_old_versions

        name = self._documents()[doc_id].source
        with self._undone_on_failure(name):
            remove_documents([doc_id], self._corpus)
            self._build()
            self._log.forget(doc_id)
        self._wait(lambda: doc_id not in self._documents())
        # What was taken out shall be nowhere on the disk; a build of another program does that itself.
        with suppress(StoreError):
            drop_old_versions(self._index)

    @contextmanager
    def _undone_on_failure(self, name: str) -> Iterator[None]:
        """Put the file and the records back as they were if the block fails; the index changes last of all."""
        paths = (self._corpus / name, self._corpus / SOURCES_NAME)
        before = {path: path.read_bytes() if path.is_file() else None for path in paths}
        done = False
        try:
            yield
            done = True
        finally:
            for path, content in () if done else before.items():
                if content is None:
                    path.unlink(missing_ok=True)
                    self._log.forget(path.stem)
                else:
                    write_whole(path, content)

    def _build(self) -> tuple[str, ...]:
        """Build what has changed and return the problems; another program's build is waited for."""
        from index.build import build_index

        deadline = time.monotonic() + _BUILD_PATIENCE_S
        while True:
            try:
                return build_index(self._corpus, self._index, self._embedder, max_chars=self._max_chars).problems
            except StoreError as error:
                if "another build" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_BUILD_STEP_S)

    def _wait(self, is_served: Callable[[], bool]) -> None:
        """Return when the service shows the change: who reads that a job is done must find it so."""
        self._look()
        deadline = time.monotonic() + _SERVED_PATIENCE_S
        while not is_served():
            if time.monotonic() > deadline:
                raise IntakeError("upload_not_served")
            time.sleep(_SERVED_STEP_S)
