"""A world and what it holds out."""

from xlt_core.world.meanings import is_leaf
from xlt_core.world.world import NUM_HELD_OUT_PAIRS, build_world

WORLD = build_world()


def cores_of(pairs):
    return {side.core for pair in pairs for side in pair.meanings}


def test_equal_seeds_build_equal_worlds_and_other_seeds_others():
    again, other = build_world(), build_world(1)
    assert (again.dev_pairs, again.test_pairs, again.lexicons) == (WORLD.dev_pairs, WORLD.test_pairs, WORLD.lexicons)
    assert other.test_pairs != WORLD.test_pairs
    assert other.lexicons != WORLD.lexicons


def test_dev_and_test_share_no_meaning():
    assert len(WORLD.dev_pairs) == len(WORLD.test_pairs) == NUM_HELD_OUT_PAIRS
    assert cores_of(WORLD.dev_pairs).isdisjoint(cores_of(WORLD.test_pairs))
    assert WORLD.held_out_cores == cores_of(WORLD.dev_pairs) | cores_of(WORLD.test_pairs)


def test_most_of_what_can_be_said_is_not_held_out():
    likely = [meaning for meaning in WORLD.held_out_cores if is_leaf(meaning.object)]
    assert 500 < len(likely) < 2000
