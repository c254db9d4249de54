use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{ORIGIN, UPGRADE};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const OURS: &str = "https://shop.example";

/// Refuses what another site sends in the visitor's name.
async fn from_our_pages(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let changes_something = !request.method().is_safe() || headers.contains_key(UPGRADE);
    let is_ours = match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin" || site == "none",
        None => headers.get(ORIGIN).is_some_and(|origin| origin == OURS),
    };
    if changes_something && !is_ours {
        return (StatusCode::FORBIDDEN, "That came from another site.").into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::from_our_pages;
    use axum::body::Body;
    use axum::http::{Method, Request};
    use axum::middleware::from_fn;
    use axum::{Router, routing::any};
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn forms_of_other_sites_are_refused() {
        const SITE: &str = "sec-fetch-site";
        let app = Router::new().route("/", any(|| async {})).layer(from_fn(from_our_pages));
        type Fields = &'static [(&'static str, &'static str)];
        let table: [(Method, Fields, u16); 9] = [
            (Method::GET, &[("origin", "https://evil.example")], 200),
            (Method::GET, &[("origin", "https://evil.example"), ("upgrade", "websocket")], 403),
            (Method::GET, &[("origin", "https://shop.example"), ("upgrade", "websocket")], 200),
            (Method::POST, &[("origin", "https://shop.example")], 200),
            (Method::POST, &[("origin", "https://evil.example")], 403),
            (Method::POST, &[("origin", "null")], 403),
            (Method::POST, &[(SITE, "same-origin")], 200),
            (Method::POST, &[(SITE, "same-site"), ("origin", "https://shop.example")], 403),
            (Method::POST, &[], 403),
        ];
        for (method, fields, status) in table {
            let mut request = Request::builder().method(method.clone());
            for (name, value) in fields {
                request = request.header(*name, *value);
            }
            let request = request.body(Body::empty()).unwrap();
            let answer = app.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), status, "{method} {fields:?}");
        }
    }
}
