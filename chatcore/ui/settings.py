"""The sections of the Settings page: who looks, in which browsers, and what is theirs."""

from urllib.parse import urlsplit

import streamlit as st

from chatcore import qr
from chatcore.clock import now
from chatcore.errors import PairingRefused
from chatcore.service import Hearth
from chatcore.types import Browser
from chatcore.ui import persona_scratch, signing_in, state, words
from chatcore.ui.actions import attempt
from chatcore.ui.state import View

WORD = "delete"


def who(view: View) -> None:
    settings = view.services.settings
    match settings.identity_mode:
        case "single":
            st.markdown(
                "One person owns this Hearth: every browser that reaches it shows these chats."
            )
        case "browser":
            st.markdown(
                "This browser is known by a cookie. Whoever uses it sees these chats, and so do the"
                " browsers below; nobody else does."
            )
        case "oidc":
            signing_in.who()
            signing_in.bringing(view)
        case "header":
            name = st.context.headers.get(settings.identity_header, "")
            st.text(f"The proxy in front of Hearth says that you are {name}.")


def browsers(view: View) -> None:
    """Only where a browser is what tells people apart."""
    if view.services.settings.identity_mode != "browser":
        return
    st.subheader("Browsers", anchor=False)
    mine, found = state.key(view.services), view.services.store.identities.browsers(view.owner)
    for n, browser in enumerate(found):
        _browser(browser, n, mine=browser.key == mine, alone=len(found) == 1)
    _invitation(view)


def _browser(browser: Browser, n: int, mine: bool, alone: bool) -> None:
    name = words.plain(browser.label or "A browser")
    seen = "this browser" if mine else f"last seen {words.ago(browser.last_seen_at, now())}"
    with st.container(horizontal=True, vertical_alignment="center", key=f"browser_{n}"):
        st.markdown(f":material/devices: {name} · {seen}", width="stretch")
        if not alone:
            st.button(
                "Sign out",
                key=f"sign_out_{n}",
                help=f"{name} shows these chats no longer",
                on_click=_sign_out,
                args=(browser,),
            )


def _sign_out(browser: Browser) -> None:
    attempt(lambda services, owner: services.store.identities.sign_out(owner, browser.key))


def _invitation(view: View) -> None:
    """A link to these chats, until it is used, old or taken back."""
    token = st.session_state.get("invitation", "")
    if not token or not _is_good(view, token):
        st.session_state.pop("invitation", None)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Use my chats in another browser",
                key="invite",
                icon=":material/add_link:",
                on_click=_invite,
            )
            _made_elsewhere(view)
        return
    link = f"{_base()}/pair/{token}"
    st.markdown("Open this link in the other browser, within five minutes. It is good once.")
    st.code(link, language=None, wrap_lines=True)
    alt = "The same link as a QR code, for the camera of a phone"
    st.image(qr.address(link), width=240, alt=alt)
    st.button("Take it back", key="withdraw", icon=":material/link_off:", on_click=_withdraw)


def _made_elsewhere(view: View) -> None:
    """In another tab or browser, or on the server: it cannot be shown again."""
    if open_links := len(view.services.store.identities.invitations(view.owner)):
        st.caption(f"{words.things(open_links, 'link')} made elsewhere can still be used.")
        st.button(
            "Take back" if open_links == 1 else "Take all back",
            key="withdraw",
            icon=":material/link_off:",
            on_click=_withdraw,
        )


def _is_good(view: View, token: str) -> bool:
    try:
        return view.services.store.identities.inviter(token) == view.owner
    except PairingRefused:
        return False


def _base() -> str:
    """What this browser calls the server: the address of this page, less its name."""
    address = urlsplit(st.context.url or "http://localhost:8501/")
    return f"{address.scheme}://{address.netloc}{address.path.rpartition('/')[0]}"


def _invite() -> None:
    def invite(services: Hearth, owner: int) -> None:
        st.session_state["invitation"] = services.store.identities.invite(owner)

    attempt(invite)


def _withdraw() -> None:
    attempt(lambda services, owner: services.store.identities.withdraw(owner))


def data(view: View) -> None:
    st.subheader("Your data", anchor=False)
    extent = view.services.store.belongings.extent(view.owner)
    characters = words.count(extent.characters)
    text = f"{words.things(extent.messages, 'message')} with {characters} characters"
    files = words.things(extent.files, "file")
    if extent.files:
        files += f" ({words.size(extent.file_bytes)})"
    st.markdown(f"{words.things(extent.chats, 'chat')}, {text} and {files}, the trash included.")
    if view.at_machine:
        st.caption(f"Kept in {words.plain(view.services.store.location)}")
    st.link_button("Export all as JSON", "export", icon=":material/download:")


def erasing() -> None:
    st.subheader("Delete everything", anchor=False)
    st.markdown(
        "All your chats, files, personas, saved prompts, links and tokens, for good: there is no"
        " Undo. Every browser of yours begins anew. Copies that were made of the database are not"
        " touched."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input(f"Type {WORD} to confirm", key="confirm_erasing", autocomplete="off")
        st.button(
            "Delete everything of mine",
            key="erase",
            icon=":material/delete_forever:",
            disabled=typed.strip().lower() != WORD,
            on_click=_erase,
        )


def _erase() -> None:
    if st.session_state["confirm_erasing"].strip().lower() != WORD:
        return
    if attempt(lambda services, owner: services.store.belongings.erase(owner)):
        persona_scratch.stop()
        # Whatever the page held of theirs: a token, a link, what was not sent, what to undo.
        st.session_state.clear()
        st.session_state["erased"] = True


def tell_erased() -> None:
    if st.session_state.pop("erased", False):
        st.success("Everything of yours was deleted.", icon=":material/check:")
