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
from xlt_core.arrays.turns import LayersInTurn
from xlt_core.encoders.dropout import DropoutStreams
from xlt_core.encoders.vocabulary import PartialEmbedding
from xlt_core.errors import SpecError
from xlt_core.heads import DualHead
from xlt_core.model import TrialModel


class ModelStack:
    """A models computed as one, until `release`."""

    def __init__(self, models: Sequence[TrialModel], *, by_layer: bool | None = None) -> None:
        """Stack models whose parameters have equal names and shapes.

        Args:
            models: of the trials.
            by_layer: let each layer compute all trials, so that all parameters of `model` are stacked; else, on a CPU,
                a trial passes all layers of its encoder before the next does. None given: what the device is best at.

        Raises:
            SpecError: they differ, or have layers that are not known here; nothing has changed.
        """
        self._models = tuple(models)
        check_alike(models)
        device = next(models[0].parameters()).device
        self._by_layer = device.type != "cpu" if by_layer is None else by_layer
        names = [name for name, _ in models[0].named_parameters()]
        self._parameters = dict(zip(names, zip(*(model.parameters() for model in models), strict=True), strict=True))
        """Of each name those of all models."""
        self._stacks: dict[str, nn.Parameter] = {}
        for name, parameters in self._parameters.items():
            if not self._by_layer and name.startswith(f"{_LAYERS}."):
                continue
            stacked = nn.Parameter(torch.stack([parameter.detach() for parameter in parameters]))
            self._stacks[name] = stacked
            for parameter, data in zip(parameters, stacked.data, strict=True):
                parameter.data = data  # one name at a time: no two copies of all in memory
        self.model: TrialModel = self._exchange_layers(DropoutStreams(len(models), device))
        """Takes batches of A trials; its parameters have the shapes of theirs behind (A,), or are theirs."""

    def hand_out_gradients(self) -> None:
        """Let every model's parameters have their part of the gradients."""
        for name, stacked in self._stacks.items():
            parameters = self._parameters[name]
            gradients = [None] * len(parameters) if stacked.grad is None else stacked.grad.unbind()
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient

    def forget_gradients(self) -> None:
        """Drop all gradients."""
        for stacked in self._stacks.values():
            stacked.grad = None
        for parameters in self._parameters.values():
            for parameter in parameters:
                parameter.grad = None

    def release(self) -> None:
        """Give every model parameters of its own again, so that the stack can go."""
        for name, parameters in self._parameters.items():
            for parameter in parameters:
                if name in self._stacks:
                    parameter.data = parameter.data.clone()
                parameter.grad = None
        for module in self.model.modules():
            if isinstance(module, LayersInTurn):
                module.release()

    def _exchange_layers(self, streams: DropoutStreams) -> TrialModel:
        """A copy of the first model with stacked layers."""
        first = self._models[0]
        shared = {id(one): one for one in (*first.parameters(), first.encoder.tokenizer, first.encoder.model.config)}
        template = copy.deepcopy(first, memo=shared)
        template.encoder.dropout_streams = streams
        if not self._by_layer:
            template.set_submodule(
                _LAYERS, LayersInTurn([model.get_submodule(_LAYERS) for model in self._models], streams)
            )
        for name, module in list(template.named_modules()):
            if not self._by_layer and name.startswith(f"{_LAYERS}."):
                continue
            exchanged = self._exchange(name, module, streams)
            if exchanged is not None:
                template.set_submodule(name, exchanged.train(module.training))
        return template

    def _exchange(self, name: str, module: nn.Module, streams: DropoutStreams) -> nn.Module | None:
        """The stacked kin of a layer; none for what only holds others."""
        if isinstance(module, nn.Linear):
            return StackedLinear(self._stacks[f"{name}.weight"], self._stacks.get(f"{name}.bias"), streams)
        if isinstance(module, nn.LayerNorm):
            return StackedLayerNorm(
                self._stacks[f"{name}.weight"], self._stacks.get(f"{name}.bias"), module.eps, streams
            )
        if isinstance(module, nn.Embedding):
            rows: Tensor | None = module.rows if isinstance(module, PartialEmbedding) else None
            return StackedEmbedding(self._stacks[f"{name}.weight"], module.padding_idx, rows)
        if isinstance(module, nn.Dropout):
            return StackedDropout(module, streams)
        if isinstance(module, DualHead):
            module.scale = self._stacks[f"{name}.scale"]
        return None


_LAYERS = "encoder.model.encoder"
"""Name of transformers' stack of layers in a model."""
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
