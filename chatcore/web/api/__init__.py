"""The HTTP API, under /api: what a program does with the chats of its owner. See docs/api.md."""
