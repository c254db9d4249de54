//! What one side writes is what the other reads, value by value, in both formats.

use interop::{
    Backend, Browser, Site, on_each_backend_with_formats, python_values, run, rust_types,
};
use serde_json::json;

on_each_backend_with_formats!(
    flask_values_reach_rust_in_msgpack,
    flask_values_reach_rust_in_json,
    rust_values_reach_flask_in_msgpack,
    rust_values_reach_flask_in_json,
);

const FORMATS: [&str; 2] = ["msgpack", "json"];

async fn flask_values_reach_rust_in_msgpack(backend: Backend) {
    flask_values_reach_rust(backend, 0).await;
}

async fn flask_values_reach_rust_in_json(backend: Backend) {
    flask_values_reach_rust(backend, 1).await;
}

async fn rust_values_reach_flask_in_msgpack(backend: Backend) {
    rust_values_reach_flask(backend, FORMATS[0], |row| row.msgpack).await;
}

async fn rust_values_reach_flask_in_json(backend: Backend) {
    rust_values_reach_flask(backend, FORMATS[1], |row| row.json).await;
}

/// Flask writes; Rust reads, writes the same again beside it, and changes another key; Flask reads
/// what it wrote and what Rust wrote, and both are the same; and so it goes on.
async fn flask_values_reach_rust(backend: Backend, format: usize) {
    let site = Site::start(&backend, &[("SESSION_SERIALIZATION_FORMAT", FORMATS[format])]).await;
    let mut browser = Browser::new();
    let rows = python_values::ROWS;
    let written: Vec<_> = rows.iter().map(|row| json!([row.python, row.python])).collect();
    browser.post(&site.flask, "/set/python", json!(written)).await;

    let at_rust = browser.shown(&site.rust).await;
    for row in rows {
        assert_eq!(at_rust[row.python], row.read[format].rust, "{}", row.python);
    }

    let copy_of = |key: &str| format!("copy of {key}");
    let pairs: Vec<_> = rows.iter().map(|row| json!([row.python, copy_of(row.python)])).collect();
    browser.post(&site.rust, "/copy", json!(pairs)).await;
    browser.set(&site.rust, "from rust", 1).await;

    let at_flask = browser.shown(&site.flask).await;
    assert_eq!(at_flask["from rust"], "1");
    for row in rows {
        for key in [row.python.to_owned(), copy_of(row.python)] {
            assert_eq!(at_flask[&key], row.read[format].flask, "{key}");
        }
    }

    browser.set(&site.flask, "from flask", "again").await;
    browser.post(&site.rust, "/remove", json!("from rust")).await;
    assert_eq!(browser.get(&site.flask, "from rust").await, json!(null));
    let at_rust_again = browser.shown(&site.rust).await;
    assert_eq!(at_rust_again["from flask"], "Text(\"again\")");
    for row in rows {
        assert_eq!(at_rust_again[&copy_of(row.python)], row.read[format].rust, "{}", row.python);
    }
}

async fn rust_values_reach_flask(
    backend: Backend,
    format: &str,
    expected: fn(&rust_types::Row) -> &str,
) {
    let site = Site::start(&backend, &[("SESSION_SERIALIZATION_FORMAT", format)]).await;
    let mut browser = Browser::new();
    let (refused, stored): (Vec<_>, Vec<_>) =
        rust_types::ROWS.iter().partition(|row| expected(row) == rust_types::REFUSED);
    let names: Vec<_> = stored.iter().map(|row| row.name).collect();
    browser.post(&site.rust, "/set/rust", json!(names)).await;
    for row in refused {
        let answer = browser.send(&site.rust, "/set/rust", json!([row.name])).await;
        assert_eq!(answer.status, 500, "{}", row.name);
    }

    // Flask writes the whole session again at every request.
    for _ in 0..2 {
        let at_flask = browser.shown(&site.flask).await;
        for row in &stored {
            assert_eq!(at_flask[row.name], expected(row), "{}", row.name);
        }
        assert_eq!(browser.shown(&site.rust).await.len(), stored.len());
    }
}

#[test]
fn what_no_format_says_is_refused_by_flask() {
    run(async {
        for format in FORMATS {
            let settings = [("SESSION_SERIALIZATION_FORMAT", format)];
            let site = Site::start(&Backend::redis(), &settings).await;
            for expression in python_values::REFUSED {
                let mut browser = Browser::new();
                let value = json!([["n", "1"], ["x", expression]]);
                let answer = browser.send(&site.flask, "/set/python", value).await;
                assert_eq!(answer.status, 500, "{expression} in {format}");
                assert_eq!(browser.cookies(), None);
            }
        }
    });
}
