"""What the API takes and gives, as pydantic models; /api/openapi.json is made from these.

A request's fields come from its path, its query, its headers and its body alike. Ids are strings:
they pass 2^53, above which JSON's readers round. Times are milliseconds since 1970 (UTC).
"""

from dataclasses import asdict
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, field_validator

from chatcore import types
from chatcore.blank import is_blank
from chatcore.types import Role, State

SessionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Model = Annotated[str, Field(min_length=1, max_length=200)]


def _seen(text: str) -> str:
    if is_blank(text):
        raise ValueError("It must hold something that can be seen")
    return text


Visible = Annotated[str, AfterValidator(_seen)]


class Nothing(BaseModel):
    pass


class Named(BaseModel):
    """What the path names."""

    id: str


class Follow(Named):
    last_event_id: str | None = Field(
        None, description="The `id` of the last event that came: go on after it."
    )


class NewMessage(BaseModel):
    role: Role = "user"
    content: Visible = Field(pattern=r"\S")


class Post(BaseModel):
    messages: list[NewMessage] = Field(
        min_length=1,
        max_length=100,
        description="The new ones only. All are stored; the last one, a user's, is answered.",
    )
    session_id: SessionId | None = Field(
        None, description="Of a new chat, or one of yours. Left out: a new chat, with a new id."
    )
    model: Model | None = Field(
        None, description="Left out: the chat's own; for a new chat the first one installed."
    )
    idempotency_key: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="Sent again with the same key, the message is not asked again:"
        " the answer is the stream of its reply.",
    )
    last_event_id: str | None = None

    @field_validator("messages")
    @classmethod
    def _ends_with_a_prompt(cls, messages: list[NewMessage]) -> list[NewMessage]:
        if messages[-1].role != "user":
            raise ValueError("The last message must be of the role user")
        return messages


class ListSessions(BaseModel):
    limit: int = Field(50, ge=1, le=1000)


class NewSession(BaseModel):
    session_id: SessionId | None = None
    title: str = Field("", max_length=200, description="Left out: the first message's words.")
    model: Model | None = None


class Rename(Named):
    title: Visible = Field(pattern=r"\S", max_length=200)


class Find(BaseModel):
    q: str = Field(max_length=1000, description="Words: a message is found that holds them all.")
    limit: int = Field(50, ge=1, le=200)


class Ok(BaseModel):
    ok: bool = True


class Usage(BaseModel):
    """Durations are nanoseconds, as Ollama tells them."""

    done_reason: str | None
    total_duration: int | None
    load_duration: int | None
    prompt_eval_count: int | None
    prompt_eval_duration: int | None
    eval_count: int | None
    eval_duration: int | None
    first_token_duration: int | None
    thinking_duration: int | None


class Attachment(BaseModel):
    id: str
    name: str
    media_type: str
    size: int


class Message(BaseModel):
    role: Role
    content: str
    id: str
    state: State
    thinking: str
    model: str
    created_at: int
    usage: Usage | None
    error: str | None
    rating: int | None
    attachments: list[Attachment]

    @classmethod
    def of(cls, message: types.Message) -> Self:
        usage, files = message.usage, message.attachments
        return cls(
            role=message.role,
            content=message.body,
            id=str(message.id),
            state=message.state,
            thinking=message.thinking,
            model=message.model,
            created_at=message.created_at,
            usage=Usage(**asdict(usage)) if usage else None,
            error=message.error,
            rating=message.rating,
            attachments=[
                Attachment(id=str(f.id), name=f.name, media_type=f.media_type, size=f.size)
                for f in files
            ],
        )


class History(BaseModel):
    history: list[Message]


class Session(BaseModel):
    id: str
    title: str
    model: str
    created_at: int
    updated_at: int
    n_messages: int
    unread: bool
    replying: bool

    @classmethod
    def of(cls, session: types.Session, under_way: set[int]) -> Self:
        return cls(
            id=session.id,
            title=session.title,
            model=session.model,
            created_at=session.created_at,
            updated_at=session.updated_at,
            n_messages=session.n_messages,
            unread=bool(session.unread),
            replying=session.pk in under_way,
        )


class Sessions(BaseModel):
    sessions: list[Session]


class TrashedSession(BaseModel):
    id: str
    title: str
    n_messages: int
    deleted_at: int


class Trash(BaseModel):
    sessions: list[TrashedSession]


class Hit(BaseModel):
    session_id: str
    title: str
    message_id: str
    role: Role
    snippet: str
    created_at: int

    @classmethod
    def of(cls, hit: types.Hit) -> Self:
        return cls(**asdict(hit) | {"message_id": str(hit.message_id)})


class Hits(BaseModel):
    hits: list[Hit]


class InstalledModel(BaseModel):
    name: str
    parameter_size: str
    quantization_level: str
    size: int
    loaded: bool


class Models(BaseModel):
    models: list[InstalledModel]


class Error(BaseModel):
    code: str
    message: str
    hint: str
    field: str | None = None


class Refusal(BaseModel):
    error: Error
