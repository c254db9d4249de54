#![no_main]
//! Files in the directory of cachelib: any header, any body.

use libfuzzer_sys::fuzz_target;
use session_core::{Format, Store as _};
use session_fs::{FileOptions, FileStore};
use session_fuzz::{ID, manager};
use std::cell::LazyCell;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// The SHA-256 of the key.
const NAME: &str = "3c5b561b02d0872c02624405b29a387a830134cdb3da72653cfbf067a1855715";

struct Site {
    runtime: tokio::runtime::Runtime,
    dir: tempfile::TempDir,
    store: FileStore,
    manager: session_core::SessionManager,
}

thread_local! {
    static SITE: LazyCell<Site> = LazyCell::new(|| {
        let runtime = session_fuzz::runtime();
        let dir = tempfile::tempdir().expect("a directory is made");
        let options = FileOptions::new(dir.path());
        let store = runtime.block_on(FileStore::connect(options)).expect("the directory opens");
        let manager = manager(Arc::new(store.clone()), Format::Pickle, None);
        Site { runtime, dir, store, manager }
    });
}

fuzz_target!(|data: &[u8]| {
    SITE.with(|site| {
        std::fs::write(site.dir.path().join(NAME), data).expect("the file is written");
        site.runtime.block_on(async {
            let page = site.store.scan("", None, NonZeroUsize::MIN).await;
            for (key, listed) in page.expect("the directory is read").records {
                let loaded = site.store.load(&key).await.expect("the file is read");
                // It may have ended since.
                assert!(loaded.is_none_or(|loaded| loaded.payload == listed.payload));
            }
            let exchange = site.manager.open();
            let cookie = format!("session={ID}");
            let Ok(session) = exchange.session([cookie.as_bytes()]).await else { return };
            let _ = session.entries();
            let _ = session.overwrite("fuzz", 1);
            let _ = exchange.commit().await;
        });
    });
});
