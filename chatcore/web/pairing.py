"""/pair/<token>: another browser is asked whether it shall show the chats of whoever made the link.

Looking changes nothing, since a preview of the link or a browser that fetches ahead looks, too.
Its links are relative: the server may be under a path.
"""

from html import escape

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from chatcore.errors import ChatError, NoIdentity, PairingRefused
from chatcore.service import Hearth, hearth
from chatcore.web.origin import is_same_origin
from chatcore.web.owner import key_of
from chatcore.web.refusals import status_of

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>Use my chats in this browser · Hearth</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto;
    padding: 0 1rem; }}
  button {{ font: inherit; padding: .6rem 1.2rem; border: 0; border-radius: .6rem;
    background: #b4430b; color: #fff; cursor: pointer; }}
</style>
<main>
{body}
</main>
</html>
"""
ASK = """<h1>Use these chats in this browser?</h1>
<p>Whoever made this link will share their chats with this browser.</p>
{joined}
<form method="post"><button>Use them here</button></form>
<p><a href="../">No, leave everything as it is</a></p>"""
JOINED = """<p><strong>This browser has chats of its own: they will be joined with those, and
whoever made the link will read them. Go on only if you made it yourself.</strong></p>"""
TOLD = """<h1>{heading}</h1>
<p>{sentence}</p>
<p><a href="../">To the chats of this browser</a></p>"""


async def pair(request: Request) -> Response:
    """GET asks, POST does it and leads to the chats."""
    step = _ask if request.method in ("GET", "HEAD") else _pair
    try:
        return await run_in_threadpool(step, request)
    except ChatError as error:
        told = TOLD.format(heading="Nothing was changed", sentence=escape(str(error)))
        return _page(told, status_of(error))


def _ask(request: Request) -> Response:
    services = _services()
    identities = services.store.identities
    owner = identities.inviter(request.path_params["token"])
    try:
        key = key_of(services, request)
    except NoIdentity:  # the cookie comes with this page
        key = ""
    if key and identities.owner(key) == owner:
        heading, sentence = "Nothing to do", "This browser shows these chats already."
        return _page(TOLD.format(heading=heading, sentence=sentence))
    return _page(ASK.format(joined=JOINED if identities.has_chats(key) else ""))


def _pair(request: Request) -> Response:
    services = _services()
    if not is_same_origin(request):
        raise PairingRefused("This was asked by another page: open the link itself.")
    services.store.identities.pair(request.path_params["token"], key_of(services, request))
    return RedirectResponse("../", 303)


def _services() -> Hearth:
    services = hearth()
    if services.settings.identity_mode != "browser":
        raise PairingRefused(
            "Browsers are not told apart here, so none is paired: HEARTH_IDENTITY says who you are."
        )
    return services


def _page(body: str, status: int = 200) -> HTMLResponse:
    # Under no-referrer, as elsewhere, the form would not say where it comes from either.
    headers = {
        "content-security-policy": POLICY,
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
    }
    return HTMLResponse(PAGE.format(body=body), status, headers)
