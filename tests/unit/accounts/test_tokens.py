"""Tokens of links."""

from console.accounts.tokens import hash_of, new_token


def test_tokens_have_256_bits_and_do_not_repeat():
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(len(token) == 43 for token in made)


def test_a_hash_tells_nothing_of_the_token():
    token = new_token()
    assert len(hash_of(token)) == 64
    assert token not in hash_of(token)
