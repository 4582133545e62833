"""A chat: its messages, the reply under way, and the composer."""

from chatcore.ui import composer, empty, state, transcript

view = state.view()
if view.session is None:
    empty.draw(view)
    under_way = None
else:
    under_way = transcript.draw(view)
composer.draw(view)
if under_way is not None:
    transcript.follow(view, under_way)
