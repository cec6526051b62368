"""Work items and the workers that die over them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from seamaudit.errors import UsageError
from seamaudit.pool import AHEAD, DIED, TRIES, Pool, connected, processes


def double(number: int) -> int:
    return 2 * number


def refuse(number: int) -> int:
    raise ZeroDivisionError(number)


def die_over(wanted: int, times: int, notes: Path, number: int) -> int:
    """Double a number; over one of them, the first few workers die."""
    if number == wanted:
        tries = len(list(notes.iterdir()))
        (notes / str(tries)).touch()
        if tries < times:
            os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def test_results_come_in_the_order_of_the_items() -> None:
    with processes(2) as pool:
        assert list(pool.each(double, range(40))) == [2 * number for number in range(40)]


def test_a_pool_is_used_again() -> None:
    with processes(2) as pool:
        assert [list(pool.each(double, [each])) for each in (1, 2)] == [[2], [4]]


@pytest.mark.parametrize("times", [1, TRIES - 1])
def test_an_item_that_a_worker_died_over_is_tried_again(tmp_path: Path, times: int) -> None:
    with processes(2) as pool:
        assert list(pool.each(partial(die_over, 3, times, tmp_path), range(8))) == [2 * number for number in range(8)]
    assert len(list(tmp_path.iterdir())) == times + 1


def test_an_item_that_every_worker_dies_over_is_given_up_and_no_other(tmp_path: Path) -> None:
    with processes(2) as pool:
        found = list(pool.each(partial(die_over, 3, 99, tmp_path), range(8)))
    assert found == [DIED if number == 3 else 2 * number for number in range(8)]
    assert len(list(tmp_path.iterdir())) == TRIES


def test_what_the_work_itself_raises_is_raised() -> None:
    with processes(2) as pool, pytest.raises(ZeroDivisionError):
        list(pool.each(refuse, range(3)))


def test_items_are_taken_little_ahead_of_the_results() -> None:
    taken: list[int] = []

    def coming() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            yield number

    with Pool(2, lambda: ThreadPoolExecutor(2)) as pool:
        results = pool.each(double, coming())
        assert len(taken) == 2 * AHEAD  # begun before anybody asks for a result
        next(results)
        assert len(taken) <= 2 * AHEAD + 1


@pytest.mark.parametrize("address", ["", "dask://", "tcp://localhost:1", "localhost:8786"])
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="not an executor"), connected(address):
        pass
