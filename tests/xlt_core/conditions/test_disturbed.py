"""Noise and attacks as conditions: what decides them is in their identity."""

import pytest

from tests.contracts.condition_contract import ConditionContract
from xlt_core.canonical import content_key
from xlt_core.conditions.base import TestSets
from xlt_core.tasks import load_task


class _DisturbedContract(ConditionContract):
    method: str

    def settings(self):
        return {"perturbation": {"method": self.method, "magnitude": 0.3}}

    def test_every_language_is_disturbed_by_the_settings(self):
        sets = TestSets(task=load_task("xnli"), data="nowhere", split="dev", languages=("en", "sw"))
        condition = self.make()
        assert [view.disturbance for view in condition.views(sets)] == [condition.spec] * 2
        assert all(view.edit is None for view in condition.views(sets))

    @pytest.mark.parametrize("change", [{"magnitude": 0.2}, {"site": "last_hidden"}, {"mask": "non_pad"}])
    def test_the_identity_tells_settings_apart(self, change):
        settings = self.settings()["perturbation"]
        key = content_key(self.make().identity())
        assert content_key(self.make(perturbation={**settings, **change}).identity()) != key
        assert content_key(self.make(seed=1).identity()) != key


class TestNoise(_DisturbedContract):
    kind = "noise"
    method = "gaussian"


class TestAttack(_DisturbedContract):
    kind = "attack"
    method = "pgd"
