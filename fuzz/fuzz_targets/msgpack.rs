#![no_main]
//! MessagePack, as `msgspec` and this library write it.

use libfuzzer_sys::fuzz_target;
use std::cell::LazyCell;

thread_local! {
    static RUNTIME: LazyCell<tokio::runtime::Runtime> = LazyCell::new(session_fuzz::runtime);
}

fuzz_target!(|data: &[u8]| RUNTIME.with(|runtime| session_fuzz::payload(runtime, data)));
