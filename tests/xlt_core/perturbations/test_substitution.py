"""RS-DA and its control: what is trained on is the copies, in one order, and plain training of them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.contracts.perturbation_contract import (
    NUM_EXAMPLES,
    PerturbationContract,
    build_objective,
    gradients_of,
    make_small_batch,
    take_step,
)
from tests.examples import TABLE_SHAPES, make_examples
from tests.factories import build_batch, build_model, write_neighbor_file
from xlt_core.data.batches import pack
from xlt_core.edits.copies import measure_changes
from xlt_core.errors import SpecError
from xlt_core.finetune import record_perturbation
from xlt_core.passes import Passes
from xlt_core.perturbations import METHODS
from xlt_core.perturbations.base import build_perturbation
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.perturbations.step import Sizes
from xlt_core.spec import OptimSpec
from xlt_core.streams import stream_seed
from xlt_core.train import train

OPTIM = OptimSpec(batch_size=4, num_steps=20)


class NeighborContract(PerturbationContract):
    """The contract for methods that read a neighbour file."""

    path: Path

    @pytest.fixture(autouse=True)
    def _neighbor_file(self, tmp_path_factory):
        self.path = tmp_path_factory.mktemp("neighbors") / "neighbors.json"
        write_neighbor_file(self.path)

    def build_spec(self, **changes) -> PerturbationSpec:
        return super().build_spec(**{"neighbors": str(self.path)} | changes)

    @pytest.mark.parametrize("shape", ["single", "pair", "tagging"])
    def test_rows_are_those_of_the_edit_and_their_partners_the_originals(self, shape):
        """Copies are labelled as their originals are."""
        objective = build_objective(self.build_spec(), shape=shape)
        examples = make_examples(shape, NUM_EXAMPLES)
        seen = []
        for step in range(8):
            context = objective._contexts(step, 1.0, Sizes())[0]
            rows = np.array(context.batch.example_keys)
            seen += rows.tolist()
            assert rows.max() < 3 * len(examples)
            assert context.partner.example_keys == tuple(rows % 30 + 90)
            assert torch.equal(context.partner.labels, context.batch.labels)
            originals = np.arange(30, dtype=np.int64)[rows % 30]
            expected = pack(objective._table, originals + 90).input_ids
            assert torch.equal(context.partner.input_ids, expected)
        assert len(set(seen)) == 32, "no row twice within an epoch"

    def test_a_larger_magnitude_exchanges_more_words(self):
        examples = make_examples("pair", NUM_EXAMPLES)
        shares = []
        for magnitude in (0.1, 0.5, 1.0):
            edit = build_perturbation([self.build_spec(magnitude=magnitude, num_copies=5)]).edit_examples(0)
            shares.append(measure_changes(examples, edit.apply(examples))[:150].mean())
        assert shares[0] < shares[1] < shares[2]
        assert shares[2] == pytest.approx(3 / 8, abs=0.06), "half of the words have 3 neighbours"

    def test_the_draw_is_the_stages_own(self):
        spec = self.build_spec()
        edits = [build_perturbation([spec]).edit_examples(seed) for seed in (3, 3, 4)]
        assert edits[0] == edits[1] != edits[2]
        assert edits[0].seed == stream_seed(3, "augment")
        assert (edits[0].share, edits[0].num_copies) == (spec.magnitude, spec.num_copies)

    def test_options_of_the_lookup_are_passed_on(self):
        spec = self.build_spec(match_capitalized=True, strip_punctuation=True)
        lookup = build_perturbation([spec]).edit_examples(0).lookup
        assert (lookup.match_capitalized, lookup.strip_punctuation) == (True, True)
        assert build_perturbation([self.build_spec()]).edit_examples(0).lookup != lookup

    def test_ten_copies_are_the_default_and_all_words_the_most(self):
        spec = PerturbationSpec(method=self.method, magnitude=1.0, neighbors="x.json")
        assert spec.num_copies == 10
        assert METHODS[self.method].max_magnitude == 1.0

    def test_the_loss_gap_is_that_of_copies_to_originals(self):
        """Against plain cross-entropy without dropout."""
        objective = build_objective(self.build_spec(), dropout=0.1)
        contexts = objective._contexts(0, 1.0, Sizes())
        gap = Passes(objective.module, objective.perturbation, contexts, Sizes()).probe()["loss_gap"][0]
        model = objective.module.eval()
        losses = [
            torch.nn.functional.cross_entropy(model(batch, model.encoder.embed(batch))[0], batch.labels[0]).item()
            for batch in (contexts[0].batch, contexts[0].partner)
        ]
        assert float(gap) == pytest.approx(losses[0] - losses[1], abs=1e-6)
        assert float(gap) != 0.0


class TestRsDa(NeighborContract):
    method = "rs_da"
    trains_in_arrays = False
    settings = {"num_copies": 3}  # noqa: RUF012

    def test_trials_of_an_array_do_not_train_on_the_words_of_another_magnitude(self):
        specs = [self.build_spec(magnitude=1.0), self.build_spec(magnitude=0.5)]
        with pytest.raises(SpecError, match="make a table for each trial"):
            build_perturbation(specs).edit_examples(0)
        assert build_perturbation(specs[:1]).edit_examples(0) is not None

    @pytest.mark.parametrize("shape", TABLE_SHAPES)
    def test_a_magnitude_changes_the_gradients(self, shape):
        """Of the same rows: copies with other words in them, and unchanged ones."""
        self.skip_without_meaning(shape)
        spec = self.build_spec(magnitude=1.0)
        copies = PerturbationSpec(method="copies", num_copies=3)
        objectives = [build_objective(each, shape=shape) for each in (spec, copies)]
        for objective in objectives:
            objective.backward(0)
        one, other = (gradients_of(objective.module) for objective in objectives)
        assert not all(map(torch.equal, one, other))

    def test_a_step_is_the_plain_step_of_its_rows(self):
        model, batch = build_model(dropout=0.1), build_batch((5, 9, 4))
        _, plain = take_step(model, batch, PerturbationSpec())
        expected = gradients_of(model)
        _, loss = take_step(model, batch, self.build_spec())
        assert torch.equal(loss, plain)
        assert all(map(torch.equal, gradients_of(model), expected))

    def test_originals_are_packed_only_where_the_loss_gap_is_measured(self):
        objective = build_objective(self.build_spec())
        num_packed = []
        packing = objective.pack

        def count(rows):
            num_packed.append(len(rows))
            return packing(rows)

        objective.pack = count
        objective.settings = objective.settings.model_copy(update={"optim": OPTIM})
        objective._probe_every = 2
        for step in range(4):
            num_packed.clear()
            objective.backward(step)
            assert len(num_packed) == (2 if step % 2 == 0 else 1)

    def test_the_share_of_words_really_exchanged_is_recorded(self, monkeypatch):
        """Of the rows that were trained on, as counted when the copies were made."""
        objective = build_objective(self.build_spec(magnitude=1.0))
        examples = make_examples("pair", NUM_EXAMPLES)
        edited = build_perturbation([self.build_spec(magnitude=1.0)]).edit_examples(0).apply(examples)
        changes = measure_changes(examples, edited)
        monkeypatch.setattr(objective, "_table", replace(objective._table, changes=changes))
        outcome = train(objective, OptimSpec(batch_size=4, num_steps=5), seed=0)
        rows = np.stack([objective._order.indices(step) for step in range(5)])
        record = record_perturbation(objective.settings, outcome)
        assert record.size_kind == "words"
        assert record.size_mean == pytest.approx(changes[rows].mean(), abs=1e-6)
        assert record.size_max == pytest.approx(changes[rows].max(), abs=1e-6)
        assert record.loss_gap is not None


class TestCopies(PerturbationContract):
    method = "copies"
    settings = {"num_copies": 3}  # noqa: RUF012

    @pytest.mark.parametrize("shape", TABLE_SHAPES)
    def test_a_magnitude_changes_the_gradients(self, shape):
        """It has none: every step is a plain one, and only the order differs from that of plain training."""
        model, batch = build_model(shape, dropout=0.1), make_small_batch(shape)
        take_step(model, batch, PerturbationSpec())
        plain = gradients_of(model)
        take_step(model, batch, self.build_spec(magnitude=0.7))
        assert all(map(torch.equal, gradients_of(model), plain))
        spec = self.build_spec()
        orders = [build_objective(each, shape=shape)._order.indices(0) for each in (spec, PerturbationSpec())]
        assert not np.array_equal(*orders)

    def test_an_epoch_has_every_example_as_often_as_there_are_copies(self):
        objective = build_objective(self.build_spec())
        rows = np.concatenate([objective._order.indices(step) for step in range(23)])
        counts = np.bincount(rows[:90] % 30, minlength=30)
        assert counts.tolist() == [3] * 30
        assert len(objective._table) == NUM_EXAMPLES, "no copy of the tokens"

    @pytest.mark.parametrize("shape", ["single", "pair", "tagging", "choice", "dual"])
    def test_substitution_that_finds_no_word_trains_to_the_same_bits(self, shape, tmp_path):
        """RS-DA and its control see the same rows in the same order: they differ in the words alone."""
        path = tmp_path / "strangers.json"
        path.write_text(json.dumps({"film": ["movie"]}), encoding="utf-8")
        augmented = PerturbationSpec(method="rs_da", magnitude=1.0, num_copies=3, neighbors=str(path))
        weights = []
        for spec in (self.build_spec(), augmented):
            objective = build_objective(spec, shape=shape, dropout=0.1)
            train(objective, OptimSpec(batch_size=4, num_steps=5), seed=0)
            weights.append(objective.module.state_dict())
        assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
