"""The short version of `make torture`, which is the one that watches the clock as well."""

from tests.torture.kills import Torture


def test_kills_in_mid_reply_lose_no_prompt_and_nothing_stored(tmp_path):
    torture = Torture(tmp_path, seed=5, slack=60)
    torture.run(kills=5)
    assert torture.complaints == [], torture.summary()
