"""The connections to one SQLite file: a thread that does every write, a pool that reads.

One writer in one process is what SQLite is best at: no lock is ever waited for, and the commits
of many callers share one fsync. It knows nothing of sessions and messages.
"""

import contextlib
import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from sqlite_utils import Database

from chatcore.errors import ChatError, DiskFull, StoreError

log = logging.getLogger(__name__)

T = TypeVar("T")


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn sqlite3's errors, and the operating system's, into ours."""
    try:
        yield
    except sqlite3.Error as error:
        log.warning("%s: %s", path, error)
        raise _ours(error) from error
    except OSError as error:
        raise refused(
            f"The history cannot be used ({error.strerror or 'no reason is told'}): make its folder"
            " writable, or set HEARTH_DATABASE to a file elsewhere.",
            path,
        ) from error


def refused(sentence: str, path: Path) -> StoreError:
    """Where the file is stands in the log alone: whoever comes by may read the sentence."""
    log.warning("%s: %s", path, sentence)
    return StoreError(sentence)


def _ours(error: sqlite3.Error) -> StoreError:
    match getattr(error, "sqlite_errorname", ""):
        case "SQLITE_FULL":
            return DiskFull("The disk is full, so nothing can be saved: free some space.")
        case name if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
            return StoreError(
                "The history cannot be written: make its file, which the log names, and the folder"
                " of it writable, or set HEARTH_DATABASE to another file."
            )
        case name if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            return StoreError(
                "The history is damaged or not a database: move its file, which the log names, away"
                " with the -wal and -shm files beside it, and put a backup in its place."
            )
    return StoreError(f"The history could not be read or written: {error}.")


def locked(path: Path) -> FileLock:
    """Held while the store is open; the operating system drops it when the process dies."""
    lock = FileLock(f"{path}.lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise refused(
            "Another Hearth is using this history: stop it first,"
            " or set HEARTH_DATABASE to another file.",
            path,
        ) from None
    return lock


class Writer:
    """Runs functions on the one connection that writes, in order, many to a commit.

    Each function is a savepoint: one that raises changes nothing and spoils no other's commit.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._db = _connect(path)
        self._place = _place(path)
        self._db.enable_wal()
        self._db.execute("pragma synchronous = full")
        self._db.execute("pragma foreign_keys = on")
        self._thread = threading.Thread(target=self._run, name="hearth-writer", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[Database], T]) -> T:
        """Run `function` and wait until its commit is on disk. Raises what it raises, and
        StoreError."""
        result: T = self.submit(function).result()
        return result

    def note(self, what: str, function: Callable[[Database], Any], key: Hashable = None) -> None:
        """Run it soon, and wait for nothing: a failure is in the log alone, as of `what`.

        A function takes the place of one with the same `key` that still waits.
        """

        def log_failure(noted: "Future[Any]") -> None:
            if error := noted.exception():
                log.warning("%s was not saved: %s", what, error)

        self.submit(function, key).add_done_callback(log_failure)

    def submit(self, function: Callable[[Database], Any], key: Hashable = None) -> "Future[Any]":
        """The future is done when the commit is on disk, or holds the StoreError."""
        with self._wake:
            if self._closed:
                raise StoreError("The history is closed: Hearth is shutting down.")
            for job in self._jobs:
                if key is not None and job.key == key:
                    job.function = function
                    return job.future
            self._jobs.append(_Job(function, key))
            self._wake.notify()
            return self._jobs[-1].future

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()
        self._db.close()

    def _run(self) -> None:
        while jobs := self._take():
            try:
                self._commit(jobs)
            except (sqlite3.Error, StoreError, OSError):
                # One job may have taken the others down (a full disk rolls back everything):
                # alone, each gets its own verdict.
                for job in jobs:
                    self._commit_alone(job)

    def _take(self) -> list["_Job"]:
        with self._wake:
            self._wake.wait_for(lambda: self._jobs or self._closed)
            jobs = list(self._jobs)
            self._jobs.clear()
            return jobs

    def _commit(self, jobs: list["_Job"]) -> None:
        if _place(self._path) != self._place:
            raise refused(
                "The history was moved or deleted while Hearth runs, so nothing can be saved:"
                " put its file, which the log names, back, or start Hearth again.",
                self._path,
            )
        self._db.execute("begin immediate")
        try:
            for job in jobs:
                job.run(self._db)
            self._db.commit()
        except BaseException:
            self._db.rollback()
            raise
        for job in jobs:
            job.settle()

    def _commit_alone(self, job: "_Job") -> None:
        try:
            with translated(self._path):
                self._commit([job])
        except StoreError as error:
            job.future.set_exception(error)


class _Job:
    def __init__(self, function: Callable[[Database], Any], key: Hashable) -> None:
        self.function = function
        self.key = key
        self.future: Future[Any] = Future()
        self._result: Any = None
        self._error: Exception | None = None

    def run(self, db: Database) -> None:
        """Raises only what concerns the database; a refusal is kept for the one who asked."""
        self._result, self._error = None, None
        try:
            with db.atomic():
                self._result = self.function(db)
        except sqlite3.Error:
            raise
        except Exception as error:
            if not isinstance(error, ChatError):
                log.exception("a write failed in our own code")
            self._error = error

    def settle(self) -> None:
        if self._error is None:
            self.future.set_result(self._result)
        else:
            self.future.set_exception(self._error)


class Readers:
    """Connections that only read, lent to one thread at a time.

    A pool and not one connection a thread: Streamlit runs each script in a thread of its own,
    which would open and drop a connection at every click.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[Database] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def lend(self) -> Iterator[Database]:
        with translated(self._path):
            db = self._take()
            try:
                yield db
            finally:
                self._give_back(db)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Database]:
        """The same, for what is read in several queries: all of them see one moment."""
        with self.lend() as db:
            db.begin()
            try:
                yield db
            finally:
                db.rollback()

    def _take(self) -> Database:
        with self._lock:
            if self._closed:
                raise StoreError("The history is closed: Hearth is shutting down.")
            if self._idle:
                return self._idle.pop()
        db = _connect(self._path)
        db.execute("pragma query_only = 1")
        db.execute("pragma wal_autocheckpoint = 0")
        return db

    def _give_back(self, db: Database) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(db)
                return
        db.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for db in idle:
            db.close()


def _place(path: Path) -> tuple[int, int] | None:
    """Which file this is, whatever its name; None where there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _connect(path: Path) -> Database:
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
    return Database(connection, execute_plugins=False)
