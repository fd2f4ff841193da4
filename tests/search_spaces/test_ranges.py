import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.ranges import RANGE_KINDS, is_range, read_range

PAIRS = st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)).filter(lambda pair: pair[0] < pair[1])
RANGES = st.builds(lambda kind, pair: {kind: list(pair)}, st.sampled_from(RANGE_KINDS), PAIRS)


@given(RANGES, st.floats(0.0, 1.0, exclude_max=True))
def test_every_number_of_a_range_lies_in_it(written, share):
    numbers = read_range(written)
    low, high = next(iter(written.values()))
    assert low <= numbers.at(share) <= high
    assert numbers.as_setting(numbers.at(share)) == numbers.at(share)


@given(RANGES, st.floats(0.0, 1.0, exclude_max=True), st.floats(0.0, 1.0, exclude_max=True))
def test_a_larger_share_is_no_smaller_number(written, one, other):
    numbers = read_range(written)
    assert numbers.at(min(one, other)) <= numbers.at(max(one, other))


def test_shares_are_of_the_kind():
    assert read_range({"uniform": [0.0, 2.0]}).at(0.25) == 0.5
    assert read_range({"log_uniform": [0.01, 1.0]}).at(0.5) == 0.1
    dice = read_range({"integer": [1, 6]})
    assert [dice.at(throw / 6) for throw in range(6)] == [1, 2, 3, 4, 5, 6]
    assert all(isinstance(value, int) for value in (dice.at(0.3), *dice.ends))


def test_a_number_is_rounded_to_what_a_name_can_show():
    numbers = read_range({"uniform": [0.12344, 0.9]})
    assert numbers.as_setting(0.5432167) == 0.5432
    assert numbers.as_setting(0.123441) == 0.12344, "never out of the range"
    assert numbers.ends == (0.12344, 0.9)


def test_only_a_mapping_of_one_kind_is_a_range():
    assert is_range({"uniform": [0, 1]})
    assert is_range({"uniform": "wrong, and refused later"})
    for value in ({"uniform": [0, 1], "integer": [0, 1]}, {"normal": [0, 1]}, {}, [0, 1], "uniform", None):
        assert not is_range(value)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"uniform": [1.0, 0.0]}, "two numbers, the lower one first"),
        ({"uniform": [1.0, 1.0]}, "two numbers, the lower one first"),
        ({"uniform": [1.0]}, "two numbers"),
        ({"uniform": [0, 1, 2]}, "two numbers"),
        ({"uniform": 3}, "two numbers"),
        ({"uniform": ["a", "b"]}, "two numbers"),
        ({"uniform": [False, True]}, "two numbers"),
        ({"uniform": [0.0, float("inf")]}, "two numbers"),
        ({"log_uniform": [0.0, 1.0]}, "numbers above 0, or 'uniform'"),
        ({"integer": [0.5, 2]}, "two whole numbers, or 'uniform'"),
    ],
)
def test_what_is_no_range_is_refused(written, message):
    with pytest.raises(ValueError, match=message):
        read_range(written)
