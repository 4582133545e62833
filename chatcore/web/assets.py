"""GET /assets/<version>/<name>: what ui/assets/load.js fetches, and the style sheet.

The version is in the address, so a browser that has it need not ask again.
"""

from pathlib import Path, PurePosixPath

from starlette.requests import Request
from starlette.responses import FileResponse

FOLDER = Path(__file__).parents[1] / "ui" / "assets"
TYPES = {
    "page.js": "text/javascript",
    "prompts.js": "text/javascript",
    "chats.js": "text/javascript",
    "news.js": "text/javascript",
    "page.html": "text/html",
    "chats.html": "text/html",
    "style.css": "text/css",
}


async def asset(request: Request) -> FileResponse:
    """Of a route that names one of TYPES."""
    name = PurePosixPath(request.url.path).name
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return FileResponse(FOLDER / name, headers=headers, media_type=TYPES[name])
