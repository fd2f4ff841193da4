"""One thing is written at a time, beside what goes on; copies do not change with what they were taken of."""

import threading

import pytest
import torch

from xlt_core.background import BackgroundWriter, HostRoom


def test_a_copy_stays_as_it_was_and_the_next_takes_its_room():
    room, tensors = HostRoom(), {"weight": torch.arange(6.0).view(2, 3), "step": torch.tensor(3.0)}
    first = room.copy(tensors).read()
    expected = {name: tensor.clone() for name, tensor in tensors.items()}
    tensors["weight"] += 1.0
    assert all(torch.equal(first[name], tensor) for name, tensor in expected.items())
    second = room.copy(tensors).read()
    assert second["weight"] is first["weight"]
    assert torch.equal(second["weight"], tensors["weight"])


@pytest.mark.parametrize("other", [torch.zeros(3), torch.zeros(2, 2), torch.zeros(2, 3, dtype=torch.int64)])
def test_what_has_another_shape_or_type_has_room_of_its_own(other):
    room = HostRoom()
    first = room.copy({"one": torch.ones(2, 3)}).read()["one"]
    second = room.copy({"one": other}).read()["one"]
    assert (second.shape, second.dtype) == (other.shape, other.dtype)
    assert torch.equal(second, other)
    assert torch.equal(first, torch.ones(2, 3))


def test_copies_of_views_with_gaps_are_contiguous():
    transposed = torch.arange(6.0).view(2, 3).T
    copied = HostRoom().copy({"one": transposed}).read()["one"]
    assert copied.is_contiguous()
    assert torch.equal(copied, transposed)


def test_the_second_begins_when_the_first_is_written():
    writer, may_go_on, written = BackgroundWriter(), threading.Event(), []

    def write_first() -> None:
        assert may_go_on.wait(timeout=30)
        written.append("first")

    writer.start(write_first)
    assert not written
    threading.Timer(0.05, may_go_on.set).start()
    writer.start(lambda: written.append("second"))
    assert written[0] == "first"
    writer.wait()
    assert written == ["first", "second"]


def test_what_writing_raised_is_raised_once():
    writer, error = BackgroundWriter(), OSError("no room")

    def fail() -> None:
        raise error

    writer.start(fail)
    with pytest.raises(OSError, match="no room") as raised:
        writer.start(lambda: None)
    assert raised.value is error
    writer.wait()


def test_an_interrupt_while_it_begins_leaves_no_thread_that_waits_for_more(monkeypatch):
    threads, written = [], []
    start = threading.Thread.start

    def start_and_be_interrupted(thread):
        start(thread)
        threads.append(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", start_and_be_interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        BackgroundWriter().start(lambda: written.append(True))
    (thread,) = threads
    thread.join(10.0)
    assert (thread.is_alive(), written) == (False, [True])
    assert caught.traceback  # what keeps the frames, and all that is in them, as a driver does until it ends
