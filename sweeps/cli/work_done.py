"""What `xlt sweep status --work` says: the steps that a sweep took beside those that its tree asks for.

In: a sweep's folder. Out: a `WorkDone`, and a sentence.
"""

from results.store import ResultStore
from sweeps.engine.begin import read_planned_trials
from sweeps.forecast.ideal import WorkDone, compare_work


def find_work(place: str) -> WorkDone:
    """Compare what the finished trials of a sweep took with what they needed; reads every plan and log.

    Raises:
        ResultsError: there is no sweep in this place.
    """
    store = ResultStore.open(place)
    return compare_work(read_planned_trials(store), store)


def describe_work(done: WorkDone) -> str:
    """One sentence for people."""
    needed = f"{done.num_steps_ideal:,} steps were needed ({done.num_stages_ideal:,} shared stages, each once)"
    if done.num_steps_done is None:
        return f"work: {needed}; how many were taken is not known without the logs"
    repeated = done.repeated_share
    more = f", {repeated:.1%} of them again" if repeated else ", none of them twice"
    return f"work: {needed}, {done.num_steps_done:,} were taken{more}"
