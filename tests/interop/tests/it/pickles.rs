//! Values in files, where Flask keeps types that the other formats have not.

use interop::{Backend, Browser, Site, python_values, run, rust_types};
use serde_json::json;

/// Flask writes; Rust changes another key, and writes each value again beside it.
#[test]
fn values_keep_their_types_until_rust_writes_them() {
    run(async {
        let backend = Backend::filesystem();
        let site = Site::start(&backend, &[]).await;
        let mut browser = Browser::new();
        let rows = python_values::PICKLED;
        let written: Vec<_> = rows.iter().map(|row| json!([row.python, row.python])).collect();
        browser.post(&site.flask, "/set/python", json!(written)).await;

        let copy_of = |key: &str| format!("copy of {key}");
        let copies: Vec<_> =
            rows.iter().map(|row| json!([row.python, copy_of(row.python)])).collect();
        browser.post(&site.rust, "/copy", json!(copies)).await;

        let at_rust = browser.shown(&site.rust).await;
        let at_flask = browser.shown(&site.flask).await;
        for row in rows {
            assert_eq!(at_rust[row.python], row.rust, "{}", row.python);
            assert_eq!(at_flask[row.python], row.flask, "{}", row.python);
            assert_eq!(at_flask[&copy_of(row.python)], row.rewritten, "copy of {}", row.python);
        }
    });
}

#[test]
fn rust_values_reach_flask() {
    run(async {
        let site = Site::start(&Backend::filesystem(), &[]).await;
        let mut browser = Browser::new();
        let names: Vec<_> = rust_types::ROWS.iter().map(|row| row.name).collect();
        browser.post(&site.rust, "/set/rust", json!(names)).await;
        for _ in 0..2 {
            let at_flask = browser.shown(&site.flask).await;
            for row in rust_types::ROWS {
                assert_eq!(at_flask[row.name], row.pickle, "{}", row.name);
            }
        }
    });
}

/// Neither `Value` of ours nor of `serde_json` does; an `i128` would.
#[test]
fn integer_beyond_64_bits_stays_though_no_value_holds_it() {
    run(async {
        let site = Site::start(&Backend::filesystem(), &[]).await;
        let mut browser = Browser::new();
        browser.post(&site.flask, "/set/python", json!([["big", "2**64"], ["n", "1"]])).await;
        assert_eq!(browser.send(&site.rust, "/get", json!("big")).await.status, 500);
        assert_eq!(browser.get(&site.rust, "n").await, json!(1));
        browser.set(&site.rust, "n", 2).await;
        assert_eq!(browser.shown(&site.flask).await["big"], "18446744073709551616");
    });
}

#[test]
fn record_with_a_class_of_the_application_is_left_alone() {
    run(async {
        let site = Site::start(&Backend::filesystem(), &[]).await;
        let mut browser = Browser::new();
        browser.post(&site.flask, "/set/python", json!([["colour", "Colour.RED"]])).await;
        assert!(!browser.clone().is_known(&site.rust).await, "an anonymous visitor");
        assert_eq!(browser.shown(&site.flask).await["colour"], "<Colour.RED: 'red'>");
    });
}
