"""The ASGI app: what `streamlit run app.py` serves. The page itself is frame.py."""

import gc
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
import uvicorn.config
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from streamlit import net_util
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from chatcore import service
from chatcore.errors import ChatError
from chatcore.ui import asked, style
from chatcore.ui.signing_in import claims
from chatcore.ui.uploads import held
from chatcore.web import closing, refusals
from chatcore.web.api.routes import api
from chatcore.web.assets import TYPES, asset
from chatcore.web.attachments import attachment
from chatcore.web.downloads import download
from chatcore.web.export import export
from chatcore.web.gate import Gate
from chatcore.web.headers import SecurityHeaders
from chatcore.web.health import Health
from chatcore.web.in_turn import InTurn
from chatcore.web.index import index
from chatcore.web.later import Later
from chatcore.web.news import what_is_new
from chatcore.web.pairing import pair
from chatcore.web.peer import Peer
from chatcore.web.prompts import prompt, prompts
from chatcore.web.uploads import Uploads
from chatcore.web.visitors import Visitors

log = logging.getLogger(__name__)

# Until st.navigation has run once, Streamlit takes the files in pages/ for the pages: whoever comes
# first, to the dashboard's address, would be told that there is none.
PagesManager.uses_pages_directory = False

# For how long a thread that draws a page may keep the others waiting, among them those that ask the
# model and send its words: Python's own 5 ms come several times between Enter and the first word.
sys.setswitchinterval(0.0005)

# With one of these off, any page in a visitor's browser could talk to this server in their name.
for guard in ("server.enableCORS", "server.enableXsrfProtection"):
    if not st.get_option(guard):
        raise SystemExit(f"Hearth does not run with {guard} turned off: leave it on.")

# Streamlit asks a server on the internet for this machine's address there, and everybody waits
# meanwhile, whenever a page of another origin comes by. Whose pages are ours, Gate knows without.
net_util.get_external_ip = lambda: None

# Who may name the visitor depends on the address at the other end of the connection, which uvicorn
# replaces by what X-Forwarded-For says: note it first.
uvicorn.config.ProxyHeadersMiddleware = Peer


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Where the services cannot start, the page says why, and tries again at each visit."""
    closing.watch_signals()
    try:
        await run_in_threadpool(service.hearth)
    except ChatError as error:
        log.error("%s", error)
    # What is here to stay need not be looked through whenever Python collects garbage.
    gc.collect()
    gc.freeze()
    yield
    await run_in_threadpool(service.stop)


hearth = st.App(
    "frame.py",
    routes=[
        Route("/healthz", Health().answer),
        *[Route(f"/assets/{{version}}/{name}", asset) for name in TYPES],
        Route("/attachments/{id}", attachment),
        Route("/news", what_is_new),
        Route("/prompts", prompts),
        Route("/prompts/{id}", prompt),
        Route("/sessions/{id}/download", download),
        Route("/export", export),
        Mount("/api", api()),
        Route("/pair/{token}", pair, methods=["GET", "POST"]),
        Route("/{page:page}", index(style.SHEET)),
    ],
    middleware=[
        Middleware(SecurityHeaders),
        Middleware(
            Gate,
            is_host_allowed=is_host_allowed,
            origins=st.get_option("server.corsAllowedOrigins"),
        ),
        Middleware(Visitors, signed_in=claims),
        Middleware(Uploads, held=held),
        Middleware(InTurn, stamp=asked.stamped),
        Middleware(
            Later, is_prompt=asked.is_prompt, begins=asked.tells_begin, ends=asked.tells_end
        ),
    ],
    exception_handlers={ChatError: refusals.as_text},
    lifespan=lifespan,
)
