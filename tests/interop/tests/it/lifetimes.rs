//! A session lives as long as either side uses it, and no longer, whoever wrote it.

use interop::{Backend, Browser, Site};
use std::time::Duration;
use tokio::task::JoinSet;

/// In seconds; Memcached, whose clock has whole ones, ends a record up to one earlier or later.
const LIFETIME: &str = "6";
const OVER_HALF_A_LIFETIME: Duration = Duration::from_millis(3_500);
const OVER_A_LIFETIME: Duration = Duration::from_secs(8);

/// All backends at once, since each waits for two lifetimes to pass.
#[test]
fn use_on_either_side_renews_and_disuse_ends_on_both() {
    interop::run(async {
        let mut sites = Vec::new();
        for backend in Backend::all() {
            let settings = [("PERMANENT_SESSION_LIFETIME", LIFETIME)];
            sites.push((Site::start(&backend, &settings).await, backend));
        }
        let mut running: JoinSet<()> = sites
            .into_iter()
            .map(|(site, backend)| lives_while_it_is_used(site, backend))
            .collect();
        while let Some(ended) = running.join_next().await {
            ended.unwrap();
        }
    });
}

async fn lives_while_it_is_used(site: Site, backend: Backend) {
    let name = backend.name();
    let [mut of_flask, mut of_rust] = [Browser::new(), Browser::new()];
    of_flask.set(&site.flask, "n", 1).await;
    of_rust.set(&site.rust, "n", 1).await;

    tokio::time::sleep(OVER_HALF_A_LIFETIME).await;
    assert!(of_flask.is_known(&site.rust).await, "{name}: Rust renews what Flask wrote");
    assert!(of_rust.is_known(&site.flask).await, "{name}: Flask renews what Rust wrote");

    tokio::time::sleep(OVER_HALF_A_LIFETIME).await;
    assert!(of_flask.is_known(&site.flask).await, "{name}: Flask sees the renewal");
    assert!(of_rust.is_known(&site.rust).await, "{name}: Rust sees the renewal");

    // A thief's copies of the cookies, which do not expire as a browser's do.
    let copies = [of_flask.cookies().unwrap(), of_rust.cookies().unwrap()];
    tokio::time::sleep(OVER_A_LIFETIME).await;
    for browser in [of_flask, of_rust] {
        assert_eq!(browser.cookies(), None, "{name}: the browser's copy expires as well");
    }
    for copy in &copies {
        let answer = site.rust.send("/show", Some(copy), "null").await;
        assert_eq!(answer.body, "[]", "{name}: Rust");
        let answer = site.flask.send("/show", Some(copy), "null").await;
        if backend.flask_checks_expiry() {
            assert_eq!(answer.body, "[]\n", "{name}: Flask");
        }
    }
}
