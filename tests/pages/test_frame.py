"""What stands on the page when Hearth cannot start: one sentence, and the way on."""

import sqlite3

from chatcore import service
from chatcore.store import open_store


def told(page):
    assert not page.exception
    assert len(page.chat_input) == 0
    return page.error[0].value.replace("\\", "")


def test_a_bad_setting_is_told(open_page, monkeypatch):
    monkeypatch.setenv("HEARTH_NUM_CTX", "lots")
    assert "HEARTH_NUM_CTX is 'lots'" in told(open_page())


def test_a_path_that_cannot_be_written_is_told(open_page, environ, monkeypatch):
    environ.write_text("a file where the folder should be")
    monkeypatch.setenv("HEARTH_DATABASE", str(environ / "hearth.db"))
    assert "make its folder writable" in told(open_page())


def test_a_file_that_is_no_database_is_told(open_page, environ):
    environ.write_text("These are my notes.\n" * 200)
    assert "not a database" in told(open_page())


def test_an_empty_file_is_told(open_page, environ):
    environ.touch()
    assert "is empty" in told(open_page())


def test_a_newer_database_is_told(open_page, environ):
    open_store(environ).close()
    db = sqlite3.connect(environ)
    with db:
        db.execute("insert into _sqlite_migrations values (99, 'hearth', 'm099_later', '2030')")
    db.close()
    assert "newer version of Hearth" in told(open_page())


def test_the_page_works_as_soon_as_the_reason_is_gone(open_page, environ):
    environ.touch()
    page = open_page()
    assert "is empty" in told(page)
    environ.unlink()
    page.button(key="try_again").click().run()
    assert len(page.error) == 0
    assert len(page.chat_input) == 1


def test_services_start_once(open_page):
    open_page()
    first = service.hearth()
    open_page()
    assert service.hearth() is first
