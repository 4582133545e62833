"""The connections of the app and of the engine: no answer waits for the one before it."""

import asyncio
import os
import socket

import uvicorn
from streamlit.web.server.starlette.starlette_server import _bind_socket

from chatcore.engine.server import listen

LOCALHOST = "127.0.0.1"


def sends_at_once(listener, loop_factory):
    """Whether a connection that is accepted there hands on what is small without delay."""

    async def accept():
        accepted = asyncio.get_running_loop().create_future()

        class Accepted(asyncio.Protocol):
            def connection_made(self, transport):
                accepted.set_result(os.dup(transport.get_extra_info("socket").fileno()))

        server = await asyncio.get_running_loop().create_server(Accepted, sock=listener)
        async with server:
            _, writer = await asyncio.open_connection(*listener.getsockname())
            with socket.socket(fileno=await accepted) as connection:
                told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            writer.close()
            await writer.wait_closed()
        return bool(told)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(accept())


def test_the_app_sends_at_once():
    loop_factory = uvicorn.Config("app:hearth").get_loop_factory()
    assert sends_at_once(_bind_socket(LOCALHOST, 0, 1), loop_factory)


def test_the_engine_sends_at_once():
    assert sends_at_once(listen(0), asyncio.SelectorEventLoop)
