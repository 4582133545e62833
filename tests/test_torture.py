"""The short version of `make torture`, which is the one that watches the clock as well.

Here text is lost where a draft was made and not kept: so drafts must be made, and often enough.
"""

from chatcore.saving import DRAFT_EVERY
from tests.torture.kills import MAY_BE_LOST, Torture


def test_kills_in_mid_reply_lose_no_prompt_and_nothing_stored(tmp_path):
    torture = Torture(tmp_path, seed=5, slack=None)
    torture.run(kills=5)
    assert torture.complaints == [], torture.summary()
    assert torture.counts["drafts"], torture.summary()
    assert torture.counts["waited"], torture.summary()


def test_two_drafts_are_made_in_the_time_of_what_may_be_lost():
    assert 2 * DRAFT_EVERY <= MAY_BE_LOST
