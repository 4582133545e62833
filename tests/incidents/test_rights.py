"""Who knew an id, or had a link, was given more than that."""

import pytest

from chatcore.errors import MessageNotFound, SessionNotFound, ShareNotFound
from chatcore.sharing import key_hash, make_key
from tests.fake_ollama import PAUSE
from tests.test_generations import start
from tests.test_store import NOTES, attach, attached, refused_to


def test_cve_2026_54015_a_message_is_reached_by_its_own_owner_alone(store, ann, bob):
    """The parent's id was checked, the child's was not."""
    theirs = store.begin_turn(ann, None, "mine", "m")
    store.begin_turn(bob, None, "yours", "m")
    with pytest.raises(MessageNotFound):
        store.begin_turn(bob, None, "edited", "m", instead_of=theirs.prompt.id)
    with pytest.raises(SessionNotFound):
        store.begin_turn(bob, theirs.session.id, "hello", "m")
    assert [m.body for m in store.messages(ann, theirs.session.id)] == ["mine", ""]


def test_cve_2026_31950_anothers_reply_under_way_is_not_handed_out(
    generations, store, ann, bob, fake
):
    """The live stream of a reply asked for its id alone."""
    fake.reply("a secret", PAUSE)
    generation = start(generations, ann, "hello")
    for attempt in (generations.of, generations.stop):
        with pytest.raises(MessageNotFound):
            attempt(bob, generation.turn.reply)
    assert generations.of(ann, generation.turn.reply) is generation
    assert store.message(ann, generation.turn.reply.id).state == "streaming"


def test_cve_2026_45671_a_link_is_no_right_to_change_the_chat(store, ann, bob):
    """A link made for reading was taken for the right to change and to delete."""
    turn, key = shared(store, ann)
    store.shares.read(turn.session.id, key)
    before = store.sessions(ann), store.messages(ann, turn.session.id)
    for error, attempt in refused_to(store, bob, turn):
        with pytest.raises(error):
            attempt()
    for change in (store.shares.update, store.shares.revoke):
        with pytest.raises(ShareNotFound):
            change(bob, key)
    assert (store.sessions(ann), store.messages(ann, turn.session.id)) == before


def test_cve_2026_54010_a_link_opens_the_files_of_its_chat_alone(store, ann, bob):
    """Through a link to one chat all files of its owner could be had, and deleted."""
    turn, key = shared(store, ann)
    (notes,) = turn.prompt.attachments
    (hidden,) = attach(store, ann, NOTES).prompt.attachments
    (bobs,) = attach(store, bob, NOTES).prompt.attachments
    assert store.shares.file(turn.session.id, key, notes.id).data == NOTES.data
    for foreign in (hidden.id, bobs.id):
        with pytest.raises(MessageNotFound):
            store.shares.file(turn.session.id, key, foreign)
    copied = store.messages(bob, store.shares.copy(bob, turn.session.id, key).id)
    store.trash.put(ann, turn.session.id)
    assert [file.data for file in attached(store, bob, copied[0])] == [NOTES.data]
    with pytest.raises(MessageNotFound):
        store.file(bob, notes.id)


def shared(store, owner):
    """A turn with a file, and the hash of a key to it."""
    turn = attach(store, owner, NOTES)
    hashed = key_hash(make_key())
    store.shares.create(owner, turn.session.id, hashed)
    return turn, hashed
