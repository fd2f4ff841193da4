"""What a member of an array ends with is what it ends with alone: weights, moments and log, to the last bit.

That holds where rows have equally many tokens: a sum over a row that ends in padding is taken in other parts, and then
equal means within rounding.
"""

from dataclasses import replace

import pytest
import torch

from tests.xlt_core.arrays.members import NUM_STEPS, Recipe, are_equal, read_end, train_alone, train_together
from xlt_core.perturbations.spec import PerturbationSpec

NOISE = tuple(PerturbationSpec(method="gaussian", magnitude=magnitude) for magnitude in (0.0, 0.1, 0.5))
RECIPES = tuple(Recipe(seed=seed, data_seed=0, perturbation=noise) for seed, noise in enumerate(NOISE))
"""Of one order of data: all rows are equally long. Weights, recipes and magnitudes differ."""
WILD = {"learning_rate": 1e30, "max_grad_norm": 1e30, "warmup_ratio": 0.0}


class KilledError(Exception):
    """Stands for the end of a process."""


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> list[dict[str, torch.Tensor]]:
    """What each of `RECIPES` ends with alone."""
    ends = []
    for recipe in RECIPES:
        folder = tmp_path_factory.mktemp("alone")
        train_alone(recipe, folder)
        ends.append(read_end(folder))
    return ends


def make_folders(tmp_path, name: str):
    return [tmp_path / f"{name}{number}" for number in range(3)]


def test_members_end_with_the_bits_that_they_end_with_alone(alone, tmp_path):
    folders = make_folders(tmp_path, "member")
    outcomes = train_together(RECIPES, folders)
    assert all(are_equal(read_end(folder), known) for folder, known in zip(folders, alone, strict=True))
    assert [outcome.num_steps for outcome in outcomes] == [NUM_STEPS] * 3
    assert all(outcome.wall_seconds > 0.0 for outcome in outcomes)
    assert not are_equal(alone[0], alone[1])


@pytest.mark.parametrize("shape", ["pair", "tagging", "choice", "span", "dual"])
def test_members_of_every_shape_with_data_of_their_own_end_as_alone_but_for_rounding(tmp_path, shape):
    """With an epsilon beside which rounding is nothing: AdamW divides a gradient that is nothing else by itself."""
    settings = {"num_steps": 3, "epsilon": 1e-3, "batch_size": 8}
    recipes = [Recipe(seed=seed, data_seed=seed, shape=shape, optim=settings) for seed in range(3)]
    together, apart = make_folders(tmp_path, "member"), make_folders(tmp_path, "alone")
    train_together(recipes, together)
    for recipe, folder, own in zip(recipes, together, apart, strict=True):
        train_alone(recipe, own)
        found, known = read_end(folder), read_end(own)
        assert found.keys() == known.keys()
        for name, tensor in known.items():
            torch.testing.assert_close(
                found[name], tensor, rtol=1e-4, atol=2e-5, msg=lambda text, n=name: f"{n}: {text}"
            )


def test_a_member_whose_loss_is_not_finite_leaves_with_its_log_and_the_others_end_as_alone(alone, tmp_path):
    wild = replace(RECIPES[1], optim=WILD)
    folders = make_folders(tmp_path, "member")
    outcomes = train_together([RECIPES[0], wild, RECIPES[2]], folders)
    known = train_alone(wild, tmp_path / "wild")
    assert known.diverged_reason is not None
    assert outcomes[1].diverged_reason == known.diverged_reason
    assert repr(outcomes[1].log) == repr(known.log)
    assert 1 < outcomes[1].num_steps < NUM_STEPS, "it did not leave at once, nor in the end"
    assert are_equal(read_end(folders[1]), read_end(tmp_path / "wild"))
    for place in (0, 2):
        assert are_equal(read_end(folders[place]), alone[place])


def test_a_member_that_is_found_to_have_diverged_some_steps_later_has_the_log_that_it_has_alone(alone, tmp_path):
    """As on a GPU, where nobody waits for every step."""
    wild = replace(RECIPES[1], optim=WILD)
    folders = make_folders(tmp_path, "member")
    outcomes = train_together([RECIPES[0], wild, RECIPES[2]], folders, read_every=4)
    known = train_alone(wild, tmp_path / "wild")
    assert outcomes[1].diverged_reason == known.diverged_reason
    assert {name: repr(values) for name, values in outcomes[1].log.items()} == {
        name: repr(values) for name, values in known.log.items()
    }
    for place in (0, 2):
        assert are_equal(read_end(folders[place]), alone[place])


def test_members_that_end_at_other_steps_end_as_alone(tmp_path):
    """Their rates fall over other numbers of steps, too."""
    recipes = [replace(recipe, optim={"num_steps": number}) for recipe, number in zip(RECIPES, (2, 5, 3), strict=True)]
    folders, apart = make_folders(tmp_path, "member"), make_folders(tmp_path, "alone")
    train_together(recipes, folders)
    for recipe, folder, own in zip(recipes, folders, apart, strict=True):
        train_alone(recipe, own)
        assert are_equal(read_end(folder), read_end(own))


def test_members_alone_until_other_steps_go_on_in_an_array(alone, tmp_path):
    folders = make_folders(tmp_path, "member")
    for recipe, folder, step in zip(RECIPES, folders, (None, 2, 2), strict=True):
        if step is not None:
            train_alone(recipe, folder, until_step=step)
    train_together(RECIPES, folders)
    assert all(are_equal(read_end(folder), known) for folder, known in zip(folders, alone, strict=True))


def test_members_of_an_array_that_is_killed_go_on_alone(alone, tmp_path):
    def kill(num_steps: int) -> None:
        if num_steps == 4:
            raise KilledError

    folders = make_folders(tmp_path, "member")
    with pytest.raises(KilledError):
        train_together(RECIPES, folders, kill)
    for recipe, folder, known in zip(RECIPES, folders, alone, strict=True):
        assert read_end(folder)["log.loss"].tolist() == known["log.loss"][:2].tolist(), "it goes on from step 2"
        train_alone(recipe, folder)
        assert are_equal(read_end(folder), known)


def test_a_member_that_has_ended_before_takes_no_further_step(alone, tmp_path):
    folders = make_folders(tmp_path, "member")
    train_alone(RECIPES[0], folders[0])
    taken: list[int] = []
    train_together(RECIPES, folders, taken.append)
    assert taken == []
    assert all(are_equal(read_end(folder), known) for folder, known in zip(folders, alone, strict=True))
