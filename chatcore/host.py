"""Which model server answers: OLLAMA_HOST if set, else a local Ollama, else the embedded engine.

The choice is made at first need and kept until look_again(); it never changes silently.
"""

import threading
import time
from contextlib import suppress

from chatcore.client import START_IT, OllamaClient
from chatcore.engine import EngineProcess
from chatcore.errors import ChatError, ServerUnreachable
from chatcore.settings import Settings
from chatcore.types import ServerInfo

LOCAL = "http://127.0.0.1:11434"
SEEN_FOR = 2.0  # seconds; every click draws the picker anew, and models come and go slowly
TOO_OLD = 30.0  # seconds; what was seen before a night says nothing of the morning
IT_IS_NAMED = "OLLAMA_HOST names it: start Ollama there, or change OLLAMA_HOST."
TRY_AGAIN = "the built-in engine has stopped; it is started again when you try again."


class ModelHost:
    """One for the app. Every method may be called from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = EngineProcess(settings.gguf, log=settings.data_dir / "engine.log")
        self._lock = threading.Lock()
        self._client: OllamaClient | None = None
        self._embedded = False
        self._choices = 0
        """How often the choice was undone."""
        self._looking = threading.Lock()
        self._seen: ServerInfo | ChatError | None = None
        self._seen_at = 0.0

    def client(self) -> OllamaClient:
        """The server in use; the embedded engine is started, or started again, where it is due.

        Raises ServerUnreachable or EngineError where there is none.
        """
        with self._lock:
            if self._client is None:
                self._choose()
            if self._embedded:
                self._follow_engine()
            assert self._client is not None
            return self._client

    def info(self) -> ServerInfo:
        """Which server answers and the models it has, as last seen, or why none could be seen.

        What was seen a while ago is looked up anew meanwhile: a page is drawn at each click, and
        waits for no model server but where nothing of today is known. Raises as look().
        """
        seen, age = self._seen, time.monotonic() - self._seen_at
        if seen is None or age > TOO_OLD or (isinstance(seen, ChatError) and age > SEEN_FOR):
            return self.look()
        if isinstance(seen, ChatError):
            raise seen
        if age > SEEN_FOR and self._looking.acquire(blocking=False):
            threading.Thread(target=self._look_meanwhile, daemon=True).start()
        return seen

    def look(self) -> ServerInfo:
        """The same, as it is now. Raises what client() raises, and what the server answers."""
        choices = self._choices
        try:
            info = self._look()
        except ChatError as error:
            self._keep(error, choices)
            raise
        self._keep(info, choices)
        return info

    def _keep(self, seen: ServerInfo | ChatError, choices: int) -> None:
        """Unless it was chosen anew meanwhile: it may be of the server before."""
        with self._lock:
            if choices == self._choices:
                self._seen, self._seen_at = seen, time.monotonic()

    def _look(self) -> ServerInfo:
        client = self.client()
        return ServerInfo(
            host=client.host,
            version=client.version(),
            embedded=self._embedded,
            demo=self._embedded and self._settings.gguf is None,
            models=tuple(client.models()),
        )

    def _look_meanwhile(self) -> None:
        try:
            with suppress(ChatError):  # kept, and told to the next page
                self.look()
        finally:
            self._looking.release()

    @property
    def takes_one(self) -> bool:
        """Whether it is to be asked for one reply at a time: the embedded engine is, and while
        the choice is to be made it may be in use, or still at a reply of before."""
        return self._client is None or self._embedded

    def look_again(self) -> None:
        """Choose anew at the next need, e.g. when Ollama was started meanwhile."""
        with self._lock:
            self._client, self._embedded, self._seen = None, False, None
            self._choices += 1

    def close(self) -> None:
        with self._looking:  # not before a look that is under way has ended
            self.look_again()
        self._engine.stop()

    def _choose(self) -> None:
        settings = self._settings
        if settings.embedded == "always":
            self._embedded = True
        elif settings.ollama_host:
            self._client = self._client_of(settings.ollama_host, IT_IS_NAMED)
        else:
            self._choose_local()

    def _choose_local(self) -> None:
        client = self._client_of(LOCAL)
        try:
            client.version()
        except ChatError:
            if self._settings.embedded == "off":
                raise ServerUnreachable(
                    f"No Ollama server answers at {LOCAL}, and the built-in engine is off"
                    " (HEARTH_EMBEDDED=off): start Ollama with `ollama serve`,"
                    " then press Look again."
                ) from None
            self._embedded = True
        else:
            # The engine stays: it may be in mid-reply. Idle, it gives the model's memory back.
            self._client = client

    def _follow_engine(self) -> None:
        url = self._engine.url()
        if self._client is None or self._client.host != url:
            self._client = self._client_of(url, TRY_AGAIN)

    def _client_of(self, url: str, advice: str = START_IT) -> OllamaClient:
        settings = self._settings
        return OllamaClient(url, settings.timeout, advice, is_told=not settings.has_accounts)
