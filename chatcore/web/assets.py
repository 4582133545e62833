"""GET /assets/<name>: what ui/assets/load.js fetches. Its address tells its version, so a browser
that has it need not ask again."""

from pathlib import Path, PurePosixPath

from starlette.requests import Request
from starlette.responses import FileResponse

FOLDER = Path(__file__).parents[1] / "ui" / "assets"
TYPES = {
    f"{name}.{kind}": media_type
    for name in ("page", "chats")
    for kind, media_type in (("js", "text/javascript"), ("html", "text/html"))
}


async def asset(request: Request) -> FileResponse:
    """Of a route that names one of TYPES."""
    name = PurePosixPath(request.url.path).name
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return FileResponse(FOLDER / name, headers=headers, media_type=TYPES[name])
