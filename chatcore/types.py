"""The words everything else is said in: plain, frozen values without behaviour of their own.

Times are milliseconds since 1970 (UTC), durations are nanoseconds as Ollama sends them, sizes
are bytes. A figure that nobody measured is None, never 0.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from chatcore.options import BY_DEFAULT, Choice

Role = Literal["system", "user", "assistant"]
IdentityMode = Literal["single", "browser", "oidc", "header"]
State = Literal["done", "streaming", "stopped", "interrupted", "error", "waiting", "held"]

CHARACTERS_PER_TOKEN = 4  # a guess, for figures that are shown and nothing else

Keep = Literal["", "pinned", "left_out"]
"""Whether a message is always sent to the model, never, or as there is room."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The version of a persona that a chat is with, and what its variables are filled from."""

    version: int
    values: dict[str, str] = field(default_factory=dict)
    """Of the persona's own fields, by name."""
    zone: str = ""
    """The visitor's time zone; "" for the server's."""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A chat. `pk` is ours, unique in the database; `id` is its address, unique per owner."""

    pk: int
    id: str
    title: str
    model: str
    leaf_id: int | None
    created_at: int
    updated_at: int
    n_messages: int
    unread: int = 0
    """1 when a reply ended that nobody followed, and the chat was not opened since."""
    choice: Choice = BY_DEFAULT
    """Not read in lists of sessions."""
    persona: InForce | None = None


@dataclass(frozen=True, slots=True)
class Extent:
    """How much an owner has."""

    chats: int
    messages: int
    characters: int
    files: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that shows an owner's chats."""

    key: str
    label: str
    """What it calls itself: Firefox on Linux; "" where it does not."""
    created_at: int
    last_seen_at: int


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody with chats, as whoever keeps the server may see them: by numbers alone."""

    n: int
    chats: int
    browsers: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply cost, as the last chunk of Ollama's stream tells it."""

    done_reason: str | None = None
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None
    first_token_duration: int | None = None  # ours: request sent to first token seen
    thinking_duration: int | None = None  # ours: from thoughts to the text after them

    @property
    def tokens_per_second(self) -> float | None:
        return _rate(self.eval_count, self.eval_duration)


def _rate(count: int | None, duration: int | None) -> float | None:
    return count / duration * 1e9 if count and duration else None


@dataclass(frozen=True, slots=True)
class File:
    """What a person attaches to a prompt: its bytes, and what the model reads of it."""

    name: str
    media_type: str
    data: bytes
    text: str | None
    """None for an image, which the model sees."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a message as it is listed, without its content. `size` is in bytes."""

    id: int
    name: str
    media_type: str
    size: int
    characters: int | None
    """Of its text; None for an image."""

    @property
    def is_image(self) -> bool:
        return self.characters is None


class Size(NamedTuple):
    """How much there is of texts and images, by the pieces that counting.py tells apart."""

    messages: int = 0
    words: int = 0
    extra: int = 0
    """Bytes in UTF-8 beyond one a character: a script that has some has fewer letters a token."""
    images: int = 0
    rare: int = 0
    """Pairs of letters: a word with many that are rare in English falls into more tokens."""
    digits: int = 0
    blanks: int = 0


class Sample(NamedTuple):
    """A request that was answered, and its length by the model's own count."""

    size: Size
    tokens: int
    bare: bool = True
    """No system message began it: the template may have put one there."""


class Part(NamedTuple):
    """A message as it is counted: all but its text."""

    id: int
    role: Role
    size: Size
    keep: Keep = ""
    apart: bool = False
    """No summary need tell of it: it was pinned, or left out."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the model wrote, or a person corrected, of the messages down to `message_id`."""

    id: int
    message_id: int
    body: str


class Build(NamedTuple):
    """Which weights a model's name stands for, and the server's version, where it tells them."""

    digest: str | None = None
    quantization: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reply's request held. It names messages, and is small: so it can be made again."""

    num_ctx: int
    tokens: int
    """As it was predicted."""
    new: int
    """Of those, how many no reply before had seen; all, where the server can have none of them."""
    sure: bool
    """Whether the prediction rests on the model's own counts."""
    size: Size
    first: int
    """The first message from which on all were sent."""
    before: tuple[int, ...] = ()
    """Those that were sent from before it."""
    without: tuple[int, ...] = ()
    """Those that were not sent from after it."""
    left_out: int = 0
    """How many messages found no room."""
    continued: int = 0
    """Characters of the reply that were there already, and sent."""
    options: dict[str, Any] = field(default_factory=dict)
    think: bool | str | None = None
    keep_alive: int | str | None = None
    sees: bool = True
    """Whether images were sent, and not only their names."""
    summary: int | None = None
    """Which summary stood for earlier messages."""
    build: Build = field(default_factory=Build)
    """Of the model that answered."""
    persona: int | None = None
    """The version of the persona whose system prompt went first."""
    values: dict[str, str] = field(default_factory=dict)
    """Of the variables in that, as they were filled."""
    least: int = 0
    """Tokens that it took at least, by earlier counts."""
    bare: bool = True
    """As of a Sample."""
    refused: Sample | None = None
    """The last request for this reply that was longer than the window, as the server counted it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a session's tree. The text of a streaming reply is its latest draft."""

    id: int
    session_pk: int
    parent_id: int | None
    role: Role
    state: State
    body: str
    thinking: str
    model: str
    created_at: int
    usage: Usage | None = None
    error: str | None = None
    rating: int | None = None
    """1 for good, 0 for bad."""
    versions: tuple[int, ...] = ()
    """The ids of all messages that stand in this one's place, oldest first, its own too."""
    attachments: tuple[Attachment, ...] = ()
    keep: Keep = ""
    seen: Seen | None = None
    """Of a reply: what its request held, where it was made."""


class Said(NamedTuple):
    """A message as a program sends it: whole, whoever said it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that a search found, with the words around what was found."""

    session_id: str
    title: str
    message_id: int
    role: Role
    snippet: str
    created_at: int


class Record(NamedTuple):
    """What is counted of a message: all but its text. A tuple, since 100,000 are made at once."""

    session_pk: int
    created_at: int
    role: Role
    state: State
    model: str
    rating: int | None = None
    done_reason: str | None = None
    total_duration: int | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None
    first_token_duration: int | None = None

    @property
    def tokens_per_second(self) -> float | None:
        return _rate(self.eval_count, self.eval_duration)


@dataclass(frozen=True, slots=True)
class Turn:
    """A prompt as it was committed, and the empty reply that waits for the model."""

    session: Session
    prompt: Message
    reply: Message


@dataclass(frozen=True, slots=True)
class Token:
    """What a program shows for its owner, as it is listed: the token itself is kept nowhere."""

    id: int
    name: str
    created_at: int
    last_used_at: int | None
    """To the minute."""


@dataclass(frozen=True, slots=True)
class SavedPrompt:
    """As it is listed: the text itself is read when it is wanted."""

    id: int
    name: str
    begins: str
    """The first characters of its text."""
    updated_at: int


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """An installed model, as /api/tags and /api/ps tell it."""

    name: str
    parameter_size: str
    quantization_level: str
    size: int
    loaded: bool


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Which model server answers, and with what; `demo`: only the tiny bundled model."""

    host: str
    version: str
    embedded: bool
    demo: bool
    models: tuple[ModelInfo, ...]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The body of one request to /api/chat."""

    model: str
    messages: list[dict[str, Any]]
    options: dict[str, Any]
    think: bool | str | None = None
    """None: as the model does by itself."""
    keep_alive: int | str | None = None
    """How long the model stays in memory, a number in seconds; None: as the server does."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One line of a streamed reply; `usage` only on the last."""

    content: str = ""
    thinking: str = ""
    usage: Usage | None = None
