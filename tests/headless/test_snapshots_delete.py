"""`hsnap-tui snapshots delete` as a process, over real HTTP: each outcome is told, and true at Hetzner."""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import pytest

from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.faults import Fault
from tests.clocks.quick import COMMAND
from tests.programs import Ended, Machine, machine
from tests.pty_terminal import Terminal, terminal

DELETE = ("snapshots", "delete")


def add_snapshots(at: Machine, number: int) -> list[str]:
    """So many snapshots of one server; gives their IDs."""

    def add(cloud: Cloud) -> list[str]:
        server = cloud.add_server("web-1")
        return [str(cloud.add_image(server, description=f"snapshot number {n}").id) for n in range(number)]

    return at.served.call(add)


def there(at: Machine) -> set[str]:
    """The IDs of the images at Hetzner."""
    return at.served.call(lambda cloud: {str(image_id) for image_id in cloud.images})


def deletions(at: Machine) -> Counter[str]:
    """How often the deletion of each image was asked for."""
    asked = [request.path for request in at.served.requests if request.method == "DELETE"]
    return Counter(path.rpartition("/")[2] for path in asked)


def last_words(ended: Ended) -> dict[str, str]:
    """The last event of each snapshot."""
    return {str(line["image_id"]): line["event"] for line in ended.records if "image_id" in line}


def take_from(ids: Iterator[str], number: int) -> list[str]:
    return list(islice(ids, number))


def remove_and_protect(cloud: Cloud, gone: Sequence[str], protected: Sequence[str]) -> None:
    """What somebody else does between the look at what was named and the first deletion."""
    for image_id in gone:
        cloud.remove_image(cloud.image(int(image_id)))
    for image_id in protected:
        cloud.image(int(image_id)).protected = True


def test_fifty_snapshots_with_faults_each_outcome_is_told_and_true() -> None:
    with machine() as at:
        everything = add_snapshots(at, 52)
        ids = iter(everything)
        kept, chosen = take_from(ids, 2), everything[2:]
        plain = take_from(ids, 15)
        faulty = {
            Fault(kind, "DELETE", "*", times=times, seconds=seconds, text=text): take_from(ids, 2)
            for kind, times, seconds, text in (
                ("drop-before", 1, None, ""),
                ("drop-after", 1, None, ""),
                ("drop-then-effect", 1, 3.0, ""),
                ("500", 1, None, ""),
                ("503", 2, None, ""),
                ("503-after", 1, None, ""),
                ("429", 2, None, ""),
                ("conflict", 1, None, ""),
                ("refuse", 2, None, "423/locked"),
                ("empty", 1, None, ""),
            )
        }
        unsupported, gone, protected = take_from(ids, 5), take_from(ids, 5), take_from(ids, 5)
        for fault, of in faulty.items():
            for image_id in of:
                aimed = Fault(
                    fault.kind,
                    "DELETE",
                    f"/images/{image_id}",
                    times=fault.times,
                    seconds=fault.seconds,
                    text=fault.text,
                )
                at.served.add_fault(aimed)
        for image_id in unsupported:
            at.served.add_fault(Fault("refuse", "DELETE", f"/images/{image_id}", text="422/unsupported_error"))
        at.served.add_fault(Fault("latency", "GET", "/servers", times=1, seconds=3))
        before = there(at)
        run = at.start(*DELETE, *chosen, "--yes", "--json")
        at.eventually(lambda: any(request.path.endswith("/servers") for request in at.served.requests))
        at.served.call(lambda cloud: remove_and_protect(cloud, gone, protected))
        ended = run.ended()
        assert ended.code == 1, ended.err
        assert before - there(at) == set(chosen) - {*unsupported, *protected}, "nothing else was deleted"
        told = last_words(ended)
        assert {i for i, event in told.items() if event == "done"} == set(chosen) - {*unsupported, *protected}
        assert {i for i, event in told.items() if event == "failed"} == {*unsupported, *protected}
        failures = {str(line["image_id"]): line["failure"]["kind"] for line in ended.events("failed")}
        assert all(failures[i] == "protected" for i in protected)
        assert all(failures[i] == "unsupported" for i in unsupported)
        notes = {str(line["image_id"]): line.get("note") for line in ended.events("done")}
        assert all(notes[i] == "gone already" for i in gone)
        assert all(notes[i] is None for i in plain)
        asked = deletions(at)
        assert all(asked[i] == 1 for i in plain), "what was answered is sent once"
        assert not any(asked[i] for i in (*gone, *protected, *kept)), "what may not be deleted is not asked for"
        assert {line["kind"] for line in ended.records if "job" in line} == {"delete_snapshot"}
        assert ended.records[-1] == {"v": 2, "event": "end", "exit": 1, "jobs": 50}
        kept_by_journal = {str(job["image_id"]): job["state"] for job in at.run("jobs", "--json").events("job")}
        assert kept_by_journal == told


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_what_was_interrupted_is_looked_up_and_finished_by_resume(number: int) -> None:
    with machine() as at:
        ids = add_snapshots(at, 12)
        for image_id in ids[:3]:
            at.served.add_fault(Fault("timeout-after", "DELETE", f"/images/{image_id}", times=1))
        for image_id in ids[3:6]:
            at.served.add_fault(Fault("stall", "DELETE", f"/images/{image_id}", times=1))
        for image_id in ids[6:]:
            at.served.add_fault(Fault("refuse", "DELETE", f"/images/{image_id}", times=3, text="423/locked"))
        before = there(at)
        run = at.start(*DELETE, *ids, "--yes")
        run.until("deleting")
        at.eventually(lambda: len(deletions(at)) == len(ids))
        run.send(number)
        ended = run.ended()
        assert ended.code == (-number if number == signal.SIGKILL else 5)
        assert "deletion" in at.run("jobs").out or there(at) != before - set(ids)
        resumed = at.run("resume", "--json")
        assert resumed.code == 0, resumed.out
        assert before - there(at) == set(ids)
        assert set(last_words(resumed).values()) == {"done"}
        again = at.run("resume")
        assert (again.code, again.out) == (0, "Nothing is left to do.\n")


def refused(at: Machine) -> dict[str, tuple[int, str]]:
    """What may not be deleted, with the exit code and the words."""

    def prepare(cloud: Cloud) -> tuple[str, str, str]:
        server = cloud.server_named("web-1")
        backup = cloud.add_image(server, kind="backup", description="[red]nightly\x1b[31m")
        guarded = cloud.add_image(server, description="keep")
        guarded.protected = True
        system = next(image for image in cloud.images.values() if image.type == "system")
        return str(backup.id), str(guarded.id), str(system.id)

    backup, guarded, system = at.served.call(prepare)
    return {
        backup: (2, f"image {backup} ([red]nightly\ufffd[31m) is a backup, not a snapshot"),
        guarded: (2, f"snapshot {guarded} (web-1 "),
        system: (2, "is a system image of Hetzner's, not a snapshot"),
        "999999": (4, "image 999999 does not exist"),
    }


def test_what_may_not_be_deleted_is_refused_by_name_before_anything_is_deleted() -> None:
    with machine() as at:
        (good,) = add_snapshots(at, 1)
        wrong = refused(at)
        before = there(at)
        for image_id, (code, words) in wrong.items():
            ended = at.run(*DELETE, good, image_id, "--yes")
            assert (ended.code, words in ended.out) == (code, True), ended.out
            assert ended.out.startswith("Nothing was deleted: ")
        all_of_them = at.run(*DELETE, good, *wrong, "--yes")
        assert all_of_them.code == 2
        assert all(words in all_of_them.out for _, words in wrong.values())
        assert "is protected from deletion" in all_of_them.out
        assert (there(at), at.posts()) == (before, 0)
        assert at.run("jobs").out.startswith("No "), "nothing is in the journal"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "add --yes if you mean it"),
        (("--yes", "--read-only"), "--read-only deletes nothing"),
        (("--yes", "web-1"), "“web-1” is no ID of a snapshot; hsnap-tui snapshots list shows them"),
        (("--yes", "0"), "“0” is no ID"),
        (("--yes", "9" * 30), "is no ID"),
    ],
)
def test_wrong_usage_is_refused_without_a_request(words: Sequence[str], says: str) -> None:
    with machine() as at:
        ended = at.run(*DELETE, "1234", *words)
        assert ended.code == 2
        assert says in ended.err
        assert at.served.count() == 0


def test_a_dry_run_says_what_would_be_deleted_and_sends_nothing() -> None:
    with machine() as at:
        ids = add_snapshots(at, 2)
        told = at.run(*DELETE, *ids, ids[0], "--dry-run", "--read-only")
        assert told.code == 0
        assert [line.split(" (")[0] for line in told.out.splitlines()[:2]] == [f"snapshot {i}" for i in ids]
        assert told.out.endswith("2 snapshots; nothing was sent (--dry-run).\n")
        records = at.run(*DELETE, *ids, "--dry-run", "--json").events("would_delete")
        assert [(str(line["image_id"]), line["server_name"], line["protected"]) for line in records] == [
            (image_id, "web-1", False) for image_id in ids
        ]
        assert at.posts() == 0
        assert not at.state.exists(), "not even a journal is made"


@contextmanager
def asked(at: Machine, *words: str) -> Iterator[Terminal]:
    """The command on a terminal, when it has asked its question."""
    with terminal(*DELETE, *words, env=at.env, cwd=at.home, columns=100, program=COMMAND) as screen:
        screen.wait("Type yes and press enter")
        yield screen


@pytest.mark.parametrize(("answer", "deletes"), [("yes\r", True), ("\r", False), ("no\r", False), ("\x04", False)])
def test_on_a_terminal_it_names_each_snapshot_and_asks(answer: str, deletes: bool) -> None:
    with machine() as at:
        ids = add_snapshots(at, 2)
        at.served.call(lambda cloud: setattr(cloud.image(int(ids[1])), "description", "[/]esc\x1b[31mred"))
        before = there(at)
        with asked(at, *ids) as screen:
            assert "These 2 snapshots will be deleted, which can't be undone:" in screen.text
            for image_id, description in zip(ids, ("snapshot number 0", "[/]esc\ufffd[31mred"), strict=True):
                row = next(line for line in screen.text.splitlines() if line.startswith(image_id))
                assert "web-1" in row
                assert " GB" in row
                assert re.search(r"\b\d+[smhd]\b", row), "its age"
                assert description in row
            assert at.posts() == 0
            screen.press(answer)
            code = screen.ended()
        assert "\x1b[31m" not in screen.raw
        assert code == (0 if deletes else 5)
        assert before - there(at) == (set(ids) if deletes else set())
        assert ("Nothing was deleted." in screen.raw) is not deletes


def test_an_interrupt_at_the_question_deletes_nothing() -> None:
    with machine() as at:
        ids = add_snapshots(at, 1)
        with asked(at, *ids) as screen:
            screen.press("\x03")
            assert screen.ended() == 5
        assert "Nothing was deleted: interrupted." in screen.raw
        assert at.posts() == 0


def test_the_time_allowed_ends_the_question_too() -> None:
    with machine() as at:
        ids = add_snapshots(at, 1)
        with asked(at, *ids, "--timeout", "3s") as screen:
            assert screen.ended() == 5
        assert "the time of --timeout was over" in screen.raw
        assert at.posts() == 0


def test_a_read_only_token_deletes_nothing_and_the_jobs_are_kept_for_a_better_one() -> None:
    with machine() as at:
        ids = add_snapshots(at, 2)
        before = there(at)
        ended = at.run(*DELETE, *ids, "--yes", HCLOUD_TOKEN=at.served.readonly_token)
        assert ended.code == 3, ended.out
        assert there(at) == before
        assert at.run("resume", "--yes").code == 0
        assert before - there(at) == set(ids)


def test_a_project_without_servers_keeps_its_journal_too() -> None:
    with machine() as at:
        ids = add_snapshots(at, 2)
        at.remove("web-1")
        assert at.run(*DELETE, *ids, "--yes").code == 0
        assert at.run("jobs").out.count(": deleted after") == 2


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"HCLOUD_TOKEN": "wrong" * 13}, "Nothing was deleted: unable to authenticate"),
        ({"HCLOUD_ENDPOINT": "http://127.0.0.1:9/v1"}, "Nothing was deleted: "),
    ],
)
def test_without_access_nothing_is_deleted(variables: dict[str, str], says: str) -> None:
    with machine() as at:
        ids = add_snapshots(at, 1)
        ended = at.run(*DELETE, *ids, "--yes", "--network-wait", "1s", **variables)
        assert ended.code == 3
        assert says in ended.out
        assert at.posts() == 0


def test_a_network_that_comes_back_is_waited_for() -> None:
    with machine(faults=(Fault("503", "GET", "*", times=3),)) as at:
        ids = add_snapshots(at, 1)
        assert at.run(*DELETE, *ids, "--yes").code == 0
        assert ids[0] not in there(at)
