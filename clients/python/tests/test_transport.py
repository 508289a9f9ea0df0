"""Retries, limits and odd answers, against a transport that the test controls."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import httpx
import pytest

import stepwell
from stepwell import errors
from stepwell._http import new_key, route

RUN = {"execution_id": "exec_1", "replayed": False}
ROW = {
    "execution_id": "exec_1",
    "job_id": "a",
    "status": "running",
    "priority": 0,
    "created_at": "2026-11-28T10:00:00Z",
    "due_at": "2026-11-28T10:00:00.5Z",
    "updated_at": "2026-11-28T10:00:00.123456789Z",
}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


def client(answer: Callable[[httpx.Request], httpx.Response], **options: Any) -> stepwell.Client:
    return stepwell.Client("http://127.0.0.1:1", key="sw_key", transport=httpx.MockTransport(answer), **options)


def in_turn(*answers: httpx.Response | Exception) -> tuple[Callable[[httpx.Request], httpx.Response], list[Any]]:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        found = answers[min(len(seen), len(answers)) - 1]
        if isinstance(found, Exception):
            raise found
        return found

    return answer, seen


def test_a_lost_answer_is_asked_for_again_with_the_same_key_and_body() -> None:
    answer, seen = in_turn(httpx.ReadError("gone"), httpx.Response(502), httpx.Response(202, json=RUN))
    assert client(answer).jobs.run("a", variables={"n": 1}).execution_id == "exec_1"
    assert len(seen) == 3
    assert len({request.headers["idempotency-key"] for request in seen}) == 1
    assert {request.content for request in seen} == {b'{"variables": {"n": 1}}'}


@pytest.mark.parametrize("part, method", [("runs", "retry"), ("dead_letters", "redrive")])
def test_a_retry_has_a_key(part: str, method: str) -> None:
    answer, seen = in_turn(httpx.ReadError("gone"), httpx.Response(202, json=RUN))
    assert getattr(getattr(client(answer), part), method)("exec_1").execution_id == "exec_1"
    assert len(seen) == 2 and len({request.headers["idempotency-key"] for request in seen}) == 1
    getattr(getattr(client(answer), part), method)("exec_1", idempotency_key="mine")
    assert seen[-1].headers["idempotency-key"] == "mine"


def run_with(status: str) -> httpx.Response:
    texts = {"execution_id": "exec_1", "job_id": "a", "job_name": "a", "message": "", "timezone": "UTC"}
    names = ("step_count", "successful_steps", "failed_steps", "skipped_steps", "cancelled_steps", "duration_seconds")
    facts = {"status": status, "success": status == "success", "due_at": ROW["due_at"], "steps": []}
    return httpx.Response(200, json=texts | dict.fromkeys(names, 0) | facts)


def test_a_wait_asks_for_the_end_and_opens_no_stream(no_pauses: list[float]) -> None:
    busy = httpx.Response(429, json={"title": "Too Many Requests"})
    lost = httpx.ReadError("gone")
    answer, seen = in_turn(run_with("running"), busy, lost, run_with("running"), run_with("success"))
    assert client(answer, retries=0).runs.wait("exec_1").succeeded
    assert [request.url.path for request in seen] == ["/api/v2/runs/exec_1"] * 6
    queries = [dict(request.url.params) for request in seen]
    assert queries == [{"values": "false", "wait": "30"}] * 5 + [{}]
    # Answers that come at once have growing pauses between them.
    assert no_pauses == [0.5, 0.75, 0.5, 1.125]


def test_a_wait_with_lines_follows_the_stream() -> None:
    stream = httpx.Response(200, headers={"content-type": "text/event-stream"}, text="event: end\ndata: {}\n\n")
    answer, seen = in_turn(stream, run_with("success"))
    lines: list[stepwell.LogLine] = []
    assert client(answer).runs.wait("exec_1", on_line=lines.append).succeeded
    assert [request.url.path for request in seen] == ["/api/v2/runs/exec_1/logs", "/api/v2/runs/exec_1"]


def test_a_request_that_may_have_had_an_effect_is_not_repeated() -> None:
    answer, seen = in_turn(httpx.ReadError("gone"))
    with pytest.raises(errors.TransportError) as lost:
        client(answer).runs.cancel("exec_1")
    assert lost.value.sent and len(seen) == 1
    answer, seen = in_turn(httpx.ConnectError("refused"))
    with pytest.raises(errors.TransportError) as unsent:
        client(answer, retries=2).runs.cancel("exec_1")
    assert not unsent.value.sent and len(seen) == 3


def test_a_refused_request_waits_as_long_as_the_service_asks(no_pauses: list[float]) -> None:
    busy = httpx.Response(429, headers={"retry-after": "7"}, json={"title": "Too Many Requests", "detail": "wait"})
    answer, _ = in_turn(busy, httpx.Response(200, json={"items": [], "next_cursor": None}))
    assert list(client(answer).runs.list()) == []
    assert no_pauses == [7.0]
    answer, seen = in_turn(httpx.Response(503, headers={"retry-after": "999999"}))
    with pytest.raises(errors.ServiceUnavailableError) as refused:
        client(answer, retries=1).runs.retry("exec_1")
    assert len(seen) == 2 and no_pauses[1:] == [60.0]
    assert refused.value.retry_after == 999999


def test_timeouts_have_their_error() -> None:
    answer, _ = in_turn(httpx.ReadTimeout("slow"))
    with pytest.raises(errors.RequestTimeoutError, match="no answer in time"):
        client(answer, retries=0).system.health()


def test_a_client_errors_are_not_repeated() -> None:
    answer, seen = in_turn(httpx.Response(500, text="it broke\nhere"))
    with pytest.raises(errors.ServerError) as broken:
        client(answer).system.health()
    assert broken.value.problem.detail == "it broke" and len(seen) == 1
    again = pickle.loads(pickle.dumps(broken.value))
    assert str(again) == str(broken.value) and again.problem == broken.value.problem


def test_an_old_client_reads_answers_of_a_new_service() -> None:
    row = ROW | {"status": "hibernating", "new_field": {"deep": 1}}
    answer, _ = in_turn(httpx.Response(200, json={"items": [row], "next_cursor": None, "new": 1}))
    (found,) = client(answer).runs.list()
    assert (found.status, found.ended, found.raw["new_field"]) == ("hibernating", False, {"deep": 1})
    assert found.updated_at.microsecond == 123456 and found.due_at.microsecond == 500000


@pytest.mark.parametrize(
    ("row", "place"),
    [
        (ROW | {"priority": "high"}, "/items/0/priority"),
        (ROW | {"priority": True}, "/items/0/priority"),
        (ROW | {"created_at": "yesterday"}, "/items/0/created_at"),
        ({name: value for name, value in ROW.items() if name != "status"}, "/items/0/status"),
        ([], "/items/0"),
    ],
)
def test_a_wrong_answer_names_its_place(row: Any, place: str) -> None:
    answer, _ = in_turn(httpx.Response(200, json={"items": [row], "next_cursor": None}))
    with pytest.raises(errors.UnexpectedAnswerError, match=place):
        list(client(answer).runs.list())


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, text="<html>a proxy</html>"),
        httpx.Response(200, json=[1]),
        httpx.Response(302, headers={"location": "https://login.example.com"}),
    ],
)
def test_the_answer_of_another_service_is_an_error(response: httpx.Response) -> None:
    answer, seen = in_turn(response)
    with pytest.raises(errors.UnexpectedAnswerError):
        client(answer).system.health()
    assert len(seen) == 1


def test_lists_follow_their_pages_and_notice_a_circle() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor", "0")
        following = None if cursor == "2" else str(int(cursor) + 1)
        return httpx.Response(200, json={"items": [ROW, ROW], "next_cursor": following})

    assert len(list(client(answer).runs.list())) == 6
    assert len(list(client(answer).runs.list(most=3))) == 3
    assert list(client(answer).runs.list(most=0)) == []
    circle, _ = in_turn(httpx.Response(200, json={"items": [ROW], "next_cursor": "same"}))
    with pytest.raises(errors.UnexpectedAnswerError, match="repeatedly"):
        list(client(circle).runs.list())


def test_ids_are_encoded() -> None:
    assert route("/api/v2/queues/{}/pause", "Europe/Berlin") == "/api/v2/queues/Europe%2FBerlin/pause"
    answer, seen = in_turn(httpx.Response(204))
    client(answer).locks.release("org/a b?", 3)
    assert seen[0].url.raw_path == b"/api/v2/locks/org%2Fa%20b%3F/release"
    for bad in ("", ".", ".."):
        with pytest.raises(ValueError, match="cannot be a part"):
            client(answer).runs.cancel(bad)


def test_every_request_has_the_key_and_the_project() -> None:
    answer, seen = in_turn(httpx.Response(204))
    client(answer, project="billing").queues.resume("UTC")
    assert seen[0].headers["authorization"] == "Bearer sw_key"
    assert seen[0].headers["stepwell-project"] == "billing"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"server": "stepwell.example.com"}, "http"),
        ({"server": "http://user:word@127.0.0.1"}, "no login"),
        ({"key": "a b"}, "white space"),
        ({"key": "sw_a", "key_file": "there"}, "not both"),
        ({"key_file": "/no/such/file"}, "cannot read the key file `/no/such/file`"),
        ({"timeout": 0}, "timeout"),
        ({"retries": -1}, "retries"),
    ],
)
def test_settings_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=message):
        stepwell.Client(**options)


def test_the_environment_is_that_of_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "key").write_text("sw_file\n")
    monkeypatch.setenv("STEPWELL_SERVER", "http://127.0.0.1:9/")
    monkeypatch.setenv("STEPWELL_API_KEY", "sw_variable")
    with stepwell.Client() as found:
        assert (found.server, found._sender.settings.key) == ("http://127.0.0.1:9", "sw_variable")
        assert "sw_variable" not in repr(found._sender.settings)
    monkeypatch.setenv("STEPWELL_KEY_FILE", str(tmp_path / "key"))
    with stepwell.Client() as found:
        assert found._sender.settings.key == "sw_file"


def test_a_key_over_plain_http_to_another_machine_warns() -> None:
    with pytest.warns(stepwell.StepwellWarning, match=r"stepwell\.example\.com over plain http"):
        stepwell.Client("http://stepwell.example.com", key="sw_a")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for address in ("https://stepwell.example.com", "http://localhost:1", "http://[::1]:1"):
            stepwell.Client(address, key="sw_a").close()


def test_bodies_are_json() -> None:
    answer, seen = in_turn(httpx.Response(202, json=RUN))
    with pytest.raises(TypeError, match="not a value of JSON"):
        client(answer).jobs.run("a", variables={"n": {1, 2}})
    with pytest.raises(ValueError, match="JSON"):
        client(answer).jobs.run("a", variables={"n": float("nan")})
    with pytest.raises(TypeError, match="a job is a mapping"):
        client(answer).jobs.submit(7)  # type: ignore[arg-type]
    assert seen == []
    client(answer).jobs.submit('{"id": "a"}', idempotency_key=new_key())
    assert json.loads(seen[0].content) == {"job": {"id": "a"}}
