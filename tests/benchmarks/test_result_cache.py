import math
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from naslib_ext.benchmarks.result_cache import Claim, ResultCache, TrainingKey, TrainingResult
from naslib_ext.errors import DataFileError

KEY = TrainingKey("nasbench201", "f00d", "{} cpu", "0-1-2-3-4-0", 3)
RESULT = TrainingResult((50.0, 60.5), (1.5, 1.25), (2.0, 1.0), (0.1, 0.2), 59.0)


@pytest.fixture
def cache(tmp_path: Path) -> ResultCache:
    return ResultCache(tmp_path / "folder" / "cache.sqlite")


def claimed(cache: ResultCache, key: TrainingKey = KEY, lease: float = 60) -> Claim:
    claim = cache.claim(key, lease)
    assert isinstance(claim, Claim)
    return claim


def test_what_is_put_comes_back(cache: ResultCache) -> None:
    assert cache.get(KEY) is None and len(cache) == 0
    assert cache.put(KEY, RESULT) == RESULT
    assert cache.get(KEY) == RESULT == ResultCache(cache.path).get(KEY) and len(cache) == 1


def test_every_part_of_the_key_counts(cache: ResultCache) -> None:
    cache.put(KEY, RESULT)
    for change in ({"space": "s"}, {"dataset": "d"}, {"schedule": "x"}, {"code": "0"}, {"seed": 4}):
        assert cache.get(KEY._replace(**change)) is None


def test_nan_survives(cache: ResultCache) -> None:
    failed = replace(RESULT, val_accuracy=(50.0, math.nan), test_accuracy=math.nan)
    cache.put(KEY, failed)
    found = cache.get(KEY)
    assert found is not None and found.val_accuracy[0] == 50 and math.isnan(found.val_accuracy[1])
    assert math.isnan(found.test_accuracy) and found.val_loss == RESULT.val_loss


def test_the_first_result_stays(cache: ResultCache) -> None:
    cache.put(KEY, RESULT)
    assert cache.put(KEY, replace(RESULT, test_accuracy=1.0)) == RESULT == cache.get(KEY)


# claims


def test_one_claim_at_a_time(cache: ResultCache) -> None:
    claim = claimed(cache)
    assert cache.claim(KEY) is None
    claimed(cache, KEY._replace(seed=4))
    claim.release()
    claimed(cache)


def test_a_result_ends_the_claim_and_answers_further_ones(cache: ResultCache) -> None:
    claimed(cache)
    cache.put(KEY, RESULT)
    assert cache.claim(KEY) == RESULT


def test_a_claim_lapses_unless_it_is_renewed(cache: ResultCache) -> None:
    dead = claimed(cache, lease=-1)
    heir = claimed(cache)
    dead.release()
    dead.renew()
    assert cache.claim(KEY) is None, "whoever lost the claim cannot end or shorten it"
    heir.release()
    claimed(cache, lease=-1)
    replace(claimed(cache, lease=-1), lease=60.0).renew()
    assert cache.claim(KEY) is None


def _claim_all(path: Path) -> int:
    cache = ResultCache(path)
    won = 0
    for seed in range(30):
        key = KEY._replace(seed=seed)
        if isinstance(cache.claim(key), Claim):
            cache.put(key, RESULT)
            won += 1
    return won


def test_many_processes_share_the_work(cache: ResultCache) -> None:
    with ProcessPoolExecutor(4, get_context("spawn")) as pool:
        won = list(pool.map(_claim_all, [cache.path] * 4))
    assert sum(won) == 30 == len(cache)


# files that are something else


def test_not_a_database(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("no database, but a text that is long enough\n" * 100)
    with pytest.raises(DataFileError, match="notes"):
        ResultCache(tmp_path / "notes")


def test_a_damaged_row(cache: ResultCache) -> None:
    cache.put(KEY, RESULT)
    for text in ("{", "[]", "{}", '{"test_accuracy": 1, "more": [1]}'):
        with sqlite3.connect(cache.path) as connection:
            connection.execute("UPDATE results SET result = ?", (text,))
        connection.close()
        with pytest.raises(DataFileError, match="not a training's result"):
            cache.get(KEY)
