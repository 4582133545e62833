"""What is behind Share: links to the open chat for others to read, and the chat as a file."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

import streamlit as st

from chatcore import sharing
from chatcore.clock import now
from chatcore.service import Hearth
from chatcore.sharing import Share
from chatcore.types import Session
from chatcore.ui import actions, state, words
from chatcore.ui.state import View

FILES = {"HTML": "html", "Markdown": "md", "JSON": "json"}


@dataclass(frozen=True)
class _Made:
    """A link just made: the only time that its key is known."""

    session_id: str
    key_hash: str
    address: str


def draw(view: View, session: Session) -> None:
    """Its content is drawn while it is open, and costs the other runs of the page nothing."""
    panel = st.popover("Share", icon=":material/ios_share:", key="share", on_change="rerun")
    if panel.open:
        with panel:
            actions.tell_failure()
            _new_link(session)
            _links(view.services.store.shares.of(view.owner, session.id))
            _files(session)


def _new_link(session: Session) -> None:
    st.markdown("**A link to this chat**")
    st.caption(
        "Who has it can read the chat as it is now, and go on in a copy. What is written later"
        " is not shown."
    )
    st.selectbox("Ends after", list(sharing.EXPIRIES), index=1, key="share_expiry")
    st.checkbox("With the thoughts of the replies", key="share_thinking")
    st.button(
        "Copy a new link",
        icon=":material/add_link:",
        key="share_create",
        type="primary",
        width="stretch",
        on_click=_create,
        args=(session.id,),
    )
    made: _Made | None = st.session_state.get("made_link")
    if made is not None and made.session_id == session.id:
        st.code(made.address, language=None, wrap_lines=True)
        st.caption("Keep it now: it cannot be shown again.")


def all_links(view: View) -> None:
    """A section of the Settings page, where there are any."""
    if shares := view.services.store.shares.of(view.owner):
        st.subheader("Links to your chats", anchor=False)
        _links(shares, named=True)


def _links(shares: list[Share], named: bool = False) -> None:
    """What became of each link, and what can be done with it; named: and of which chat it is."""
    at, zone = now(), state.zone()
    for share in shares:
        key = share.key_hash[:16]
        with st.container(key=f"link_{key}", border=True, gap="small"):
            if named:
                st.markdown(words.plain(share.title))
            st.caption(words.share(share, at, zone))
            with st.container(horizontal=True, gap="small"):
                if not share.current and not share.has_ended(at):
                    st.button("Update to now", key=f"update_{key}", on_click=_update, args=(share,))
                st.button("Revoke", key=f"revoke_{key}", on_click=_revoke, args=(share,))


def _files(session: Session) -> None:
    st.markdown("**This chat as a file**")
    with st.container(horizontal=True, gap="small"):
        for label, form in FILES.items():
            address = f"sessions/{quote(session.id)}/download?format={form}"
            st.link_button(label, address, icon=":material/download:")


def _create(session_id: str) -> None:
    key, expiry = sharing.make_key(), st.session_state["share_expiry"]
    thinking, here = st.session_state["share_thinking"], st.context.url or ""
    key_hash, ends = sharing.key_hash(key), sharing.expires_at(expiry, now())

    def create(services: Hearth, owner: int) -> None:
        services.store.shares.create(owner, session_id, key_hash, ends, thinking)
        address = f"{here.rstrip('/')}/?{urlencode({'session': session_id, 'key': key})}"
        st.session_state["made_link"] = _Made(session_id, key_hash, address)
        actions.copy_text(address)

    actions.attempt(create)


def _update(share: Share) -> None:
    actions.attempt(lambda services, owner: services.store.shares.update(owner, share.key_hash))


def _revoke(share: Share) -> None:
    made: _Made | None = st.session_state.get("made_link")
    if made is not None and made.key_hash == share.key_hash:
        del st.session_state["made_link"]
    actions.attempt(lambda services, owner: services.store.shares.revoke(owner, share.key_hash))
