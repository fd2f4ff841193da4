"""What every perturbation must keep. A method's test inherits the class and names its settings."""

import copy
import itertools
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.examples import TABLE_SHAPES, make_examples, make_table
from tests.factories import build_batch, build_model, build_tokenizer, cut_at, stack_batches
from tests.xlt_core.test_evaluate import predict_one_by_one
from xlt_core.arrays.objective import ArrayFineTuning
from xlt_core.arrays.stacking import ModelStack
from xlt_core.checkpoints import CheckpointFolder
from xlt_core.data.batch import IGNORED_LABEL, PackedBatch
from xlt_core.data.batches import pack
from xlt_core.data.tokenizing import build_token_table
from xlt_core.encoders.dropout import seed_masks
from xlt_core.encoders.padding import PaddedEncoder
from xlt_core.errors import SpecError
from xlt_core.evaluate import predict_labels
from xlt_core.finetune import FineTuning, measure_site_norm
from xlt_core.model import TrialModel
from xlt_core.perturbations import METHODS
from xlt_core.perturbations.base import build_perturbation
from xlt_core.perturbations.geometry import build_ball
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.perturbations.step import TrainingStep
from xlt_core.spec import OptimSpec, StageSpec
from xlt_core.streams import stream_seed
from xlt_core.tasks.base import Shape
from xlt_core.train import StepLog, train

CPU = torch.device("cpu")
LENGTHS = (5, 9, 4, 7)
NUM_EXAMPLES = 30
BALLS = list(itertools.product(("l2", "linf"), ("token", "sequence", "batch"), ("absolute", "relative")))
SITES = ("word_embedding", "embedding_output", "last_hidden")
OTHERS: dict[str, object] = {
    "num_samples": 2, "num_ascent_steps": 1, "step_ratio": 0.9, "init": "uniform", "init_ratio": 0.3,
    "clean_weight": 0.7, "regularizer_weight": 0.4, "noise_law": "gaussian", "dropout": "same",
    "site": "last_hidden", "norm": "linf",
    "granularity": "batch", "unit": "absolute", "mask": "non_pad",
}  # fmt: skip
"""Another value than the default for the settings of a step."""


class RecordingStep(TrainingStep):
    """Remembers what went on from the site in every forward pass, and the parameters' gradients at inner steps."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.inputs: list[Tensor] = []
        self.gradients_before_and_after: list[tuple[list[Tensor], list[Tensor]]] = []

    def finish(self, activation: Tensor, batch: PackedBatch | None = None) -> Tensor:
        self.inputs.append(activation.detach().clone())
        return super().finish(activation, batch)

    def differentiate(self, clean, delta, objective):
        before = gradients_of(self.model)
        gradient = super().differentiate(clean, delta, objective)
        self.gradients_before_and_after.append((before, gradients_of(self.model)))
        return gradient

    @property
    def last_delta(self) -> Tensor:
        """The disturbance that was trained on."""
        assert self.delta is not None
        return self.delta


def make_step(model: TrialModel, batch: PackedBatch, spec: PerturbationSpec, **changes) -> RecordingStep:
    """A step over one batch, in the units of the model as it is."""
    settings = {"seeds": (1,), "step": 3, "spec": spec, "site_norm": 1.0} | changes
    context = RecordingStep(model, batch, **settings)
    context.site_norm = measure_site_norm([context])
    context.num_forwards = 0
    return context


def take_step(model: TrialModel, batch: PackedBatch, spec: PerturbationSpec, **changes) -> tuple[RecordingStep, Tensor]:
    """Run one step with fixed dropout; gradients stay in the model."""
    model.train()
    model.zero_grad(set_to_none=True)
    perturbation = build_perturbation([spec])
    context = make_step(model, batch, perturbation.spec, **changes)
    torch.manual_seed(context.step)
    loss = perturbation.run(context)
    displacement = perturbation.displace_weights(model)
    if displacement is not None:
        model.zero_grad(set_to_none=True)
        perturbation.run(context)
        displacement.undo()
    return context, loss


def gradients_of(model) -> list[Tensor]:
    return [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]


@dataclass
class OneStep:
    """What one step of fine-tuning leaves."""

    log: StepLog
    gradients: list[Tensor]


def build_objective(
    spec: PerturbationSpec,
    *,
    shape: Shape = "pair",
    dropout: float = 0.0,
    micro_batch_size: int | None = None,
    seed: int = 0,
) -> FineTuning:
    """Fine-tuning of the small encoder on a small table, with what the method does to the examples."""
    settings = StageSpec(task="pawsx", optim=OptimSpec(batch_size=4, num_steps=5), perturbation=spec)
    examples = make_examples(shape, NUM_EXAMPLES, seed)
    edit = build_perturbation([spec]).edit_examples(seed)
    edited = edit.apply(examples) if edit else examples
    cut = cut_at(24 if shape == "span" else 40)
    table = build_token_table(edited, "en", tokenizer=build_tokenizer(), cut=cut)
    model = build_model(shape, dropout=dropout, seed=seed)
    weigh_layer_norms(model)
    return FineTuning(model, table, settings, seed=seed, device=CPU, micro_batch_size=micro_batch_size)


def make_small_batch(shape: Shape) -> PackedBatch:
    """Four examples, or windows, of a shape."""
    if shape in ("pair", "tagging"):
        return build_batch(LENGTHS, shape)
    return pack(make_table(shape), np.array([1, 4, 0, 7]))


def weigh_layer_norms(model: TrialModel) -> None:
    """Weights as training leaves them; those of a fresh model, all 1, give every token the same norm."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.encoder.named_parameters():
            if name.endswith("LayerNorm.weight"):
                parameter.copy_(3.0 * torch.rand(parameter.shape, generator=generator))


def build_padded_twin(model: TrialModel) -> TrialModel:
    """The same weights in an encoder that pads."""
    twin = copy.deepcopy(model)
    twin.encoder.model.set_attn_implementation("sdpa")
    twin.encoder = PaddedEncoder(twin.encoder.model, model.encoder.tokenizer)
    return twin


class PerturbationContract:
    """Inherit, set `method`, and `settings` that are not the defaults; for methods without a disturbance of a site."""

    method: ClassVar[str]
    settings: ClassVar[dict[str, object]] = {}
    magnitude: ClassVar[float] = 0.3

    def build_spec(self, **changes) -> PerturbationSpec:
        settings = {"method": self.method, "magnitude": self.magnitude, **self.settings, **changes}
        fixed = METHODS[self.method].fixed
        return PerturbationSpec(**{name: value for name, value in settings.items() if fixed.get(name, value) == value})

    def skip_without_meaning(self, shape: Shape) -> None:
        if shape not in METHODS[self.method].shapes:
            pytest.skip(f"{self.method} has no meaning for {shape}")

    def make_partner(self, batch: PackedBatch) -> PackedBatch | None:
        """The batch that examples are compared or mixed with, where the method asks for one."""
        return None

    def take(self, model, batch, spec, **changes) -> tuple[RecordingStep, Tensor]:
        return take_step(model, batch, spec, partner=self.make_partner(batch), **changes)

    @pytest.mark.parametrize("shape", TABLE_SHAPES)
    def test_magnitude_zero_is_plain_training_bit_for_bit(self, shape):
        self.skip_without_meaning(shape)
        model, batch = build_model(shape, dropout=0.1), make_small_batch(shape)
        _, plain_loss = take_step(model, batch, PerturbationSpec())
        plain = gradients_of(model)
        _, loss = self.take(model, batch, self.build_spec(magnitude=0.0))
        assert torch.equal(loss, plain_loss)
        assert all(map(torch.equal, gradients_of(model), plain))

    @pytest.mark.parametrize("shape", TABLE_SHAPES)
    def test_a_magnitude_changes_the_gradients(self, shape):
        self.skip_without_meaning(shape)
        model, batch = build_model(shape, dropout=0.1), make_small_batch(shape)
        take_step(model, batch, PerturbationSpec())
        plain = gradients_of(model)
        self.take(model, batch, self.build_spec())
        assert not all(map(torch.equal, gradients_of(model), plain))

    def test_a_step_without_any_label_leaves_finite_gradients(self):
        self.skip_without_meaning("tagging")
        model, batch = build_model("tagging"), build_batch(LENGTHS, "tagging")
        batch.labels[:] = IGNORED_LABEL
        _, loss = self.take(model, batch, self.build_spec())
        assert float(loss) == 0.0
        assert all(torch.isfinite(gradient).all() for gradient in gradients_of(model))

    def test_texts_without_a_word_leave_finite_gradients(self):
        """Nothing but special tokens, beside a text with words and in a batch of its own."""
        model = build_model()
        for lengths in ((2, 6), (2,)):
            _, loss = self.take(model, build_batch(lengths), self.build_spec())
            assert torch.isfinite(loss).all()
            assert all(torch.isfinite(gradient).all() for gradient in gradients_of(model))

    def test_a_huge_magnitude_ends_training_with_a_reason_or_not_at_all(self):
        magnitude = min(1e6, METHODS[self.method].max_magnitude)
        objective = build_objective(self.build_spec(magnitude=magnitude), dropout=0.1)
        outcome = train(objective, OptimSpec(batch_size=4, num_steps=3), seed=0)
        assert outcome.num_steps == 3 or outcome.diverged_reason is not None

    @pytest.mark.parametrize("shape", TABLE_SHAPES)
    def test_the_counted_passes_equal_the_declared_cost(self, shape):
        self.skip_without_meaning(shape)
        context, _ = self.take(build_model(shape), make_small_batch(shape), self.build_spec())
        counted = (context.num_forwards, context.num_backwards, context.num_weight_gradients)
        assert counted == build_perturbation([self.build_spec()]).cost()

    def test_a_step_taken_again_gives_the_same_bits(self):
        model, batch = build_model(dropout=0.1), build_batch(LENGTHS)
        _, first = self.take(model, batch, self.build_spec())
        gradients = gradients_of(model)
        _, again = self.take(model, batch, self.build_spec())
        assert torch.equal(first, again)
        assert all(map(torch.equal, gradients, gradients_of(model)))

    def test_settings_that_the_table_does_not_list_change_nothing(self):
        """`reads` decides what is part of a trial's identity, so it must name everything that matters."""
        model, batch = build_model(), build_batch(LENGTHS)
        self.take(model, batch, self.build_spec())
        reference = gradients_of(model)
        for name in set(OTHERS) - set(METHODS[self.method].reads) - set(METHODS[self.method].fixed):
            self.take(model, batch, self.build_spec(**{name: OTHERS[name]}))
            assert all(map(torch.equal, gradients_of(model), reference)), name

    def test_inner_steps_leave_the_gradients_of_the_parameters_alone(self):
        model = build_model()
        context, _ = self.take(model, build_batch(LENGTHS), self.build_spec())
        for before, after in context.gradients_before_and_after:
            assert len(before) == len(after)
            assert all(map(torch.equal, before, after))
        assert all(parameter.requires_grad for parameter in model.parameters())

    @pytest.mark.parametrize(
        ("shape", "site"),
        [
            *(("pair", site) for site in SITES),
            *((shape, "word_embedding") for shape in TABLE_SHAPES if shape not in ("pair", "dual")),
            ("span", "last_hidden"),
        ],
    )
    def test_the_gradients_do_not_depend_on_the_split_into_micro_batches(self, shape, site):
        self.skip_without_meaning(shape)
        if site not in self.choose("site", SITES) and site != "word_embedding":
            pytest.skip("the method has a site of its own, or none")
        spec = self.build_spec(site=site, mask="non_pad" if site == "last_hidden" else "content")
        whole = self.fine_tune_one_step(spec, shape, None)
        for micro_batch_size in (1, 3):
            split = self.fine_tune_one_step(spec, shape, micro_batch_size)
            assert split.log["loss"] == pytest.approx(float(whole.log["loss"]), abs=1e-5)
            assert split.log.keys() == whole.log.keys()
            for name, value in whole.log.items():
                assert float(split.log[name]) == pytest.approx(float(value), rel=1e-3, abs=1e-5), name
            for one, other in zip(whole.gradients, split.gradients, strict=True):
                assert torch.allclose(one, other, atol=2e-5)

    def test_queries_that_choose_among_all_passages_of_a_batch_are_not_split(self):
        self.skip_without_meaning("dual")
        with pytest.raises(SpecError, match="micro-batches of 2 of a batch of 4"):
            self.fine_tune_one_step(self.build_spec(), "dual", 2)
        whole = self.fine_tune_one_step(self.build_spec(), "dual", None)
        assert all(torch.isfinite(gradient).all() for gradient in whole.gradients)

    def fine_tune_one_step(
        self, spec: PerturbationSpec, shape: Shape, micro_batch_size: int | None, step: int = 2
    ) -> "OneStep":
        """One step of fine-tuning on a small table, without dropout."""
        objective = build_objective(spec, shape=shape, micro_batch_size=micro_batch_size)
        log = objective.backward(step)
        return OneStep(log, gradients_of(objective.module))

    def choose(self, name: str, values: tuple[str, ...]) -> tuple[str, ...]:
        """The values of a setting that the method lets a user choose; else the one that it has."""
        return values if name in METHODS[self.method].reads else (getattr(self.build_spec(), name),)

    def test_resumed_training_ends_with_the_same_bits_as_uninterrupted(self, tmp_path):
        optim = OptimSpec(batch_size=4, num_steps=5)
        whole = build_objective(self.build_spec(), dropout=0.1)
        expected = train(whole, optim, seed=0)
        checkpoints = CheckpointFolder(tmp_path, "stage")

        def stop(num_steps_taken: int) -> None:
            if num_steps_taken == 3:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            train(
                build_objective(self.build_spec(), dropout=0.1), optim, seed=0, checkpoints=checkpoints,
                checkpoint_every_steps=2, on_step=stop,
            )  # fmt: skip
        resumed = build_objective(self.build_spec(), dropout=0.1)
        outcome = train(resumed, optim, seed=0, checkpoints=checkpoints)
        weights, resumed_weights = whole.module.state_dict(), resumed.module.state_dict()
        assert all(torch.equal(weights[name], resumed_weights[name]) for name in weights)
        assert {name: list(map(repr, values)) for name, values in outcome.log.items()} == {
            name: list(map(repr, values)) for name, values in expected.log.items()
        }

    @pytest.mark.parametrize("num_passes", [1, 2, 3])
    def test_a_step_that_runs_out_of_memory_is_taken_again_as_if_it_had_never_been_begun(self, num_passes):
        """In the step's first pass or a later one; a method may take fewer, and then nothing runs out."""
        optim, late = OptimSpec(batch_size=4, num_steps=4), 2
        crowded, expected = (build_objective(self.build_spec(), dropout=0.1) for _ in range(2))
        passes: list[int] = []
        raised: list[int] = []

        def run_out(*_: object) -> None:
            passes.append(step)
            if passes.count(late) == num_passes and step == late and not raised:
                raised.append(num_passes)
                raise torch.OutOfMemoryError("CUDA out of memory")

        def count(num_steps_taken: int) -> None:
            nonlocal step
            step = num_steps_taken

        step = 0
        crowded.module.encoder.model.encoder.layer[0].register_forward_pre_hook(run_out)
        outcome = train(crowded, optim, seed=0, on_step=count)

        def split(num_steps_taken: int) -> None:
            if num_steps_taken == late and raised:
                expected.micro_batch_size = 2

        known = train(expected, optim, seed=0, on_step=split)
        assert outcome.log.keys() == known.log.keys()
        assert np.array_equal([*outcome.log.values()], [*known.log.values()], equal_nan=True)
        weights = zip(crowded.module.parameters(), expected.module.parameters(), strict=True)
        assert all(torch.equal(one, other) for one, other in weights)
        assert outcome.micro_batch_size == (2 if raised else None)
        assert raised or num_passes > 1

    def test_training_at_magnitude_zero_ends_with_the_bits_of_plain_training(self):
        if not METHODS[self.method].has_magnitude:
            pytest.skip("the method has no magnitude")
        optim = OptimSpec(batch_size=4, num_steps=3)
        trained = []
        for spec in (self.build_spec(magnitude=0.0), PerturbationSpec()):
            objective = build_objective(spec, dropout=0.1)
            trained.append((train(objective, optim, seed=0).log, objective.module.state_dict()))
        (log, weights), (plain_log, plain_weights) = trained
        assert log == plain_log
        assert weights.keys() == plain_weights.keys()
        assert all(torch.equal(weights[name], plain_weights[name]) for name in weights)

    def test_evaluation_is_free_of_the_disturbance(self):
        """A trained model predicts as plain passes through it do, again and again."""
        objective = build_objective(self.build_spec(), dropout=0.1)
        objective.backward(0)
        table = make_table("pair", NUM_EXAMPLES)
        first = predict_labels(objective.module, table, ("a", "b", "c"), CPU).predicted
        assert np.array_equal(predict_labels(objective.module, table, ("a", "b", "c"), CPU).predicted, first)
        assert first.tolist() == predict_one_by_one(objective.module.eval(), table)

    def test_a_trial_in_an_array_takes_the_step_that_it_takes_alone(self):
        """Magnitude and seed differ between two trials that are run as one."""
        specs = [self.build_spec(), self.build_spec(magnitude=self.magnitude / 3)]
        model = build_model()
        array = self.run_array(model, specs)
        gradients = gradients_of(model)
        total = [torch.zeros_like(gradient) for gradient in gradients]
        for place, spec in enumerate(specs):
            alone = self.run_array(model, [spec], only=place)
            assert torch.allclose(array.array_loss[place], alone.array_loss[0], atol=1e-5)
            if array.delta is not None:
                assert torch.allclose(array.delta[place], alone.delta[0], atol=1e-5)
            for sum_of_both, gradient in zip(total, gradients_of(model), strict=True):
                sum_of_both += gradient
        assert all(torch.allclose(one, other, atol=2e-5) for one, other in zip(total, gradients, strict=True))

    trains_in_arrays: ClassVar[bool] = True
    array_tolerance: ClassVar[float] = 2e-6

    @pytest.mark.parametrize("by_layer", [True, False])
    def test_trials_with_weights_examples_and_masks_of_their_own_take_the_steps_that_they_take_alone(self, by_layer):
        """Their sequences have other lengths, so that all but the longest rows end in padding."""
        if not self.trains_in_arrays:
            pytest.skip(f"{self.method} trains alone")
        specs = [self.build_spec(magnitude=self.magnitude / divisor) for divisor in (1, 2, 3)]
        tunings = [build_objective(spec, dropout=0.1, seed=seed) for seed, spec in enumerate(specs)]
        alone = [[self.take_step_alone(tuning, step) for tuning in tunings] for step in (0, 1)]
        if tunings[0].perturbation.moves_weights and not by_layer:
            pytest.skip(f"{self.method} moves the weights of all trials together")
        stack = ModelStack([tuning.module for tuning in tunings], by_layer=by_layer)
        array = ArrayFineTuning(tunings, stack)
        for step, expected in enumerate(alone):
            stack.model.train()
            stack.forget_gradients()
            logs = array.backward(step)
            stack.hand_out_gradients()
            for tuning, log, known in zip(tunings, logs, expected, strict=True):
                assert {name: float(value) for name, value in log.items()} == {
                    name: pytest.approx(float(value), rel=1e-4, abs=1e-5) for name, value in known.log.items()
                }
                for one, other in zip(gradients_of(tuning.module), known.gradients, strict=True):
                    torch.testing.assert_close(one, other, rtol=1e-4, atol=self.array_tolerance)

    def take_step_alone(self, tuning: FineTuning, step: int) -> "OneStep":
        """One step with the masks that the training loop lets it draw; no gradient is left behind."""
        tuning.module.train()
        seed_masks(stream_seed(tuning.seed, "dropout", step), CPU)
        log = tuning.backward(step)
        gradients = gradients_of(tuning.module)
        tuning.module.zero_grad(set_to_none=True)
        return OneStep(log, gradients)

    def test_a_trial_of_magnitude_zero_takes_the_plain_step_in_an_array_too(self):
        if not METHODS[self.method].has_magnitude:
            pytest.skip("the method has no magnitude")
        model = build_model()
        array = self.run_array(model, [self.build_spec(), self.build_spec(magnitude=0.0)])
        plain = self.run_array(model, [PerturbationSpec()], only=1)
        assert float(array.array_loss[1]) == pytest.approx(float(plain.array_loss[0]), abs=1e-5)

    def test_dropout_alone_costs_a_trial_of_magnitude_zero_nothing_in_an_array(self):
        """Two dropout masks disagree, which some methods pay for by a weight: not at magnitude 0."""
        if not METHODS[self.method].has_magnitude:
            pytest.skip("the method has no magnitude")
        losses = []
        for weight in (1.0, 1e9):
            specs = [self.build_spec(magnitude=size, regularizer_weight=weight) for size in (self.magnitude, 0.0)]
            torch.manual_seed(0)
            losses.append(float(self.run_array(build_model(dropout=0.3), specs).array_loss[1]))
        assert losses[0] == losses[1]

    def test_gradients_in_bfloat16_are_close_to_those_in_float32(self):
        """A cosine over 0.98 over all weights, and a loss within 2 %."""
        model, batch = build_model(), build_batch(LENGTHS)
        _, loss = self.take(model, batch, self.build_spec())
        exact = gradients_of(model)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            _, rounded_loss = self.take(model, batch, self.build_spec())
        rounded = gradients_of(model)
        assert all(gradient.dtype == torch.float32 for gradient in rounded)
        assert float(rounded_loss) == pytest.approx(float(loss), rel=0.02)
        one, other = (torch.cat([gradient.flatten() for gradient in each]) for each in (exact, rounded))
        assert float(torch.cosine_similarity(one, other, dim=0)) > 0.98

    @pytest.mark.parametrize("shape", TABLE_SHAPES)
    def test_a_padded_encoder_leaves_the_gradients_that_a_packed_one_leaves(self, shape):
        self.skip_without_meaning(shape)
        packed, batch = build_model(shape), make_small_batch(shape)
        padded = build_padded_twin(packed)
        _, loss = self.take(packed, batch, self.build_spec())
        _, padded_loss = self.take(padded, batch, self.build_spec())
        assert float(padded_loss) == pytest.approx(float(loss), abs=1e-5, rel=1e-5)
        pairs = list(zip(gradients_of(packed), gradients_of(padded), strict=True))
        # The cosines of a dual encoder are scaled by 100, and so is the rounding of its gradients.
        atol = 2e-5 * max(1.0, *(float(one.abs().max()) for one, _ in pairs))
        assert all(torch.allclose(one, other, atol=atol) for one, other in pairs)

    def run_array(self, model: TrialModel, specs: list[PerturbationSpec], only: int | None = None) -> RecordingStep:
        """Run a step of two trials that share weights, or one of the two alone."""
        batches = [build_batch(LENGTHS), replace(build_batch(LENGTHS, first_key=50), example_keys=(0, 1, 2, 3))]
        seeds = (1, 2)
        if only is not None:
            batches, seeds = [batches[only]], (seeds[only],)
        batch = stack_batches(batches)
        model.zero_grad(set_to_none=True)
        partner = self.make_partner(batch)
        context = RecordingStep(model, batch, seeds=seeds, step=3, spec=specs[0], site_norm=0.5, partner=partner)
        context.array_loss = build_perturbation(specs).run(context)
        return context


class SiteContract(PerturbationContract):
    """For methods that add something to the activations of a site."""

    is_bounded: ClassVar[bool] = True
    is_rebatchable: ClassVar[bool] = True

    def test_the_disturbance_stays_in_its_ball_and_off_masked_positions(self):
        model, batch = build_model(), build_batch(LENGTHS)
        for norm, granularity, unit in BALLS:
            if norm in self.choose("norm", ("l2", "linf")) and granularity in self.choose(
                "granularity", ("token", "sequence", "batch")
            ):
                spec = self.build_spec(norm=norm, granularity=granularity, unit=unit)
                context, _ = self.take(model, batch, spec)
                self.check_ball(context)

    def check_ball(self, context: RecordingStep) -> None:
        delta = context.last_delta
        ball = build_ball(context, torch.full((1, 1, 1), context.spec.magnitude))
        assert delta.abs().max() > 0
        assert torch.all(delta[~ball.mask.expand_as(delta)] == 0)
        if self.is_bounded:
            assert torch.all(ball.measure(delta) <= ball.radius * (1 + 1e-4) + 1e-6)

    def test_the_disturbance_that_is_noted_is_the_one_that_is_trained_on(self):
        """The last pass goes on from the clean activations plus the disturbance."""
        context, _ = self.take(build_model(), build_batch(LENGTHS), self.build_spec(site="word_embedding"))
        assert torch.allclose(context.inputs[-1] - context.reach().detach(), context.last_delta, atol=1e-5)

    def test_special_tokens_are_disturbed_only_when_the_mask_says_so(self):
        model, batch = build_model(), build_batch(LENGTHS)
        specials = ~batch.content_mask[0]
        content, _ = self.take(model, batch, self.build_spec(mask="content"))
        non_pad, _ = self.take(model, batch, self.build_spec(mask="non_pad"))
        assert torch.all(content.last_delta[0, specials] == 0)
        assert torch.all(non_pad.last_delta[0, specials].abs().amax(-1) > 0)

    @pytest.mark.parametrize("granularity", ["token", "sequence"])
    def test_an_example_gets_the_same_disturbance_in_whatever_batch_it_comes(self, granularity):
        if granularity not in self.choose("granularity", ("token", "sequence")):
            pytest.skip("the method has a granularity of its own")
        model, spec = build_model(), self.build_spec(granularity=granularity)
        together, _ = self.take(model, build_batch(LENGTHS), spec)
        start = 0
        for key, length in enumerate(LENGTHS):
            alone, _ = self.take(model, build_batch((length,), first_key=key), spec)
            piece = together.last_delta[:, start : start + length]
            assert torch.allclose(alone.last_delta, piece, atol=1e-5), f"example {key}"
            start += length

    @pytest.mark.parametrize("shape", ["choice", "span"])
    def test_a_row_gets_the_same_disturbance_in_whatever_batch_it_comes(self, shape):
        """All sequences of a choice together, and windows whose neighbours are shorter or longer."""
        self.skip_without_meaning(shape)
        model, spec, table = build_model(shape), self.build_spec(), make_table(shape)
        with torch.no_grad():  # what a fresh head finds likelier is next to nothing, and lost in rounding
            model.head.output.weight *= 30.0
        rows = [1, 4, 0, 7]
        together, _ = self.take(model, make_small_batch(shape), spec)
        alone = [self.take(model, pack(table, np.array([row])), spec)[0].last_delta for row in rows]
        assert torch.allclose(torch.cat(alone, 1), together.last_delta, atol=1e-5)

    def test_a_padded_encoder_gets_the_same_disturbance_as_a_packed_one(self):
        packed = build_model()
        padded = build_padded_twin(packed)
        batch, spec = build_batch(LENGTHS), self.build_spec(site="word_embedding")
        one, _ = self.take(packed, batch, spec)
        other, _ = self.take(padded, batch, spec)
        assert torch.allclose(one.last_delta, other.last_delta, atol=1e-5)

    @pytest.mark.parametrize("site", SITES)
    def test_every_site_is_disturbed_by_what_is_asked(self, site):
        if site not in self.choose("site", SITES):
            pytest.skip("the method has a site of its own")
        model, batch = build_model(dropout=0.1), build_batch(LENGTHS)
        take_step(model, batch, PerturbationSpec())
        plain = gradients_of(model)
        spec = self.build_spec(site=site, mask="non_pad")  # of the last hidden states the head reads a special token
        context, _ = self.take(model, batch, spec)
        self.check_ball(context)
        assert not all(map(torch.equal, gradients_of(model), plain))
        counted = (context.num_forwards, context.num_backwards, context.num_weight_gradients)
        assert counted == build_perturbation([spec]).cost()

    def test_the_realised_size_is_the_norm_over_that_of_what_is_disturbed(self):
        model, batch = build_model(), build_batch(LENGTHS)
        context, _ = self.take(model, batch, self.build_spec(site="word_embedding", mask="content", num_samples=1))
        clean, content = context.reach().detach()[0], batch.content_mask[0]
        ratios = context.last_delta[0, content].norm(dim=-1) / clean[content].norm(dim=-1)
        assert float(context.sizes.mean[0]) == pytest.approx(float(ratios.mean()), rel=1e-4)
        assert float(context.sizes.largest[0]) == pytest.approx(float(ratios.max()), rel=1e-4)

    def test_bfloat16_and_float32_agree(self):
        """Directions within 0.1 (a cosine over 0.995 over all tokens), norms in the bound of float32."""
        model, batch, spec = build_model(), build_batch(LENGTHS), self.build_spec(site="word_embedding")
        exact, _ = self.take(model, batch, spec)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded, _ = self.take(model, batch, spec)
        assert rounded.last_delta.dtype == torch.float32
        self.check_ball(rounded)
        cosine = torch.cosine_similarity(exact.last_delta.flatten(), rounded.last_delta.flatten(), dim=0)
        assert float(cosine) > self.min_bfloat16_cosine

    min_bfloat16_cosine: ClassVar[float] = 0.98

    def test_seeds_and_steps_draw_their_own_noise_and_nothing_else_does(self):
        """Methods without randomness give the same disturbance at every step, the others another."""
        model, batch = build_model(), build_batch(LENGTHS)
        first, _ = self.take(model, batch, self.build_spec(), step=3)
        later, _ = self.take(model, batch, self.build_spec(), step=4)
        other, _ = self.take(model, batch, self.build_spec(), seeds=(9,))
        assert torch.equal(first.last_delta, later.last_delta) != self.is_random
        assert torch.equal(first.last_delta, other.last_delta) != self.is_random

    is_random: ClassVar[bool] = True

    def test_granularity_changes_nothing_in_an_l_infinity_ball(self):
        """So that it is no part of a trial's identity there."""
        if "granularity" not in METHODS[self.method].reads or "linf" not in self.choose("norm", ("l2", "linf")):
            pytest.skip("the method does not have both")
        model, batch = build_model(), build_batch(LENGTHS)
        by_token, _ = self.take(model, batch, self.build_spec(norm="linf", granularity="token"))
        for granularity in ("sequence", "batch"):
            by_group, _ = self.take(model, batch, self.build_spec(norm="linf", granularity=granularity))
            assert torch.equal(by_group.last_delta, by_token.last_delta)
