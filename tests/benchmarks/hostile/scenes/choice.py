"""Which servers are meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tests.benchmarks import truth
from tests.benchmarks.hostile.front import Asked, Reply
from tests.benchmarks.hostile.judge import Judge, scene
from tests.benchmarks.hostile.stage import stage


@scene(
    "deleted-between-pages",
    "--all, and a server of page 1 is deleted before page 2 is read",
    "every other server is snapshotted",
)
def between_pages(judge: Judge) -> None:
    """The first server of page 2 moves to page 1, which has been read."""
    with stage(judge, servers=60, snapshot=(3, 4)) as at:
        deleted: list[str] = []

        def rule(asked: Asked, forward: Callable[[], Reply]) -> Reply:
            reply = forward()
            if asked.fits("GET", "/servers") and not deleted and len(reply.json["servers"]) > 1:
                name = reply.json["servers"][0]["name"]
                deleted.append(name)
                at.call(lambda cloud: cloud.remove_server(cloud.server_named(name)))
            return reply

        at.front.add(rule)
        run = at.start("snapshot", "--all")
        code = run.wait(120)
        made = Counter(
            image.created_from[1]
            for images in truth.usable(at.served).values()
            for image in images
            if image.created_from
        )
        missed = sorted(set(at.before) - set(made) - set(deleted))
        judge.check(f"deleted: {', '.join(deleted)}; missed: {', '.join(missed) or 'none'}", not missed)
        judge.check("none twice", all(count == 1 for count in made.values()))
        judge.ended("the run", code, 0, 1)


@scene(
    "ambiguous-number",
    "a number is one server's ID and another one's name",
    "exit 2, both are named, nothing is sent",
)
def ambiguous(judge: Judge) -> None:
    """Whichever was meant, the other one must not be touched."""
    with stage(judge) as at:
        number = str(at.identifier("web1"))
        at.call(lambda cloud: cloud.add_server(number))
        code, text = at.run("snapshot", number, within=40)
        judge.check(f"exit {code}", code == 2)
        posts = at.front.count("POST", ".*")
        judge.check(f"{posts} POSTs", posts == 0)
        judge.names("it", text, "web1")
