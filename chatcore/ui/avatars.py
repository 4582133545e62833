"""The avatars of personas: only what Streamlit draws by itself. Any other text it would take for
the address of an image, or for a file of this machine."""

from streamlit.errors import StreamlitAPIException
from streamlit.string_util import validate_icon_or_emoji

from chatcore.errors import PersonaRefused
from chatcore.personas import Persona
from chatcore.personas.persona import AVATAR
from chatcore.ui import words

USUAL = ":material/theater_comedy:"


def check(persona: Persona) -> Persona:
    """Raises PersonaRefused for an emoji or an icon that there is not."""
    if not _is_known(persona.avatar):
        raise PersonaRefused(
            f"avatar: {persona.avatar!r} is no emoji or icon that Hearth can draw; there are 🎭 and"
            " :material/school:, for two."
        )
    return persona


def of(persona: Persona) -> str:
    return persona.avatar if _is_known(persona.avatar) else USUAL


def label(persona: Persona) -> str:
    """Avatar and name, as Markdown."""
    return f"{of(persona)} {words.plain(persona.name)}"


def _is_known(avatar: str) -> bool:
    try:
        return bool(AVATAR.fullmatch(avatar) and validate_icon_or_emoji(avatar))
    except StreamlitAPIException:
        return False
