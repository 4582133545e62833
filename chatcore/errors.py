"""What can go wrong, in words for the person at the page.

ChatError                the message is one sentence: what happened and what to do
 ├─ SettingsError        an environment variable has a value that cannot be used
 ├─ NoIdentity           nothing tells who asks
 ├─ PairingRefused       the link that pairs a browser does not, or no longer
 ├─ ServerUnreachable    nothing answers at the Ollama host
 ├─ ServerError          it answered with an error, or broke off in mid-reply
 ├─ ModelNotFound        the model is not installed on the model server
 ├─ EngineError          the embedded engine cannot run here, or stopped
 ├─ StoreError           the history cannot be opened, read or written
 │   └─ DiskFull         there is no room left to write it
 ├─ SessionNotFound      no such session, or another owner's: never told apart
 ├─ SessionExists        the owner has a session of that id
 ├─ MessageNotFound      no such message in this session, or another owner's
 ├─ ShareNotFound        no such link of this owner's, or it is revoked
 ├─ PromptNotFound       no such saved prompt, or another owner's
 ├─ PromptRefused        a saved prompt cannot have this name, or this text
 ├─ AlreadyGenerating    the session has a reply under way
 ├─ KeyReused            a prompt has the key of another one
 ├─ TooBusy              the owner has enough prompts waiting
 ├─ PromptTooLong        a message is longer than is taken, or than the context window
 │   └─ WindowExceeded   a request was, by the model server's own count
 ├─ NotRepeatable        a reply cannot be made again exactly as it was
 ├─ LeftOut              what is asked would send a message that is never to be sent
 ├─ NothingToSumUp       a chat has no messages of which a summary could be made
 ├─ SummaryRefused       a corrected summary is empty, or too long
 ├─ OptionsRefused       an option of a reply has a value that cannot be sent
 ├─ PersonaRefused       a persona has a field that cannot be, or its file is none
 ├─ PersonaNotFound      no such persona of this owner's
 ├─ FileRefused          an attached file cannot be read, or is too much
 └─ CannotSee            the model takes no images
"""


class ChatError(Exception):
    """Anything a page may show to the user as it is."""


class SettingsError(ChatError):
    """An environment variable has a value that cannot be used."""


class NoIdentity(ChatError):
    """Nothing tells who asks, so there is no chat to show and none to begin."""


class PairingRefused(ChatError):
    """The link that pairs a browser does not, or no longer."""


class ServerUnreachable(ChatError):
    """Nothing answers at the Ollama host."""


class ServerError(ChatError):
    """The model server answered with an error, or broke off in mid-reply."""


class ModelNotFound(ChatError):
    """The model is not installed on the model server."""


class EngineError(ChatError):
    """The embedded engine cannot run here, or stopped."""


class StoreError(ChatError):
    """The history cannot be opened, read or written."""


class DiskFull(StoreError):
    """There is no room left to write the history."""


class SessionNotFound(ChatError):
    """No such session, or another owner's: never told apart."""


class SessionExists(ChatError):
    """The owner has a session of that id."""


class MessageNotFound(ChatError):
    """No such message in this session, or another owner's."""


class ShareNotFound(ChatError):
    """No such link of this owner's, or it is revoked."""


class PromptNotFound(ChatError):
    """No such saved prompt, or another owner's."""


class PromptRefused(ChatError):
    """A saved prompt cannot have this name, or this text."""


class AlreadyGenerating(ChatError):
    """The session has a reply under way."""


class KeyReused(ChatError):
    """A prompt has the key of another one."""


class TooBusy(ChatError):
    """The owner has enough prompts waiting."""


class PromptTooLong(ChatError):
    """A message is longer than is taken, or than the context window."""


class WindowExceeded(PromptTooLong):
    """A request was longer than the context window by the model server's own count."""

    def __init__(self, message: str, counted: int = 0, window: int = 0) -> None:
        """counted: tokens of it; 0 where the server does not tell."""
        super().__init__(message)
        self.counted = counted
        self.beyond = counted / window if window else 1.0


class NotRepeatable(ChatError):
    """A reply cannot be made again exactly as it was."""


class LeftOut(ChatError):
    """What is asked would send a message that the person left out."""


class SummaryRefused(ChatError):
    """A corrected summary is empty, or too long for the context window."""


class NothingToSumUp(ChatError):
    """A chat has no messages of which a summary could be made."""


class OptionsRefused(ChatError):
    """An option of a reply has a value that cannot be sent."""


class PersonaRefused(ChatError):
    """A persona has a field that cannot be, or its file is none."""


class PersonaNotFound(ChatError):
    """No such persona, or another owner's: never told apart."""


class FileRefused(ChatError):
    """An attached file cannot be read, or is too much."""


class CannotSee(ChatError):
    """The model takes no images."""
