"""The owner cookie, and the key that names a person."""

import hashlib
from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.errors import NoIdentity
from chatcore.identity import INTERNAL, LOCAL, Facts, OwnerCookie, identity_key, key_in

NEW, OLD = b"n" * 32, b"o" * 32


def sent(cookie, browser="abc", secure=False):
    """What a browser sends back after such a Set-Cookie."""
    return {
        name: morsel.value for name, morsel in SimpleCookie(cookie.sign(browser, secure)).items()
    }


def test_a_cookie_comes_back_as_the_browser_it_was_made_for():
    cookie = OwnerCookie([NEW])
    browser = cookie.new()
    assert cookie.verify(sent(cookie, browser)) == browser
    assert cookie.verify(sent(cookie, browser, secure=True)) == browser


def test_each_browser_gets_128_bits_of_its_own():
    cookie = OwnerCookie([NEW])
    assert len({cookie.new() for _ in range(100)}) == 100
    assert len(cookie.new()) >= 22


def test_scripts_and_other_sites_do_not_get_it():
    parts = OwnerCookie([NEW]).sign("abc", secure=False).split("; ")
    assert {"Path=/", "HttpOnly", "SameSite=Lax"} < set(parts)
    assert "Secure" not in parts
    secure = OwnerCookie([NEW]).sign("abc", secure=True)
    assert secure.startswith("__Host-")
    assert secure.endswith("; Secure")


def test_both_keys_are_believed_and_the_first_one_signs():
    old, rotated, new = OwnerCookie([OLD]), OwnerCookie([NEW, OLD]), OwnerCookie([NEW])
    assert rotated.verify(sent(old)) == "abc"
    assert new.verify(sent(rotated)) == "abc"
    assert new.verify(sent(old)) is None


def test_two_hearths_on_one_machine_do_not_overwrite_each_others_cookie():
    jar = sent(OwnerCookie([OLD]), "old") | sent(OwnerCookie([NEW]), "new")
    assert OwnerCookie([OLD]).verify(jar) == "old"
    assert OwnerCookie([NEW]).verify(jar) == "new"


def test_the_cookie_that_no_neighbour_can_set_wins():
    cookie = OwnerCookie([NEW])
    jar = sent(cookie, "planted") | sent(cookie, "mine", secure=True)
    assert cookie.verify(jar) == "mine"


@given(st.text(max_size=80))
def test_a_forged_cookie_is_nobodys(value):
    cookie = OwnerCookie([NEW])
    (name,) = sent(cookie)
    assert cookie.verify({name: value}) is None


@pytest.mark.parametrize(
    "change", ["abd.{1}", "abc.{1}x", "abc.", ".{1}", "abc", "abc.{1}.", "ABC.{1}"]
)
def test_a_cookie_that_was_changed_is_nobodys(change):
    cookie = OwnerCookie([NEW])
    ((name, value),) = sent(cookie).items()
    assert cookie.verify({name: change.format(*value.split("."))}) is None


def test_the_signature_is_of_cookies_alone():
    """A signature that the same secret makes for another purpose is none."""
    cookie = OwnerCookie([NEW])
    (name,) = sent(cookie)
    other = hashlib.sha256(NEW + b"abc").hexdigest()
    assert cookie.verify({name: f"abc.{other}"}) is None


EVERYTHING = Facts("abc", ("https://issuer", "ann"), ("X-User", "ann"))


@pytest.mark.parametrize(
    ("mode", "key"),
    [
        ("single", LOCAL),
        ("browser", "browser:abc"),
        ("oidc", f"oidc:{hashlib.sha256(b'https://issuer|ann').hexdigest()}"),
        ("header", f"header:x-user:{hashlib.sha256(b'ann').hexdigest()}"),
    ],
)
def test_each_mode_has_its_own_kind_of_key(mode, key):
    assert identity_key(mode, EVERYTHING) == key


@pytest.mark.parametrize("mode", ["browser", "oidc", "header"])
def test_who_proves_nothing_is_nobody(mode):
    assert identity_key(mode, Facts()) is None
    with pytest.raises(NoIdentity):
        key_in({}, mode, "X-User")


def test_what_is_missing_is_named():
    with pytest.raises(NoIdentity, match="the header X-User, which is missing"):
        key_in({}, "header", "X-User")
    with pytest.raises(NoIdentity, match="allow cookies"):
        key_in({}, "browser", "")


def test_the_key_is_what_the_middleware_found():
    assert key_in({INTERNAL: "browser:abc"}, "browser", "") == "browser:abc"
    assert key_in({}, "single", "") == LOCAL
