"""The clean condition: every language as it is."""

from tests.contracts.condition_contract import ConditionContract
from xlt_core.conditions.base import TestSets
from xlt_core.tasks import load_task


class TestClean(ConditionContract):
    kind = "clean"

    def test_nothing_is_disturbed(self):
        sets = TestSets(task=load_task("xnli"), data="nowhere", split="dev", languages=("en", "sw"))
        for view in self.make().views(sets):
            assert (view.condition_language, view.edit, view.disturbance) == (None, None, None)
