import pytest

from chatcore.errors import OptionsRefused
from chatcore.options import Options, parse


def test_what_is_not_set_is_not_sent():
    assert Options().wire() == {}
    assert Options(temperature=0, stop=("\n",)).wire() == {"temperature": 0.0, "stop": ["\n"]}


def test_fields_of_the_request_itself_are_not_among_its_options():
    assert Options(keep_alive="5m", think="on", seed=0).wire() == {"seed": 0}


def test_what_is_set_comes_before_what_another_sets():
    chat, persona = Options(temperature=0, think="off"), Options(temperature=1, top_k=3)
    assert chat.over(persona) == Options(temperature=0, think="off", top_k=3)


def test_what_is_the_same_elsewhere_is_apart_from_nothing():
    chat, persona = Options(temperature=1, seed=0, stop=("a",)), Options(temperature=1, top_k=3)
    assert chat.apart_from(persona) == {"seed": 0, "stop": ["a"]}


def test_options_come_back_from_json_as_they_went():
    options = Options(stop=("a", "b"), min_p=0.05, keep_alive="-1")
    assert parse(options.set()) == options


def test_a_time_that_is_none_is_refused_in_words():
    with pytest.raises(OptionsRefused, match=r"^keep_alive: Input should be a time such as 5m"):
        parse({"keep_alive": "soon"})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"temperature": 3}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"seed": -1}, "seed"),
        ({"stop": ["a", ""]}, "stop.1"),
        ({"keep_alive": "soon"}, "keep_alive"),
        ({"num_gpu": 1}, "num_gpu"),
        ([], "options"),
    ],
)
def test_a_refusal_names_the_field(given, named):
    with pytest.raises(OptionsRefused, match=rf"^{named}: "):
        parse(given)
