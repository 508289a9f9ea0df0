//! Requests, responses and their fields: the memory that the host holds for them counts while they have
//! a handle.
//!
//! The threat: a request that is never sent keeps its method, its URL and its fields, and there may be as
//! many requests as handles; a method may be as long as a call may copy. A server chooses the length of its
//! response's fields. These functions replace those of wasmtime-wasi-http, which they call.

use wasmtime::Result;
use wasmtime::component::{Linker, LinkerInstance, Resource, ResourceType};
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler;
use wasmtime_wasi_http::p2::bindings::http::types::{
    self, ErrorCode, HostFields as _, HostOutgoingBody as _, HostOutgoingRequest as _, Method,
    RequestOptions, Scheme,
};
use wasmtime_wasi_http::p2::body::{HostFutureTrailers, HostOutgoingBody};
use wasmtime_wasi_http::p2::types::{
    HostFutureIncomingResponse, HostIncomingResponse, HostOutgoingRequest, HostOutgoingResponse,
};
use wasmtime_wasi_http::p2::{HeaderError, HttpError};
use wasmtime_wasi_http::{FieldMap, WasiHttpView as _};

use crate::guest::Guest;

/// The version that wasmtime-wasi-http implements.
const TYPES: &str = "wasi:http/types@0.2.12";
const HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

/// Size of a field besides its name and its value.
const FIELD: usize = 64;

/// Bytes of one piece of a body that a step writes.
pub(super) const BODY_PIECE: usize = 64 << 10;
/// The memory that the host holds for such a body: its queue has room for two pieces.
const BODY: u64 = 2 * BODY_PIECE as u64;

type Owned<T> = Resource<T>;

/// Replaces the functions that count nothing.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    fields(linker)?;
    requests(linker)?;
    answers(linker)
}

fn fields(linker: &mut Linker<Guest>) -> Result<()> {
    let mut types = linker.instance(TYPES)?;
    freed::<FieldMap>(&mut types, "fields")?;
    types.func_wrap("[static]fields.from-list", |mut store, (list,): (Vec<(String, Vec<u8>)>,)| {
        let guest = store.data_mut();
        let made = guest.http().from_list(list);
        let made = guest.fields_result(made)?;
        if let Ok(made) = &made {
            guest.count_fields(made.rep())?;
        }
        Ok((made,))
    })?;
    types.func_wrap(
        "[method]fields.set",
        |mut store, (fields, name, values): (Owned<FieldMap>, String, Vec<Vec<u8>>)| {
            let (guest, rep) = (store.data_mut(), fields.rep());
            let done = guest.http().set(fields, name, values);
            guest.changed(rep, done)
        },
    )?;
    types.func_wrap(
        "[method]fields.append",
        |mut store, (fields, name, value): (Owned<FieldMap>, String, Vec<u8>)| {
            let (guest, rep) = (store.data_mut(), fields.rep());
            let done = guest.http().append(fields, name, value);
            guest.changed(rep, done)
        },
    )?;
    types.func_wrap("[method]fields.clone", |mut store, (fields,): (Owned<FieldMap>,)| {
        let guest = store.data_mut();
        let cloned = guest.http().clone(fields)?;
        guest.count_fields(cloned.rep())?;
        Ok((cloned,))
    })
}

fn requests(linker: &mut Linker<Guest>) -> Result<()> {
    let mut types = linker.instance(TYPES)?;
    freed::<HostOutgoingRequest>(&mut types, "outgoing-request")?;
    types.func_wrap("[constructor]outgoing-request", |mut store, (fields,): (Owned<FieldMap>,)| {
        let guest = store.data_mut();
        guest.by_handle.free(fields.rep());
        let made = types::HostOutgoingRequest::new(&mut guest.http(), fields)?;
        guest.count_request(made.rep())?;
        Ok((made,))
    })?;
    macro_rules! setter {
        ($name:literal, $set:ident, $value:ty) => {
            types.func_wrap($name, |mut store, (request, value): (Owned<HostOutgoingRequest>, $value)| {
                let (guest, rep) = (store.data_mut(), request.rep());
                let done = guest.http().$set(request, value)?;
                guest.count_request(rep)?;
                Ok((done,))
            })?;
        };
    }
    setter!("[method]outgoing-request.set-method", set_method, Method);
    setter!("[method]outgoing-request.set-scheme", set_scheme, Option<Scheme>);
    setter!("[method]outgoing-request.set-authority", set_authority, Option<String>);
    setter!("[method]outgoing-request.set-path-with-query", set_path_with_query, Option<String>);
    types.func_wrap(
        "[method]outgoing-request.headers",
        |mut store, (request,): (Owned<HostOutgoingRequest>,)| {
            let guest = store.data_mut();
            let fields = types::HostOutgoingRequest::headers(&mut guest.http(), request)?;
            guest.count_fields(fields.rep())?;
            Ok((fields,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.body",
        |mut store, (request,): (Owned<HostOutgoingRequest>,)| {
            let (guest, rep) = (store.data_mut(), request.rep());
            let body = types::HostOutgoingRequest::body(&mut guest.http(), request)?;
            guest.count_request(rep)?;
            Ok((body,))
        },
    )?;
    types.func_wrap(
        "[static]outgoing-body.finish",
        |mut store, (body, trailers): (Owned<HostOutgoingBody>, Option<Owned<FieldMap>>)| {
            let guest = store.data_mut();
            // They are stored with the body, which no longer has a handle.
            trailers.iter().for_each(|trailers| guest.by_handle.leave(trailers.rep()));
            let done = guest.http().finish(body, trailers);
            Ok((guest.http_result(done)?,))
        },
    )?;
    linker.instance(HANDLER)?.func_wrap(
        "handle",
        |mut store, (request, options): (Owned<HostOutgoingRequest>, Option<Owned<RequestOptions>>)| {
            let (guest, rep) = (store.data_mut(), request.rep());
            let sent = outgoing_handler::Host::handle(&mut guest.http(), request, options);
            let sent = guest.http_result(sent)?;
            match &sent {
                Ok(answer) => guest.by_handle.pass(rep, answer.rep()),
                Err(_) => guest.by_handle.free(rep),
            }
            Ok((sent,))
        },
    )
}

fn answers(linker: &mut Linker<Guest>) -> Result<()> {
    let mut types = linker.instance(TYPES)?;
    freed::<HostFutureIncomingResponse>(&mut types, "future-incoming-response")?;
    freed::<HostIncomingResponse>(&mut types, "incoming-response")?;
    freed::<HostOutgoingResponse>(&mut types, "outgoing-response")?;
    types.func_wrap(
        "[method]future-incoming-response.get",
        |mut store, (future,): (Owned<HostFutureIncomingResponse>,)| {
            let (guest, rep) = (store.data_mut(), future.rep());
            let answer = types::HostFutureIncomingResponse::get(&mut guest.http(), future)?;
            if answer.is_some() {
                guest.by_handle.free(rep);
            }
            if let Some(Ok(Ok(answer))) = &answer {
                let bytes = bytes_of(&guest.table.get(answer)?.headers);
                guest.by_handle.set(answer.rep(), bytes)?;
            }
            Ok((answer,))
        },
    )?;
    types.func_wrap(
        "[method]incoming-response.headers",
        |mut store, (answer,): (Owned<HostIncomingResponse>,)| {
            let guest = store.data_mut();
            let fields = types::HostIncomingResponse::headers(&mut guest.http(), answer)?;
            guest.count_fields(fields.rep())?;
            Ok((fields,))
        },
    )?;
    types.func_wrap(
        "[method]future-trailers.get",
        |mut store, (future,): (Owned<HostFutureTrailers>,)| {
            let guest = store.data_mut();
            let trailers = types::HostFutureTrailers::get(&mut guest.http(), future)?;
            if let Some(Ok(Ok(Some(trailers)))) = &trailers {
                guest.count_fields(trailers.rep())?;
            }
            Ok((trailers,))
        },
    )?;
    // A step serves no requests, but the host still holds a response that it makes.
    types.func_wrap("[constructor]outgoing-response", |mut store, (fields,): (Owned<FieldMap>,)| {
        let (guest, rep) = (store.data_mut(), fields.rep());
        let made = types::HostOutgoingResponse::new(&mut guest.http(), fields)?;
        guest.by_handle.pass(rep, made.rep());
        Ok((made,))
    })?;
    types.func_wrap(
        "[method]outgoing-response.body",
        |mut store, (response,): (Owned<HostOutgoingResponse>,)| {
            let (guest, rep) = (store.data_mut(), response.rep());
            let body = types::HostOutgoingResponse::body(&mut guest.http(), response)?;
            if body.is_ok() {
                let made = guest.table.get(&Owned::<HostOutgoingResponse>::new_borrow(rep))?;
                let bytes = bytes_of(&made.headers) + BODY;
                guest.by_handle.set(rep, bytes)?;
            }
            Ok((body,))
        },
    )
}

/// Replaces the deletion of a resource, so that its counted memory is released.
fn freed<T: Send + 'static>(types: &mut LinkerInstance<'_, Guest>, name: &str) -> Result<()> {
    types.resource(name, ResourceType::host::<T>(), |mut store, rep| {
        let guest = store.data_mut();
        guest.by_handle.free(rep);
        guest.table.delete(Owned::<T>::new_own(rep))?;
        Ok(())
    })
}

fn bytes_of(fields: &FieldMap) -> u64 {
    fields.iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD).sum::<usize>() as u64
}

impl Guest {
    fn count_fields(&mut self, rep: u32) -> Result<()> {
        let bytes = bytes_of(self.table.get(&Owned::<FieldMap>::new_borrow(rep))?);
        self.by_handle.set(rep, bytes)
    }

    fn count_request(&mut self, rep: u32) -> Result<()> {
        let request = self.table.get(&Owned::<HostOutgoingRequest>::new_borrow(rep))?;
        let method = if let Method::Other(method) = &request.method { method.len() } else { 0 };
        let scheme = if let Some(Scheme::Other(scheme)) = &request.scheme { scheme.len() } else { 0 };
        let texts =
            [&request.authority, &request.path_with_query].map(|text| text.as_ref().map_or(0, String::len));
        let url = method + scheme + texts.iter().sum::<usize>();
        let body = if request.body.is_some() { BODY } else { 0 };
        let bytes = bytes_of(&request.headers) + url as u64 + body;
        self.by_handle.set(rep, bytes)
    }

    /// Returns the result of a change of fields, counted.
    fn changed(
        &mut self,
        rep: u32,
        done: Result<(), HeaderError>,
    ) -> Result<(Result<(), types::HeaderError>,)> {
        let done = self.fields_result(done)?;
        self.count_fields(rep)?;
        Ok((done,))
    }

    fn fields_result<T>(&mut self, done: Result<T, HeaderError>) -> Result<Result<T, types::HeaderError>> {
        match done {
            Ok(done) => Ok(Ok(done)),
            Err(error) => types::Host::convert_header_error(&mut self.http(), error).map(Err),
        }
    }

    fn http_result<T>(&mut self, done: Result<T, HttpError>) -> Result<Result<T, ErrorCode>> {
        match done {
            Ok(done) => Ok(Ok(done)),
            Err(error) => types::Host::convert_error_code(&mut self.http(), error).map(Err),
        }
    }
}
