"""What a call costs."""

from decimal import Decimal

import pytest

from console.monitoring.prices import BOOKS, billed_ms, cost_of_call, in_words, monthly

TODAY, OLD = BOOKS["today"], BOOKS["2018"]


@pytest.mark.parametrize(
    ("book", "duration", "init", "billed"),
    [
        (TODAY, 0.4, None, 1),
        (TODAY, 2.0, None, 2),
        (TODAY, 2.01, None, 3),
        (TODAY, 2.01, 100.5, 103),
        (OLD, 0.4, None, 100),
        (OLD, 100.0, None, 100),
        (OLD, 100.01, None, 200),
        (OLD, 50.0, 400.0, 100),
    ],
)
def test_time_is_rounded_up_to_the_books_step(
    book: object, duration: float, init: float | None, billed: int
) -> None:
    assert billed_ms(book=book, duration_ms=duration, init_ms=init) == billed


def test_a_second_of_one_gigabyte_costs_the_listed_price() -> None:
    cost = cost_of_call(book=TODAY, duration_ms=1000, memory_mb=1024)
    assert cost == Decimal("0.0000166667") + Decimal("0.0000002")


def test_the_2018_price_of_100_ms_at_128_mb_is_the_tables() -> None:
    cost = cost_of_call(book=OLD, duration_ms=1, memory_mb=128) - OLD.per_request
    assert f"{cost:.9f}" == "0.000000208"


def test_three_million_calls_of_one_second_at_512_mb_cost_what_aws_calculated() -> None:
    month = monthly(book=OLD, calls=3_000_000, duration_ms=1000, memory_mb=512)
    assert f"{month.total:.2f}" == "18.74"


def test_the_free_tier_never_pays_back() -> None:
    month = monthly(book=TODAY, calls=10, duration_ms=5, memory_mb=128)
    assert month.total == 0


def test_cold_calls_pay_their_initialisation_today_and_not_in_2018() -> None:
    def total(book: object, share: float) -> Decimal:
        return monthly(
            book=book,
            calls=100,
            duration_ms=10,
            memory_mb=1024,
            init_ms=500,
            cold_share=share,
            free_tier=False,
        ).total

    assert total(TODAY, 0.5) > total(TODAY, 0)
    assert total(OLD, 0.5) == total(OLD, 0)


def test_small_amounts_keep_their_digits() -> None:
    assert in_words(Decimal("0.0000021")) == "$0.0000021"
    assert in_words(Decimal("1234.5")) == "$1,234.50"
    assert in_words(Decimal(0)) == "$0.00"
