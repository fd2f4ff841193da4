"""The models of several trials as one. In: `TrialModel`s of one architecture. Out: a `ModelStack`, which computes all.

The parameters of the given models become views of stacked ones, so that whoever updates, saves or scores a model of
its own goes on as if it were alone. Transformers' own modules stay; their layers are exchanged (`layers`).

Legend: A arrays of trials.
"""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from xlt_core.arrays.layers import StackedDropout, StackedEmbedding, StackedLayerNorm, StackedLinear
from xlt_core.encoders.dropout import DropoutStreams
from xlt_core.encoders.vocabulary import PartialEmbedding
from xlt_core.errors import SpecError
from xlt_core.heads import DualHead
from xlt_core.model import TrialModel


class ModelStack:
    """A models computed as one, until `release`."""

    def __init__(self, models: Sequence[TrialModel]) -> None:
        """Stack models whose parameters have equal names and shapes.

        Raises:
            SpecError: they differ, or have layers that are not known here; nothing has changed.
        """
        self._models = tuple(models)
        check_alike(models)
        names = [name for name, _ in models[0].named_parameters()]
        self._parameters = list(zip(*(model.parameters() for model in models), strict=True))
        """Of each name those of all models."""
        self._stacks: dict[str, nn.Parameter] = {}
        for name, parameters in zip(names, self._parameters, strict=True):
            stacked = nn.Parameter(torch.stack([parameter.detach() for parameter in parameters]))
            self._stacks[name] = stacked
            for parameter, data in zip(parameters, stacked.data, strict=True):
                parameter.data = data  # one name at a time: no two copies of all in memory
        device = next(iter(self._stacks.values())).device
        self.model: TrialModel = self._exchange_layers(DropoutStreams(len(models), device))
        """Takes batches of A trials; its parameters have the shapes of theirs behind (A,)."""

    def hand_out_gradients(self) -> None:
        """Let every model's parameters have their part of the gradients."""
        for stacked, parameters in zip(self._stacks.values(), self._parameters, strict=True):
            gradients = [None] * len(parameters) if stacked.grad is None else stacked.grad.unbind()
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient

    def forget_gradients(self) -> None:
        """Drop all gradients."""
        for stacked, parameters in zip(self._stacks.values(), self._parameters, strict=True):
            stacked.grad = None
            for parameter in parameters:
                parameter.grad = None

    def release(self) -> None:
        """Give every model parameters of its own again, so that the stack can go."""
        for parameters in self._parameters:
            for parameter in parameters:
                parameter.data = parameter.data.clone()
                parameter.grad = None

    def _exchange_layers(self, streams: DropoutStreams) -> TrialModel:
        """A copy of the first model with stacked layers."""
        first = self._models[0]
        shared = {id(one): one for one in (*first.parameters(), first.encoder.tokenizer, first.encoder.model.config)}
        template = copy.deepcopy(first, memo=shared)
        template.encoder.dropout_streams = streams
        for name, module in list(template.named_modules()):
            exchanged = self._exchange(name, module, streams)
            if exchanged is not None:
                template.set_submodule(name, exchanged.train(module.training))
        return template

    def _exchange(self, name: str, module: nn.Module, streams: DropoutStreams) -> nn.Module | None:
        """The stacked kin of a layer; none for what only holds others."""
        if isinstance(module, nn.Linear):
            return StackedLinear(self._stacks[f"{name}.weight"], self._stacks.get(f"{name}.bias"), streams)
        if isinstance(module, nn.LayerNorm):
            return StackedLayerNorm(self._stacks[f"{name}.weight"], self._stacks.get(f"{name}.bias"), module.eps)
        if isinstance(module, nn.Embedding):
            rows: Tensor | None = module.rows if isinstance(module, PartialEmbedding) else None
            return StackedEmbedding(self._stacks[f"{name}.weight"], module.padding_idx, rows)
        if isinstance(module, nn.Dropout):
            return StackedDropout(module, streams)
        if isinstance(module, DualHead):
            module.scale = self._stacks[f"{name}.scale"]
        return None


_KNOWN = (nn.Linear, nn.LayerNorm, nn.Embedding, DualHead)
"""Modules with parameters of their own that can be stacked."""


def check_alike(models: Sequence[TrialModel]) -> None:
    """Refuse models that are no array.

    Raises:
        SpecError: says what differs, or what cannot be stacked.
    """
    first = {name: parameter.shape for name, parameter in models[0].named_parameters()}
    for model in models[1:]:
        if {name: parameter.shape for name, parameter in model.named_parameters()} != first:
            raise SpecError("models of an array have parameters of other names or shapes; train them apart")
    for name, module in models[0].named_modules():
        has_own = next(module.parameters(recurse=False), None) is not None
        if has_own and not isinstance(module, _KNOWN):
            raise SpecError(f"'{name}' ({type(module).__name__}) cannot be stacked; train the trials apart")
    if len(dict(models[0].named_parameters(remove_duplicate=False))) != len(first):
        raise SpecError("modules that share parameters cannot be stacked; train the trials apart")
