"""The asynchronous transport: retries, pages and streams."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncGenerator
from typing import Any, TypeVar

import httpx

from .._decode import Model, model
from .._http import Call, Settings, document, pause, refused, transport_error
from .._log import Event, EventReader
from ..errors import ApiError, TransportError, UnexpectedAnswerError

M = TypeVar("M", bound=Model)


class AsyncSender:
    """Sends requests, and repeats those that may be repeated."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None) -> None:
        self.settings = settings
        self.http = httpx.AsyncClient(
            base_url=settings.server,
            headers=settings.headers(),
            timeout=settings.limits(),
            transport=transport,
            follow_redirects=False,
        )

    async def response(self, call: Call) -> httpx.Response:
        """Sends a request until it has an answer or must not be repeated."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self.once(call)
            except (TransportError, ApiError) as error:
                wait = pause(error, call, attempt, self.settings)
                if wait is None:
                    raise
            await asyncio.sleep(wait)

    async def once(self, call: Call) -> httpx.Response:
        """Sends a request."""
        try:
            response = await self.http.request(**call.sent(), timeout=self.settings.limits(call.timeout))
        except httpx.HTTPError as failure:
            raise transport_error(failure, call, self.settings) from failure
        if error := refused(response, call):
            raise error
        return response

    async def json(self, call: Call) -> Any:
        """Returns the JSON of the answer."""
        return document(await self.response(call), call)

    async def model(self, kind: type[M], call: Call) -> M:
        """Returns the answer as a model."""
        return model(kind, await self.json(call))

    async def items(self, kind: type[M], call: Call, most: int | None = None) -> AsyncGenerator[M]:
        """Yields the items of a list, page by page."""
        cursor, count = None, 0
        while most is None or count < most:
            page = await self.json(_page(call, cursor, most))
            if not isinstance(page, dict) or not isinstance(page.get("items"), list):
                raise UnexpectedAnswerError(f"{call.method} {call.path}: the answer is not a list with `items`")
            for i, item in enumerate(page["items"]):
                if most is not None and count >= most:
                    return
                count += 1
                yield model(kind, item, f"/items/{i}")
            following = page.get("next_cursor")
            if following is None:
                return
            if following == cursor:
                raise UnexpectedAnswerError(f"{call.path}: the list returns the page `{cursor}` repeatedly")
            cursor = following

    async def events(self, call: Call) -> AsyncGenerator[Event]:
        """Yields the events of one stream, and its comments. It ends as the service ends it."""
        reader = EventReader()
        try:
            async with self.http.stream(**call.sent(), timeout=self.settings.limits(call.timeout)) as response:
                if not response.is_success:
                    await response.aread()
                if error := refused(response, call):
                    raise error
                async for line in response.aiter_lines():
                    event = reader.line(line)
                    if event is not None:
                        yield event
        except httpx.HTTPError as failure:
            raise transport_error(failure, call, self.settings) from failure

    async def pieces(self, call: Call) -> AsyncGenerator[bytes]:
        """Yields the body of an answer in pieces."""
        try:
            async with self.http.stream(**call.sent(), timeout=self.settings.limits(call.timeout)) as response:
                if not response.is_success:
                    await response.aread()
                if error := refused(response, call):
                    raise error
                async for piece in response.aiter_bytes():
                    yield piece
        except httpx.HTTPError as failure:
            raise transport_error(failure, call, self.settings) from failure

    async def aclose(self) -> None:
        with contextlib.suppress(httpx.HTTPError):
            await self.http.aclose()


def _page(call: Call, cursor: str | None, most: int | None) -> Call:
    query = dict(call.query or {})
    if cursor is not None:
        query["cursor"] = cursor
    if most is not None and "limit" in query:
        query["limit"] = max(1, min(most, 1000))
    return dataclasses.replace(call, query=query)


class AsyncResource:
    """A part of the API."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender
