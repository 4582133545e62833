"""A chat: its messages, the reply under way, and the composer."""

from chatcore.ui import composer, empty, state, transcript
from chatcore.ui.stage import stage

view = state.view()
place = stage("chat", view.session and view.session.pk)
under_way = None
with place:
    if view.session is None:
        empty.draw(view)
    else:
        under_way = transcript.draw(view)
take_stop_away = composer.draw(view, under_way)
if under_way is not None:
    with place:
        transcript.follow(view, under_way, take_stop_away)
