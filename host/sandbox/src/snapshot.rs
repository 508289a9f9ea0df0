//! Where a guest is when its time is over.
//!
//! A guest that computes hands over at its yields, and cannot be made to trap there: its store belongs to the future
//! that runs it. But a yield wakes its own task, on the guest's stack. So the future is polled once more with a waker
//! that walks that stack and notes the addresses; the component's code says which functions they are in.

use std::ffi::{c_int, c_void};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use wasmtime::component::Component;

use crate::trap::{MAX_FRAMES, demangled, without_noise};

/// Addresses that are noted: the guest's, and those of the host around them.
const MAX_ADDRESSES: usize = 256;

/// Notes the stack when it is woken.
#[derive(Default)]
struct Snapshot(Mutex<Vec<usize>>);

impl Wake for Snapshot {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.is_empty() {
            *noted = return_addresses();
        }
    }
}

/// Polls a guest once more, up to its next yield: its functions there, innermost first, or what it returned.
pub(crate) fn next_yield<T>(
    call: Pin<&mut (impl Future<Output = T> + ?Sized)>,
    component: &Component,
) -> Result<Vec<String>, T> {
    let snapshot = Arc::new(Snapshot::default());
    let waker = Waker::from(snapshot.clone());
    match call.poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(returned) => Err(returned),
        Poll::Pending => {
            let noted = snapshot.0.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(functions(component, &noted))
        }
    }
}

/// The functions of a component in which the addresses are.
fn functions(component: &Component, addresses: &[usize]) -> Vec<String> {
    let text = component.text().as_ptr_range();
    let offsets: Vec<usize> = addresses
        .iter()
        .filter(|address| (text.start as usize..text.end as usize).contains(*address))
        // A return address is behind its call, which may be the last instruction of its function.
        .map(|address| (address - text.start as usize).saturating_sub(1))
        .take(MAX_FRAMES)
        .collect();
    let mut names = vec![None; offsets.len()];
    if !offsets.is_empty() {
        for function in component.functions() {
            let within = function.offset..function.offset + function.len;
            for (name, _) in names.iter_mut().zip(&offsets).filter(|(_, offset)| within.contains(*offset)) {
                let unnamed = || format!("function {}", function.index.as_u32());
                *name = Some(function.name.as_deref().map_or_else(unnamed, demangled));
            }
        }
    }
    // What is in no function is the engine's, between two of them.
    without_noise(names.into_iter().flatten().collect())
}

/// The return addresses of this thread's stack, innermost first.
#[allow(unsafe_code, reason = "the system's unwinder has no safe interface; see SAFETY")]
fn return_addresses() -> Vec<usize> {
    unsafe extern "C-unwind" {
        fn _Unwind_Backtrace(
            each: extern "C-unwind" fn(*mut c_void, *mut c_void) -> c_int,
            data: *mut c_void,
        ) -> c_int;
        fn _Unwind_GetIP(context: *mut c_void) -> usize;
    }
    extern "C-unwind" fn note(context: *mut c_void, data: *mut c_void) -> c_int {
        // SAFETY: `data` is the vector below, which outlives the walk and is used by nothing else meanwhile;
        // `context` is the unwinder's, valid during this call.
        let (noted, address) = unsafe { (&mut *data.cast::<Vec<usize>>(), _Unwind_GetIP(context)) };
        noted.push(address);
        // Any code but 0 ends the walk.
        c_int::from(noted.len() >= MAX_ADDRESSES) * 5
    }
    // So that pushing never allocates in the middle of the walk.
    let mut noted: Vec<usize> = Vec::with_capacity(MAX_ADDRESSES);
    // SAFETY: the walk reads this thread's stack by its unwind tables, which the engine registers for compiled code
    // too, and calls `note` for each frame; it changes nothing.
    unsafe { _Unwind_Backtrace(note, (&raw mut noted).cast()) };
    noted
}
