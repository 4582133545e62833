"""What a file is, by its content, and what the model reads of it."""

import io

import pytest
from PIL import Image

from chatcore import attachments, pdf
from chatcore.errors import FileRefused
from tests import files

TEXT = "text/plain; charset=utf-8"


def refusal(name, data, beside=()):
    with pytest.raises(FileRefused) as refused:
        attachments.read(name, data, beside)
    return str(refused.value)


@pytest.mark.parametrize("name", ["notes.txt", "main.py", "README.md", "a.json", "b.toml", "log"])
def test_text_is_text_whatever_its_name(name):
    file = attachments.read(name, "grüße\n".encode())
    assert (file.name, file.media_type, file.text) == (name, TEXT, "grüße")


@pytest.mark.parametrize(
    ("encoding", "media_type"),
    [
        ("utf-8-sig", TEXT),
        ("utf-16", "text/plain; charset=utf-16"),
        ("windows-1252", "text/plain; charset=windows-1252"),
    ],
)
def test_text_is_read_in_the_encoding_it_has(encoding, media_type):
    file = attachments.read("prices.csv", "crème,2 €\r\nbrûlée,3 €".encode(encoding))
    assert (file.media_type, file.text) == (media_type, "crème,2 €\nbrûlée,3 €")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_image_is_an_image_whatever_its_name(kind):
    data = files.image(kind)
    file = attachments.read("report.txt", data)
    assert (file.media_type, file.data, file.text) == (f"image/{kind.lower()}", data, None)


def test_the_text_of_a_pdf_is_read_page_by_page_whatever_its_name():
    file = attachments.read("picture.png", files.pdf("one", "", "two"))
    assert (file.media_type, file.text) == ("application/pdf", "one\n\ntwo")


def test_a_pdf_that_opens_without_a_password_is_read():
    assert attachments.read("a.pdf", files.pdf("hello", password="")).text == "hello"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (files.pdf("secret", password="x"), "is encrypted: remove its password"),
        (files.pdf("", ""), "holds no text, as scans do"),
        (files.pdf("cut short")[:300], "is damaged"),
        (b"%PDF-1.7 and no more", "is damaged"),
        (files.pdf(*[""] * (pdf.PAGES + 1)), "has more than 1,000 pages"),
    ],
    ids=["encrypted", "scanned", "cut", "junk", "long"],
)
def test_a_pdf_that_cannot_be_read_is_told_in_a_sentence(data, reason, caplog):
    assert refusal("a.pdf", data).startswith(f'"a.pdf" {reason}')
    assert caplog.records == []


def test_a_pdf_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(pdf, "SECONDS", 0.001)
    assert "takes longer than" in refusal("a.pdf", files.pdf("hello"))


def test_a_pdf_that_unpacks_to_too_much_is_refused():
    data = files.pdf("x" * 80_000_000, packed=True)
    assert len(data) < 100_000
    assert "is damaged" in refusal("a.pdf", data)


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04 a document", b"GIF89a\x01\0\x01\0", b"\x7fELF\0\0", bytes(100), b"\xff\xfe\0"],
)
def test_what_is_none_of_these_is_refused(data):
    assert "is no text, PDF, PNG, JPEG or WebP" in refusal("notes.txt", data)


def test_an_empty_and_a_blank_file_are_refused():
    assert refusal("a.txt", b"") == '"a.txt" is empty: attach another.'
    assert refusal("a.txt", b" \n\n") == '"a.txt" is blank: attach another.'


def test_a_damaged_image_is_refused():
    assert "is damaged" in refusal("a.png", files.image()[:60])


@pytest.mark.parametrize("side", [8_001, 10_000, 14_000])
def test_an_image_of_too_many_pixels_is_refused(side):
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    assert "has more than 64 megapixels" in refusal("a.png", file.getvalue())


def test_a_message_takes_so_many_files_bytes_and_characters():
    small = attachments.read("a.txt", b"a")
    assert "takes 10 files" in refusal("b.txt", b"b", [small] * 10)
    assert "takes 20 MB" in refusal("b.txt", b"b" * (20 << 20), [small])
    assert "takes 400,000 characters" in refusal("b.txt", b"b" * 400_000, [small])


def test_what_fits_is_read_beside_what_does_not():
    uploads = [("a.txt", b"a"), ("b.exe", b"\0"), ("c.txt", b"c"), *[("d", b"")] * 4]
    read, refused = attachments.read_all(uploads)
    assert [file.name for file in read] == ["a.txt", "c.txt"]
    assert refused.startswith('"b.exe" is no text')
    assert refused.endswith("2 more were refused.")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\files\\a.txt", "a.txt"),
        ("fdp\u202etxt.exe\n\0", "fdp txt.exe"),
        ("..", ".."),
        ("/", "file"),
        ("x" * 300 + ".txt", "x" * 50 + "…" + "x" * 46 + ".txt"),
    ],
)
def test_a_name_is_one_line_that_can_be_seen(given, kept):
    assert attachments.read(given, b"text").name == kept
