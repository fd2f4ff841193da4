"""Fine-tuning as an objective: a pure function of the step, in units that the encoder gives."""

import numpy as np
import pytest
import torch

from tests.examples import make_table
from tests.factories import build_model
from tests.xlt_core.test_evaluate import build_pair_table
from xlt_core.difficulty.pacing import PacedOrder
from xlt_core.difficulty.spec import CurriculumSpec
from xlt_core.errors import SpecError
from xlt_core.finetune import FineTuning, mean_embedding_norm, record_perturbation
from xlt_core.passes import autocast
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.perturbations.step import Sizes
from xlt_core.spec import OptimSpec, StageSpec
from xlt_core.train import TrainOutcome, train

CPU = torch.device("cpu")


OPTIM = OptimSpec(batch_size=4, num_steps=40)


def build_objective(seed: int = 0, dropout: float = 0.0, **changes) -> FineTuning:
    settings = StageSpec(task="pawsx", optim=OPTIM, **changes)
    return FineTuning(build_model(dropout=dropout), build_pair_table(), settings, seed=seed, device=CPU)


def gradients(objective: FineTuning, step: int) -> list[torch.Tensor]:
    objective.module.zero_grad(set_to_none=True)
    objective.backward(step)
    return [parameter.grad.clone() for parameter in objective.module.parameters() if parameter.grad is not None]


def test_a_step_taken_again_gives_the_same_gradients():
    objective = build_objective(perturbation=PerturbationSpec(method="uniform", magnitude=0.3))
    first = gradients(objective, 5)
    gradients(objective, 2)
    assert all(map(torch.equal, gradients(objective, 5), first))


def test_steps_and_seeds_see_other_examples():
    objective = build_objective()
    first = gradients(objective, 5)
    assert not all(map(torch.equal, gradients(objective, 6), first))
    assert not all(map(torch.equal, gradients(build_objective(seed=1), 5), first))


def test_a_seeded_sample_limits_the_examples():
    objective = build_objective(max_train_examples=4)
    assert all(map(torch.allclose, gradients(objective, 0), gradients(objective, 1)))


def build_paced(pool: np.ndarray, **curriculum) -> FineTuning:
    order = PacedOrder(pool=pool, batch_size=4, num_steps=40, seed=0, curriculum=CurriculumSpec(**curriculum))
    settings = StageSpec(task="pawsx", optim=OPTIM)
    return FineTuning(build_model(), build_pair_table(), settings, seed=0, device=CPU, order=order)


def test_a_given_order_decides_the_rows_of_each_step():
    """Eight rows, of which a half is open in the first step: those from whose end the curriculum begins."""
    rows = np.arange(8)
    easy, hard = (build_paced(rows, order=order, start=0.5) for order in ("easy-first", "hard-first"))
    for objective, opened in ((easy, rows[:4]), (hard, rows[4:])):
        settings = StageSpec(task="pawsx", optim=OPTIM)
        drawn = FineTuning(build_model(), build_pair_table(), settings, seed=0, device=CPU, pool=opened)
        assert all(map(torch.allclose, gradients(objective, 0), gradients(drawn, 0)))
    assert not all(map(torch.allclose, gradients(easy, 0), gradients(hard, 0)))
    assert all(map(torch.equal, gradients(easy, 30), gradients(build_paced(rows, start=0.5), 30)))


def test_the_unit_of_relative_magnitudes_is_the_mean_norm_without_padding():
    model = build_model()
    rows = model.encoder.word_embedding.weight.detach().numpy().astype(np.float64)
    rows = np.delete(rows, model.encoder.word_embedding.padding_idx, axis=0)
    assert mean_embedding_norm(model) == pytest.approx(np.linalg.norm(rows, axis=1).mean(), rel=1e-6)


def test_the_unit_is_fixed_when_the_stage_begins():
    """Else a resumed stage would measure its magnitude with another yardstick than an uninterrupted one."""
    perturbation = PerturbationSpec(method="gaussian", magnitude=1.0)
    objective = build_objective(perturbation=perturbation)
    with torch.no_grad():
        objective.module.encoder.word_embedding.weight.mul_(3.0)
    late = FineTuning(objective.module, build_pair_table(), objective.settings, seed=0, device=CPU)
    assert not all(map(torch.equal, gradients(objective, 3), gradients(late, 3)))


@pytest.mark.parametrize("site", ["embedding_output", "last_hidden"])
def test_behind_the_word_embeddings_the_unit_is_the_mean_norm_of_the_first_batch(site):
    """Written out: the norm of the noise is the magnitude times the mean norm of the clean activations there."""
    perturbation = PerturbationSpec(method="gaussian", magnitude=0.5, site=site)
    objective = build_objective(perturbation=perturbation, dropout=0.1)
    context = objective._contexts(0, 1.0, Sizes())[0]
    encoder = objective.module.encoder.eval()
    entered = encoder.embed_output(context.batch, encoder.embed(context.batch))
    activations = entered if site == "embedding_output" else encoder.encode_output(context.batch, entered)
    norm = float(activations.detach().norm(dim=-1).mean())
    objective.module.train()
    log = objective.backward(0)
    assert objective._site_norm == pytest.approx(norm, rel=1e-5)
    assert float(log["size_mean"]) == pytest.approx(0.5, rel=0.15)


def test_the_loss_gap_is_measured_at_twenty_steps_and_changes_nothing():
    """It is the disturbed minus the clean loss without dropout; adversarial steps raise the loss."""
    perturbation = PerturbationSpec(method="pgd", magnitude=0.5)
    objective = build_objective(perturbation=perturbation, dropout=0.1)
    outcome = train(objective, OPTIM, seed=0)
    measured = [step for step, gap in enumerate(outcome.log["loss_gap"]) if np.isfinite(gap)]
    assert measured == list(range(0, 40, 2))
    assert record_perturbation(objective.settings, outcome).loss_gap > 0.0
    unprobed = build_objective(perturbation=perturbation, dropout=0.1)
    unprobed._probe = lambda contexts: {}  # noqa: ARG005
    train(unprobed, OPTIM, seed=0)
    weights = zip(objective.module.parameters(), unprobed.module.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in weights)


def test_the_health_of_a_disturbed_run_is_judged_by_its_clean_loss():
    """An attack can hold the disturbed loss at chance while the model learns."""
    objective = build_objective(perturbation=PerturbationSpec(method="pgd", magnitude=50.0))
    log = objective.backward(0)
    batch = objective._contexts(0, 1.0, Sizes())[0].batch
    model = objective.module.eval()
    clean = torch.nn.functional.cross_entropy(model(batch, model.encoder.embed(batch))[0], batch.labels[0])
    assert float(log["clean_loss"]) == pytest.approx(float(clean.detach()), abs=1e-6)
    assert float(log["loss"]) > float(clean.detach())


def test_a_record_sums_up_the_log_and_leaves_out_what_was_not_measured():
    settings = StageSpec(task="pawsx", optim=OPTIM, perturbation=PerturbationSpec(method="pgd", magnitude=0.1))
    nan = float("nan")
    log = {
        "loss": (1.0, 1.0),
        "size_mean": (0.1, 0.3),
        "size_max": (0.2, 0.9),
        "loss_gap": (0.5, nan),
        "num_forwards": (4.0, 4.0),
        "num_backwards": (4.0, 4.0),
        "num_weight_gradients": (1.0, 1.0),
    }
    record = record_perturbation(settings, TrainOutcome(log=log, diverged_reason=None, wall_seconds=0.0))
    assert (record.size_kind, record.size_mean, record.size_max) == ("embedding", pytest.approx(0.2), 0.9)
    assert (record.loss_gap, record.num_forwards, record.num_weight_gradients) == (0.5, 4.0, 1.0)
    plain = record_perturbation(
        StageSpec(task="pawsx"), TrainOutcome(log={"loss": (1.0,)}, diverged_reason=None, wall_seconds=0.0)
    )
    assert (plain.size_kind, plain.size_mean, plain.loss_gap) == (None, None, None)


def test_a_norm_over_the_batch_is_not_taken_over_parts_of_it():
    over_the_batch = PerturbationSpec(method="pgd", magnitude=0.1, granularity="batch")
    settings = StageSpec(task="pawsx", optim=OPTIM, perturbation=over_the_batch)
    with pytest.raises(SpecError, match=r"micro-batches of 2 of a batch of 4: .* cannot be split"):
        FineTuning(build_model(), build_pair_table(), settings, seed=0, device=CPU, micro_batch_size=2)
    whole = FineTuning(build_model(), build_pair_table(), settings, seed=0, device=CPU, micro_batch_size=4)
    assert whole.micro_batch_size is None, "nor where memory runs out"
    assert build_objective().micro_batch_size == 4


def test_the_cpu_computes_in_float32():
    with autocast(CPU):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_the_passages_of_a_batch_are_not_parted():
    """In micro-batches each query would choose among fewer of them."""
    settings = StageSpec(task="lareqa", optim=OPTIM)
    with pytest.raises(SpecError, match=r"micro-batches of 2 of a batch of 4: .* shape 'dual' .* Leave out"):
        FineTuning(build_model("dual"), make_table("dual"), settings, seed=0, device=CPU, micro_batch_size=2)
    FineTuning(build_model("dual"), make_table("dual"), settings, seed=0, device=CPU, micro_batch_size=4)


@pytest.mark.parametrize("shape", ["single", "tagging", "choice", "span"])
def test_gradients_are_those_of_the_whole_batch_whatever_the_micro_batch(shape):
    settings = StageSpec(task="xnli", optim=OPTIM)
    found = [
        gradients(
            FineTuning(build_model(shape), make_table(shape), settings, seed=0, device=CPU, micro_batch_size=size), 3
        )
        for size in (4, 3, 1)
    ]
    for parts in found[1:]:
        assert all(torch.allclose(one, whole, atol=1e-6) for one, whole in zip(parts, found[0], strict=True))
