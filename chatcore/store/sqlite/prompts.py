"""Saved prompts in one table. `folded` is a name as it is compared: SQLite folds ASCII only."""

import re
import unicodedata

from sqlite_utils import Database

from chatcore.blank import is_blank
from chatcore.errors import PromptNotFound, PromptRefused
from chatcore.store.sqlite import rows
from chatcore.store.sqlite.connections import Readers, Writer
from chatcore.types import SavedPrompt

NAME_CHARACTERS = 40
TEXT_CHARACTERS = 100_000
BEGINNING = 120  # characters that a list shows
NAME = re.compile(rf"[\w-]{{1,{NAME_CHARACTERS}}}")
SAVED = f"id, name, substr(text, 1, {BEGINNING}) as begins, updated_at"


class SqlitePrompts:
    def __init__(self, readers: Readers, writer: Writer) -> None:
        self._readers = readers
        self._writer = writer

    def of(self, owner: int) -> list[SavedPrompt]:
        sql = f"select {SAVED} from prompts where owner_n = ? order by folded"
        with self._readers.lend() as db:
            return [SavedPrompt(**row) for row in db.query(sql, [owner])]

    def text(self, owner: int, prompt_id: int) -> str:
        sql = "select text from prompts where id = ? and owner_n = ?"
        with self._readers.lend() as db:
            found = db.execute(sql, [prompt_id, owner]).fetchone()
        if found is None:
            raise _not_found()
        return str(found[0])

    def save(self, owner: int, name: str, text: str) -> SavedPrompt:
        name, text = _checked(name, text)
        sql = (
            "insert into prompts(owner_n, name, folded, text, updated_at)"
            f" values (?, ?, ?, ?, ?) returning {SAVED}"
        )

        def save(db: Database) -> SavedPrompt:
            _refuse_taken(db, owner, name)
            (row,) = db.query(sql, [owner, name, fold(name), text, rows.now()])
            return SavedPrompt(**row)

        return self._writer.call(save)

    def change(self, owner: int, prompt_id: int, name: str, text: str) -> None:
        name, text = _checked(name, text)
        sql = (
            "update prompts set name = ?, folded = ?, text = ?, updated_at = ?"
            " where id = ? and owner_n = ?"
        )

        def change(db: Database) -> None:
            _refuse_taken(db, owner, name, but=prompt_id)
            values = [name, fold(name), text, rows.now(), prompt_id, owner]
            if not db.execute(sql, values).rowcount:
                raise _not_found()

        self._writer.call(change)

    def delete(self, owner: int, prompt_id: int) -> None:
        sql = "delete from prompts where id = ? and owner_n = ?"

        def delete(db: Database) -> None:
            if not db.execute(sql, [prompt_id, owner]).rowcount:
                raise _not_found()

        self._writer.call(delete)


def fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def rename_twins(db: Database, source: int, target: int) -> None:
    """Names that both owners have, before they are joined: those of the source change."""
    taken = {
        folded
        for (folded,) in db.execute(
            "select folded from prompts where owner_n in (?, ?)", [source, target]
        )
    }
    twins = db.execute(
        "select id, name from prompts where owner_n = ?"
        " and folded in (select folded from prompts where owner_n = ?) order by id",
        [source, target],
    )
    for prompt_id, name in twins.fetchall():
        name = _free(name, taken)
        taken.add(fold(name))
        db.execute(
            "update prompts set name = ?, folded = ? where id = ?", [name, fold(name), prompt_id]
        )


def _free(name: str, taken: set[str]) -> str:
    n = 2
    while True:
        end = f"-{n}"
        tried = name[: NAME_CHARACTERS - len(end)] + end
        if fold(tried) not in taken:
            return tried
        n += 1


def _checked(name: str, text: str) -> tuple[str, str]:
    name, text = unicodedata.normalize("NFC", name.strip().removeprefix("/")), rows.clean(text)
    if not NAME.fullmatch(name):
        raise PromptRefused(
            "A prompt's name is 1 to 40 letters, digits, - or _, without spaces: change it."
        )
    if is_blank(text):
        raise PromptRefused("This prompt has no text: write one.")
    if len(text) > TEXT_CHARACTERS:
        raise PromptRefused(
            f"This prompt has {len(text):,} characters, of {TEXT_CHARACTERS:,}: shorten it."
        )
    return name, text


def _refuse_taken(db: Database, owner: int, name: str, but: int | None = None) -> None:
    sql = "select 1 from prompts where owner_n = ? and folded = ? and id is not ?"
    if db.execute(sql, [owner, fold(name), but]).fetchone():
        raise PromptRefused(f"You have a prompt named {name} already: choose another name.")


def _not_found() -> PromptNotFound:
    return PromptNotFound("There is no such saved prompt here.")
