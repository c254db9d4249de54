#![no_main]
//! `Cookie` header fields of any bytes.

use libfuzzer_sys::fuzz_target;
use session_core::{Format, MemoryStore};
use std::cell::LazyCell;
use std::sync::Arc;

thread_local! {
    static RUNTIME: LazyCell<tokio::runtime::Runtime> = LazyCell::new(session_fuzz::runtime);
}

fuzz_target!(|data: &[u8]| {
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let manager =
                session_fuzz::manager(Arc::new(MemoryStore::new()), Format::MessagePack, None);
            let exchange = manager.open();
            let fields = data.split(|byte| *byte == b'\n');
            let session = exchange.session(fields).await.expect("a cookie is never an error");
            assert!(session.is_new(), "nobody's cookie opens a session in an empty store");
        });
    });
});
