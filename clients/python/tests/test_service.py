"""The client against a service."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

import pytest

import stepwell
from stepwell import errors

from .conftest import Service


def pause(seconds: float = 0, **more: object) -> dict[str, object]:
    step = {"id": "pause", "type": "wait", "for": seconds}
    return {"id": f"job-{uuid.uuid4().hex[:8]}", "steps": [step]} | more


FILES = """\
# a comment, and a document marker
---
id: files
workspace: 1MiB
steps:
  - {id: folder, type: file_operation, operation: mkdir, path: reports}
  - {id: pack, type: file_operation, operation: compress, path: reports, to: reports.zip}
  - {id: files, type: file_operation, operation: list, path: "."}
"""


def test_a_job_runs_and_shows_all_of_its_results(client: stepwell.Client) -> None:
    run = client.jobs.execute(FILES)
    assert (run.status, run.succeeded, run.ended, run.step_count) == ("success", True, True, 3)
    assert [step.step_id for step in run.steps] == ["folder", "pack", "files"]
    assert isinstance(run.start_time, datetime) and run.start_time.tzinfo is not None
    assert run.steps[0].receipt is not None and run.steps[0].receipt.fuel > 0
    again = client.runs.get(run.execution_id)
    assert again == run
    assert [row.execution_id for row in client.runs.list(job_id="files", most=1)] == [run.execution_id]
    assert "reports.zip" in [file.path for file in client.runs.artifacts(run.execution_id)]
    packed = b"".join(client.runs.artifact(run.execution_id, "reports.zip"))
    assert packed.startswith(b"PK")
    assert client.runs.output(run.execution_id, "files") is not None
    assert [receipt.step_id for receipt in client.runs.receipts(run.execution_id)] == ["folder", "pack", "files"]
    timeline = client.runs.timeline(run.execution_id)
    assert [attempt.end for attempt in timeline.attempts] == ["succeeded"] * 3
    assert client.runs.limits(run.execution_id, "folder").fuel > 0
    assert client.runs.job(run.execution_id)["id"] == "files"
    assert client.runs.explain(run.execution_id).causes == []
    lines = client.runs.logs(run.execution_id)
    assert client.runs.log_text(run.execution_id).splitlines() == [str(line) for line in lines]
    assert list(client.runs.follow(run.execution_id)) == lines


def test_problems_name_their_places_in_the_text_of_the_caller(client: stepwell.Client) -> None:
    text = "id: a\nsteps:\n  - {id: b, type: wait, for: 0, when: 7}\n  - 8\n"
    with pytest.raises(errors.UnprocessableError) as direct:
        client.jobs.validate(text)
    with pytest.raises(errors.UnprocessableError) as within:
        client.jobs.submit(text)
    for place in direct.value.problem.errors:
        assert place.line >= 3
    places = {(place.line, place.column) for place in direct.value.problem.errors}
    assert places == {(place.line, place.column) for place in within.value.problem.errors}
    assert within.value.status == 422
    assert "line 4" in str(within.value)


def test_errors_have_their_classes(client: stepwell.Client, service: Service) -> None:
    with pytest.raises(errors.NotFoundError) as missing:
        client.runs.get("exec_20200101_000000_001")
    assert missing.value.problem.title == "Not Found" and missing.value.problem.detail
    with stepwell.Client(service.url, key="sw_wrong") as stranger, pytest.raises(errors.UnauthorizedError):
        list(stranger.runs.list())
    run = client.jobs.execute(pause())
    with pytest.raises(errors.ConflictError):
        client.runs.cancel(run.execution_id)
    with pytest.raises(errors.BadRequestError):
        list(client.runs.list(status="no-such-status"))


def test_a_repeated_key_starts_no_second_run(client: stepwell.Client) -> None:
    job, key = pause(), uuid.uuid4().hex
    first = client.jobs.submit(job, idempotency_key=key)
    second = client.jobs.submit(job, idempotency_key=key)
    assert second.execution_id == first.execution_id
    assert (first.replayed, second.replayed) == (False, True)
    with pytest.raises(errors.UnprocessableError):
        client.jobs.submit(pause(), idempotency_key=key)


def test_waits_end_on_time_and_runs_go_ahead(client: stepwell.Client) -> None:
    run = client.jobs.submit(pause(3600)).execution_id
    begun = time.monotonic()
    with pytest.raises(errors.WaitTimeoutError):
        client.runs.wait(run, timeout=1.5)
    assert 1.4 < time.monotonic() - begun < 4
    assert not client.runs.get(run).ended
    assert client.runs.cancel(run, reason="the test is over").execution_id == run
    assert client.runs.wait(run, timeout=30).status == "cancelled"


def test_a_wait_without_a_free_stream_asks_for_the_status(client: stepwell.Client) -> None:
    slow = client.jobs.submit(pause(3600)).execution_id
    streams = [client.runs.follow(slow) for _ in range(8)]
    holders = [threading.Thread(target=lambda stream=stream: list(stream), daemon=True) for stream in streams]
    for holder in holders:
        holder.start()
    time.sleep(1)
    lines: list[stepwell.LogLine] = []
    run = client.jobs.submit(pause(1)).execution_id
    assert client.runs.wait(run, timeout=60, on_line=lines.append).succeeded
    assert lines == client.runs.logs(run)
    client.runs.cancel(slow)
    for holder in holders:
        holder.join(30)
        assert not holder.is_alive()


def test_a_wait_survives_a_restart(own_service: Service) -> None:
    with own_service.client(retries=0) as client:
        run = client.jobs.submit(pause(4)).execution_id
        ended: list[str] = []
        waiting = threading.Thread(target=lambda: ended.append(client.runs.wait(run, timeout=90).status))
        waiting.start()
        time.sleep(1)
        own_service.stop(signal.SIGKILL)
        time.sleep(1)
        own_service.start()
        waiting.join(90)
        assert ended == ["success"]
        own_service.stop()
        with pytest.raises(errors.TransportError):
            client.runs.wait(run, patience=0)


def test_stored_jobs(client: stepwell.Client) -> None:
    job = pause(schedule={"cron": "30 2 * * *"}, timezone="Europe/Berlin", vars={"n": 0})
    job["steps"] = [{"id": "pause", "type": "wait", "for": "${{ vars.n }}"}]
    name = str(job["id"])
    assert client.jobs.validate(job).steps == 1
    assert len(client.jobs.preview(job, count=2).fires) == 2
    stored = client.jobs.put(name, job, must_be_new=True)
    assert (stored.version, stored.schedule and stored.schedule.timezone) == (1, "Europe/Berlin")
    with pytest.raises(errors.PreconditionFailedError):
        client.jobs.put(name, job, must_be_new=True)
    etag = client.jobs.etag(name)
    assert client.jobs.put(name, job | {"name": "Second"}, if_match=etag).version == 2
    with pytest.raises(errors.PreconditionFailedError):
        client.jobs.delete(name, if_match=etag)
    assert [row.version for row in client.jobs.versions(name)] == [2, 1]
    assert client.jobs.version(name, 1).job["id"] == name
    assert client.jobs.get(name).job["name"] == "Second"
    assert [summary.job_id for summary in client.jobs.list(search=name)] == [name]
    assert [grant.step_id for grant in client.jobs.policy(name)] == ["pause"]
    assert [grant.step_id for grant in client.jobs.policy_preview(job)] == ["pause"]
    run = client.jobs.run(name, variables={"n": 1}, priority=7)
    assert client.runs.wait(run.execution_id, timeout=60).succeeded
    assert name in [schedule.job_id for schedule in client.schedules.list(queue="Europe/Berlin")]
    client.schedules.pause(name, reason="the source moves")
    assert "the source moves" in (client.schedules.get(name).paused or "")
    client.schedules.resume(name)
    assert client.schedules.preview(name, count=3, from_="2027-03-27T00:00:00").transitions
    assert client.schedules.fires(job_id=name).items[0].job_id == name
    assert list(client.schedules.ledger(job_id=name)) == []
    plan = client.backfills.plan(name, "2026-01-01T00:00:00", "2026-01-03T00:00:00")
    assert (plan.total, plan.ran_already) == (2, 0)
    backfill = client.backfills.start(name, "2020-01-01T00:00:00", "2021-01-01T00:00:00")
    assert client.backfills.cancel(backfill.id).state in ("cancelled", "done")
    assert client.backfills.get(backfill.id) in list(client.backfills.list())
    assert name in [job.job_id for job in client.steps.jobs("wait")]
    client.jobs.delete(name)
    with pytest.raises(errors.NotFoundError):
        client.jobs.get(name)


def test_later_runs(client: stepwell.Client) -> None:
    when = datetime.now(timezone.utc) + timedelta(hours=1)
    scheduled = client.jobs.schedule("id: later\nsteps:\n- {id: pause, type: wait, for: 0}\n", when)
    due_at = client.runs.get(scheduled.execution_id).due_at
    assert due_at is not None and abs((due_at - when).total_seconds()) < 1
    causes = client.runs.explain(scheduled.execution_id).causes
    assert causes[0].cause == "not_due" and causes[0].fix and "due_at" in causes[0].raw
    client.runs.cancel(scheduled.execution_id)


def test_dead_letters(client: stepwell.Client) -> None:
    bad = pause(vars={"day": "soon"})
    bad["steps"] = [{"id": "pause", "type": "wait", "until": "${{ vars.day }}T06:00:00Z"}]
    failed = client.jobs.execute(bad)
    assert (failed.status, failed.succeeded, failed.ended) == ("failed", False, True)
    letter = client.dead_letters.get(failed.execution_id)
    assert (letter.step_id, letter.class_, letter.resolution) == ("pause", "failed", None)
    assert letter in list(client.dead_letters.list(state="open", job_id=str(bad["id"])))
    assert any(str(bad["id"]) in cause.jobs for cause in client.dead_letters.causes())
    good = bad | {"steps": [{"id": "pause", "type": "wait", "for": 0}]}
    again = client.dead_letters.redrive(failed.execution_id, job=good)
    assert client.runs.wait(again.execution_id, timeout=60).succeeded
    assert client.dead_letters.get(failed.execution_id).resolution["as"] == "redriven"
    others = [client.jobs.execute(bad).execution_id for _ in range(2)]
    assert client.dead_letters.discard(others[0], reason="known").resolution["reason"] == "known"
    assert list(client.dead_letters.bulk("discard", ids=[others[1]]).done) == [others[1]]
    retried = client.runs.retry(others[1], from_start=True)
    assert client.runs.wait(retried.execution_id, timeout=60).status == "failed"


def test_approvals(client: stepwell.Client) -> None:
    job = pause()
    job["steps"] = [{"id": "ok", "type": "approval", "message": "Publish?"}, {"id": "end", "type": "wait", "for": 0}]
    for decision in ("approve", "reject"):
        run = client.jobs.submit(job).execution_id
        until = time.monotonic() + 30
        while not (asked := [one for one in client.approvals.list() if one.execution_id == run]):
            assert time.monotonic() < until
            time.sleep(0.1)
        details = client.approvals.get(run, "ok")
        assert (details.message, details.digest) == ("Publish?", asked[0].digest)
        with pytest.raises(errors.ConflictError):
            client.approvals.approve(run, "ok", digest="sha256:" + "0" * 64)
        getattr(client.approvals, decision)(run, "ok", comment="checked", digest=details.digest)
        assert client.runs.wait(run, timeout=60).succeeded == (decision == "approve")


def test_locks(client: stepwell.Client) -> None:
    name = f"org/{uuid.uuid4().hex}"
    held = client.locks.acquire(name, lease="1m", reason="a test", metadata={"n": 1})
    token = held.held[0].token
    assert held.state == "held" and client.locks.check(name, token).valid
    with pytest.raises(errors.LockNotHeldError):
        client.locks.acquire(name)
    begun = time.monotonic()
    with pytest.raises((errors.LockNotHeldError, errors.WaitTimeoutError)):
        client.locks.acquire(name, timeout=1)
    assert time.monotonic() - begun < 10
    assert client.locks.extend(name, token, "2m").token == token
    assert client.locks.renew(held.ticket, 120).state == "held"
    assert client.locks.get(name).holders[0].reason == "a test"
    assert name in [row.name for row in client.locks.list(prefix="org/")]
    assert client.locks.ticket(held.ticket).held[0].name == name
    client.locks.release(name, token)
    assert not client.locks.check(name, token).valid
    second = client.locks.acquire(name, timeout=5)
    assert client.locks.force_release(name, reason="its holder is gone") == 1
    assert client.locks.cancel(second.ticket).state == "forced"
    assert [event.kind for event in client.locks.events(name=name, most=2)][-1] == "forced"
    assert list(client.locks.deadlocks(limit=5)) == []


def test_the_service_itself(client: stepwell.Client, service: Service) -> None:
    assert client.system.health().status in ("healthy", "degraded")
    assert client.system.alive() and isinstance(client.system.ready(), bool)
    assert client.system.status().engine_started
    client.jobs.execute(pause())
    assert client.system.metrics(hours=1).ended["success"] > 0
    assert sum(hour.runs for hour in client.system.metrics_by_hour(hours=2)) > 0
    assert "stepwell_" in client.system.prometheus()
    assert client.system.openapi()["info"]["title"] == "Stepwell"
    assert client.system.clean_up(days=30, dry_run=True).dry_run
    queues = {queue.queue: queue for queue in client.queues.list()}
    assert queues["UTC"].concurrency > 0
    client.queues.pause("Europe/Paris", reason="maintenance")
    client.queues.resume("Europe/Paris")
    assert [connection.name for connection in client.system.connections()] == ["shop"]
    assert client.system.test_connection("shop").works
    assert list(client.system.organizations()) == []
    assert "wait" in client.steps.types()
    assert client.steps.get("wait").config_schema["properties"]
    assert "wait" in [step.step_type for step in client.steps.list()]
    with pytest.raises(errors.ApiError):
        client.steps.register(b"not a component")
    with pytest.raises(errors.ApiError):
        client.steps.rollback("wait")
    with pytest.raises(errors.ApiError):
        client.steps.remove("no-such-step")


def test_keys_and_projects(client: stepwell.Client, service: Service) -> None:
    made = client.keys.create("ci", "viewer", jobs=["reports*"])
    assert made.key in list(client.keys.list())
    with stepwell.Client(service.url, key=made.token) as viewer:
        with pytest.raises(errors.ForbiddenError):
            viewer.jobs.submit(pause())
        assert list(viewer.runs.list()) == []
    client.keys.revoke(made.key.id)
    assert list(client.sessions.list()) == []
    with pytest.raises(errors.ApiError):
        client.sessions.end("no-such-session")
    assert any(row.action.startswith("key.") for row in client.audit.list(most=50))
    assert client.audit.verify().intact
    missing = pytest.raises(errors.NotFoundError, match="there is no project `other`")
    with service.client(project="other") as other, missing:
        list(other.runs.list())


async def test_the_asynchronous_client(service: Service) -> None:
    async with stepwell.AsyncClient(service.url, key=service.key) as client:
        run = await client.jobs.execute(pause(1))
        assert run.succeeded
        assert run.execution_id in [row.execution_id async for row in client.runs.list(most=1000)]
        slow = (await client.jobs.submit(pause(3600))).execution_id
        with pytest.raises(errors.WaitTimeoutError):
            await client.runs.wait(slow, timeout=1)
        await client.runs.cancel(slow)
        assert (await client.runs.wait(slow, timeout=30)).status == "cancelled"
        held = await client.locks.acquire("async", timeout=1)
        await client.locks.cancel(held.ticket)
