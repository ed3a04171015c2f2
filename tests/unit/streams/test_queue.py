import threading

import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.streams.queue import QueueCounts, Queues


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def queues(tmp_path, clock):
    queues = Queues(tmp_path / "queues.sqlite", clock=clock, entropy=Entropy(1))
    yield queues
    queues.close()


@pytest.fixture
def orders(queues):
    return queues.create("orders")


def bodies(messages):
    return [message.body for message in messages]


def test_a_message_is_received_by_one_and_gone_once_deleted(orders):
    orders.send("one")

    [message] = orders.receive()

    assert (message.body, message.receives) == ("one", 1)
    assert orders.receive() == []
    assert orders.delete(message.handle)
    assert orders.counts() == QueueCounts(0, 0, 0)


def test_a_message_that_is_not_deleted_comes_back_after_the_visibility_timeout(orders, clock):
    orders.send("one")
    [first] = orders.receive(visibility_timeout_seconds=10)

    clock.advance(9.999)
    assert orders.receive() == []
    clock.advance(0.001)
    [second] = orders.receive()

    assert second.receives == 2
    assert second.handle != first.handle


def test_only_the_last_handle_deletes(orders, clock):
    orders.send("one")
    [first] = orders.receive()
    clock.advance(30)
    [second] = orders.receive()

    assert not orders.delete(first.handle)
    assert orders.delete(second.handle)
    assert not orders.delete(second.handle)


def test_a_delayed_message_is_not_received_before_its_time(queues, orders, clock):
    orders.send("later", delay_seconds=5)
    slow = queues.create("slow", delay_seconds=5)
    slow.send("later too")
    slow.send("now", delay_seconds=0)

    assert orders.counts() == QueueCounts(0, 0, 1)
    assert bodies(slow.receive(10)) == ["now"]
    clock.advance(5)
    assert bodies(orders.receive()) == ["later"]
    assert bodies(slow.receive()) == ["later too"]


def test_a_receiver_may_take_longer_or_give_back(orders, clock):
    orders.send("one")
    [message] = orders.receive(visibility_timeout_seconds=10)
    orders.change_visibility(message.handle, 60)
    clock.advance(59)
    assert orders.receive() == []

    orders.change_visibility(message.handle, 0)

    assert bodies(orders.receive()) == ["one"]


def test_visibility_cannot_be_changed_once_the_message_is_back(orders, clock):
    orders.send("one")
    [message] = orders.receive(visibility_timeout_seconds=10)
    clock.advance(10)

    with pytest.raises(KitError) as caught:
        orders.change_visibility(message.handle, 10)

    assert caught.value.code == "MessageNotInflight"


def test_what_was_received_in_vain_too_often_moves_to_the_dead_letter_queue(queues, clock):
    dead = queues.create("dead")
    orders = queues.create("orders", visibility_timeout_seconds=1, dead_letter="dead", max_receive_count=2)
    orders.send("poison")
    for _ in range(2):
        assert bodies(orders.receive()) == ["poison"]
        clock.advance(1)

    assert orders.receive() == []

    [message] = dead.receive()
    assert (message.body, message.receives) == ("poison", 1)


def test_messages_are_dropped_after_the_retention(queues, clock):
    brief = queues.create("brief", retention_seconds=60)
    brief.send("one")
    clock.advance(59)
    brief.send("two")
    clock.advance(1)

    assert bodies(brief.receive(10)) == ["two"]


def test_waiting_ends_with_the_first_message_or_the_time(orders, clock):
    orders.send("one", delay_seconds=3)
    before = clock.now_ns()

    assert bodies(orders.receive(wait_seconds=20)) == ["one"]
    assert 3 <= (clock.now_ns() - before) / 1e9 < 3.1
    assert orders.receive(wait_seconds=5) == []


def test_many_receivers_share_the_messages_without_overlap(orders):
    for number in range(300):
        orders.send(str(number))
    received = {name: [] for name in "abc"}

    def work(name):
        while messages := orders.receive(10):
            for message in messages:
                received[name].append(message.body)
                assert orders.delete(message.handle)

    threads = [threading.Thread(target=work, args=(name,)) for name in received]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(int(body) for work_done in received.values() for body in work_done) == list(range(300))


def test_purge_empties_a_queue(orders):
    orders.send("one")

    orders.purge()

    assert orders.receive() == []


def test_queues_are_found_by_name_and_deleted_with_their_messages(queues, orders):
    queues.create("other", dead_letter="orders", max_receive_count=1)
    orders.send("one")
    assert list(queues) == ["orders", "other"]

    queues.delete("orders")

    with pytest.raises(KitError) as caught:
        queues["order"]
    assert caught.value.code == "QueueDoesNotExist"
    assert "other" in caught.value.hint
    with pytest.raises(KitError):
        orders.send("two")
    assert queues.create("orders").receive() == []


def test_making_a_queue_again_with_the_same_settings_finds_it_and_with_others_is_refused(queues, orders):
    orders.send("one")

    assert bodies(queues.create("orders").receive()) == ["one"]
    with pytest.raises(KitError) as caught:
        queues.create("orders", delay_seconds=1)
    assert caught.value.code == "QueueNameExists"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda queues, queue: queue.send(""), "MissingParameter"),
        (lambda queues, queue: queue.send("é" * (1 << 19) + "x"), "InvalidParameterValue"),
        (lambda queues, queue: queue.send("x", delay_seconds=901), "InvalidParameterValue"),
        (lambda queues, queue: queue.receive(0), "InvalidParameterValue"),
        (lambda queues, queue: queue.receive(11), "InvalidParameterValue"),
        (lambda queues, queue: queue.receive(wait_seconds=21), "InvalidParameterValue"),
        (lambda queues, queue: queue.receive(visibility_timeout_seconds=43_201), "InvalidParameterValue"),
        (lambda queues, queue: queue.delete("nonsense"), "ReceiptHandleIsInvalid"),
        (lambda queues, queue: queue.change_visibility("nonsense", 1), "ReceiptHandleIsInvalid"),
        (lambda queues, queue: queues.create("no/slash"), "InvalidParameterValue"),
        (lambda queues, queue: queues.create(""), "InvalidParameterValue"),
        (lambda queues, queue: queues.create("x", dead_letter="orders"), "InvalidAttributeValue"),
        (lambda queues, queue: queues.create("x", dead_letter="none", max_receive_count=1), "QueueDoesNotExist"),
        (lambda queues, queue: queues.create("x", dead_letter="orders", max_receive_count=0), "InvalidParameterValue"),
        (lambda queues, queue: queues.delete("none"), "QueueDoesNotExist"),
    ],
)
def test_bad_input_is_refused_by_name(queues, orders, call, code):
    with pytest.raises(KitError) as caught:
        call(queues, orders)

    assert caught.value.code == code


def test_the_file_is_private_and_a_damaged_one_is_named(tmp_path, clock):
    (tmp_path / "bad.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(KitError) as caught:
        Queues(tmp_path / "bad.sqlite", clock=clock, entropy=Entropy(1)).create("q")
    assert caught.value.code == "QueuesUnavailable"

    fresh = Queues(tmp_path / "queues.sqlite", clock=clock, entropy=Entropy(1))
    fresh.create("q")
    assert (tmp_path / "queues.sqlite").stat().st_mode & 0o077 == 0
    fresh.close()
