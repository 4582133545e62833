"""A model server's front door: what is asked of it is noted, and passed on as it is."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx


class Recorder:
    """Running from the start; requests: the bodies of those for a chat, in order."""

    def __init__(self, server: str) -> None:
        self.requests: list[dict[str, Any]] = []
        noted = self.requests

        class PassOn(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if self.path == "/api/chat":
                    noted.append(json.loads(body))
                kind = {"content-type": "application/json"}
                with httpx.stream(
                    self.command, server + self.path, content=body, headers=kind, timeout=60
                ) as answer:
                    self.send_response(answer.status_code)
                    self.send_header("content-type", answer.headers["content-type"])
                    self.end_headers()
                    for piece in answer.iter_raw():
                        self.wfile.write(piece)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), PassOn)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.host = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
