"""A worker: a process of your own that does the work of `worker` steps with your functions."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

from ._sync import Client
from .errors import ApiError, ConfigurationError, ConflictError, NotFoundError, StepwellError, TransportError
from .models import WorkItem

F = TypeVar("F", bound=Callable[..., Any])

#: The time for which one poll waits for work, in seconds. A worker that drains waits for the end of its poll.
POLL = 10.0
#: The longest pause before a request is sent again, in seconds.
LONGEST_PAUSE = 8.0
#: Seconds after which the pause begins to grow.
FIRST_PAUSE = 0.25

logger = logging.getLogger("stepwell.worker")


class WorkError(Exception):
    """A failure that a function reports: with a code, and whether the same work may succeed later.

    `code` is a kind of failure (`unavailable`, `not_found`, `denied`, `timed_out`, `invalid_config`) or a name of
    your own. Any other exception is a failure that is not tried again.
    """

    def __init__(self, message: str, *, code: str = "failed", retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable


class WorkCancelled(Exception):
    """The work is no longer needed."""


class Task:
    """The work that a function does. A function that takes a second argument gets it."""

    def __init__(self, item: WorkItem) -> None:
        self.item = item
        self._cancelled = threading.Event()
        self._is_ending = False
        self._variables: dict[str, Any] = {}

    def set_variable(self, name: str, value: Any) -> None:
        """Sets a variable of the run when the function returns. Policy names it in `context.write`."""
        self._variables[name] = value

    @property
    def cancelled(self) -> bool:
        """Whether the work is no longer needed: the run is cancelled, or the lease is lost."""
        return self._cancelled.is_set()

    def wait_cancelled(self, timeout: float | None = None) -> bool:
        """Waits for the cancellation for `timeout` seconds, and returns whether it has happened."""
        return self._cancelled.wait(timeout)

    def raise_if_cancelled(self) -> None:
        """Raises `WorkCancelled` if the work is no longer needed."""
        if self.cancelled:
            raise WorkCancelled(f"the work {self.item.work} is cancelled")

    def _cancel(self) -> None:
        self._cancelled.set()


class Worker:
    """Takes work for registered functions, `capacity` items at a time, each in a thread of its own.

        worker = stepwell.Worker(capacity=4)

        @worker.function
        def send_invoice(input):
            return {"sent": deliver(input["to"])}

        worker.run()

    `run` ends after SIGTERM or SIGINT: it takes no further work, and waits for `drain` seconds for the rest.
    """

    def __init__(
        self,
        client: Client | None = None,
        *,
        name: str | None = None,
        capacity: int = 1,
        drain: float = 30.0,
        poll: float = POLL,
    ) -> None:
        if capacity < 1:
            raise ConfigurationError(f"`capacity` is {capacity}: use 1 or more")
        self._client = client or Client()
        self._owns_client = client is None
        self.name = name or _own_name()
        self.capacity = capacity
        self.drain = drain
        self.poll = poll
        self._functions: dict[str, Callable[..., Any]] = {}
        self._tasks: dict[str, Task] = {}
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._id: str | None = None
        self._lease = 15.0

    def function(self, given: F | str | None = None) -> Any:
        """Registers a function under its own name, or `@worker.function("name")` under another."""
        if callable(given):
            self.add(given.__name__, given)
            return given

        def named(function: F) -> F:
            self.add(given or function.__name__, function)
            return function

        return named

    def add(self, name: str, function: Callable[..., Any]) -> None:
        """Registers a function under a name."""
        if self._id is not None:
            raise ConfigurationError("register all functions before the worker starts")
        if name in self._functions:
            raise ConfigurationError(f"two functions have the name `{name}`")
        self._functions[name] = function

    @property
    def functions(self) -> list[str]:
        """The names of the functions."""
        return sorted(self._functions)

    @property
    def worker_id(self) -> str | None:
        """The id that the service has given, while the worker is registered."""
        return self._id

    def run(self, *, signals: bool = True) -> None:
        """Takes work until `stop`, or until SIGTERM or SIGINT with `signals`."""
        old = _handle(self._on_signal) if signals else {}
        try:
            self._work()
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)

    def start(self) -> None:
        """Takes work in a thread until `stop`."""
        if self._thread is not None:
            raise ConfigurationError("the worker has started")
        self._register()
        self._thread = threading.Thread(target=self._work, name=f"stepwell-worker-{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Takes no further work, and waits for the work in hand for `drain` seconds."""
        self.request_stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def request_stop(self) -> None:
        """Takes no further work, and returns at once."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        # No lock: the handler runs in the main thread, which may hold it.
        logger.info("signal %s: the worker %s ends when its work has ended", number, self.name)
        self._stopping.set()

    def _register(self) -> None:
        if not self._functions:
            raise ConfigurationError("the worker has no functions")
        registered = self._client.workers.register(self.name, self.functions, capacity=self.capacity)
        self._id = registered.worker
        self._lease = float(registered.lease_seconds)

    def _work(self) -> None:
        if self._id is None:
            self._register()
        beats = threading.Thread(target=self._beat, name=f"stepwell-heartbeats-{self.name}", daemon=True)
        beats.start()
        try:
            self._take_all()
            self._wait_for_rest()
        finally:
            self._ended.set()
            beats.join(timeout=self._lease)
            self._leave()

    def _take_all(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            with self._changed:
                free = self.capacity - len(self._tasks)
                if free == 0:
                    self._changed.wait(1.0)
                    continue
            began = time.monotonic()
            try:
                items = self._client.workers.poll(self._id or "", capacity=free, wait=self.poll)
                pause = FIRST_PAUSE
                if not items and time.monotonic() - began < min(1.0, self.poll / 2):
                    # A service that is about to end, or that has too many polls, answers at once.
                    self._stopping.wait(1.0)
            except NotFoundError:
                # The service has forgotten a worker that was silent for long.
                items = ()
                self._try_again_to_register()
            except (TransportError, ApiError) as error:
                logger.warning("cannot take work: %s", error)
                items = ()
                self._stopping.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            for item in items:
                task = Task(item)
                with self._changed:
                    self._tasks[item.work] = task
                # A function that does not end in time does not keep the process from ending.
                threading.Thread(target=self._do, args=(task,), name=f"stepwell-{item.work}", daemon=True).start()

    def _try_again_to_register(self) -> None:
        try:
            self._register()
        except (TransportError, ApiError) as error:
            logger.warning("cannot register: %s", error)
            self._stopping.wait(LONGEST_PAUSE)

    def _wait_for_rest(self) -> None:
        until = time.monotonic() + self.drain
        with self._changed:
            while self._tasks and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            for task in self._tasks.values():
                logger.warning("the work %s has not ended in time, and is lost", task.item.work)
                task._cancel()

    def _leave(self) -> None:
        worker, self._id = self._id, None
        try:
            if worker is not None:
                self._client.workers.leave(worker)
        except StepwellError as error:
            logger.warning("cannot leave: %s", error)
        if self._owns_client:
            self._client.close()

    def _beat(self) -> None:
        """Sends heartbeats for all work in hand."""
        while not self._ended.wait(self._lease / 3):
            with self._changed:
                tasks = list(self._tasks.values())
            for task in tasks:
                worker = self._id
                if worker is None or task.cancelled:
                    continue
                try:
                    if self._client.workers.heartbeat(worker, task.item).cancelled:
                        task._cancel()
                except (ConflictError, NotFoundError):
                    # The end of the work may have been faster than its heartbeat.
                    if not task._is_ending:
                        logger.warning("the lease of the work %s is lost", task.item.work)
                        task._cancel()
                except StepwellError as error:
                    logger.warning("no heartbeat for the work %s: %s", task.item.work, error)

    def _do(self, task: Task) -> None:
        item = task.item
        try:
            function = self._functions[item.function]
            try:
                output = _called(function, item, task)
            except WorkCancelled:
                self._end(task, lambda worker: None)
            except WorkError as error:
                text, code, again = str(error) or code_of(error), error.code, error.retryable
                workers = self._client.workers
                self._end(task, lambda worker: workers.fail(worker, item, _cut(text), code=code, retryable=again))
            except Exception as error:
                logger.exception("the function %s has failed", item.function)
                text, code = str(error) or type(error).__name__, code_of(error)
                self._end(task, lambda worker: self._client.workers.fail(worker, item, _cut(text), code=code))
            else:
                output = {} if output is None else output
                set_ = task._variables or None
                workers = self._client.workers
                self._end(task, lambda worker: workers.complete(worker, item, output, variables=set_))
        finally:
            with self._changed:
                self._tasks.pop(item.work, None)
                self._changed.notify_all()

    def _end(self, task: Task, send: Callable[[str], None]) -> None:
        """Sends the end of work, repeatedly, while the service does not answer and the lease may last."""
        pause = FIRST_PAUSE
        task._is_ending = True
        while not task.cancelled and (worker := self._id) is not None:
            try:
                return send(worker)
            except (ConflictError, NotFoundError) as error:
                logger.warning("the end of the work %s is refused: %s", task.item.work, error)
                return None
            except ApiError as error:
                if error.status < 500:
                    return self._refused(worker, task, error)
                logger.warning("cannot end the work %s: %s", task.item.work, error)
            except TransportError as error:
                logger.warning("cannot end the work %s: %s", task.item.work, error)
            except (TypeError, ValueError) as error:
                return self._refused(worker, task, error)
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _refused(self, worker: str, task: Task, error: Exception) -> None:
        """Fails work whose output the service does not take."""
        text = f"the result of {task.item.function} is refused: {error}"
        logger.error("%s", text)
        try:
            self._client.workers.fail(worker, task.item, _cut(text), code="failed")
        except StepwellError as again:
            logger.warning("cannot fail the work %s: %s", task.item.work, again)


def _called(function: Callable[..., Any], item: WorkItem, task: Task) -> Any:
    """Calls a function with its input, and with the task if it takes two arguments."""
    given = [dict(item.input), task] if _takes_task(function) else [dict(item.input)]
    output = function(*given)
    if inspect.isawaitable(output):

        async def waited() -> Any:
            return await output

        return asyncio.run(waited())
    return output


def _takes_task(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    places = [one for one in parameters if one.kind in kinds]
    needed = [one for one in places if one.default is inspect.Parameter.empty]
    return len(needed) >= 2 or (len(places) >= 2 and places[1].name == "task")


def code_of(error: BaseException) -> str:
    """Returns the name of an exception, as the code of a failure."""
    return type(error).__name__[:64]


def _cut(text: str) -> str:
    return text if len(text) <= 4000 else text[:3990] + "... (cut)"


def _own_name() -> str:
    """Returns the name of this process: that of the machine, and its number."""
    machine = re.sub(r"[^A-Za-z0-9_.:-]", "-", socket.gethostname()) or "worker"
    machine = machine if re.match(r"[A-Za-z0-9_]", machine) else f"w{machine}"
    return f"{machine[:100]}-{os.getpid()}"


def _handle(handler: Callable[[int, FrameType | None], None]) -> dict[signal.Signals, Any]:
    """Installs a handler, where this is the main thread, and returns the ones before."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGINT)}
