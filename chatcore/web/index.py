"""The page that Streamlit serves at each address of one, with a style sheet of ours linked in it.

As an element it would come after what it is for, and once more with each run of the page.
"""

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse


class _Page(StringConvertor):
    """No file, nor what is further down; an address that is no page gets one, too, to say so."""

    # Where a provider sends back who signed in, Streamlit has a route.
    regex = "(?!oauth2callback$)[^./]*"


register_url_convertor("page", _Page())


def streamlits() -> str:
    """As Streamlit has it."""
    spec = find_spec("streamlit")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "static" / "index.html").read_text(encoding="utf-8")


def index(style_sheet: str) -> Callable[[Request], Awaitable[HTMLResponse]]:
    """style_sheet: its address. It stands after those that Streamlit puts into the head, since of
    two rules that are equally specific the later one counts."""
    head, end, rest = streamlits().rpartition("</body>")
    assert end
    page = f'{head}<link rel="stylesheet" href="{style_sheet}">{end}{rest}'

    async def answer(_request: Request) -> HTMLResponse:
        return HTMLResponse(page, headers={"cache-control": "no-cache"})

    return answer
