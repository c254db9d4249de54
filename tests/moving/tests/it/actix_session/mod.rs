//! A counter with a login on actix-session and actix-identity, then on this library.

mod after;
mod before;
mod settings;

use crate::browser::Browser;
use actix_web::App;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{COOKIE, LOCATION, SET_COOKIE};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use web_session::config::Settings;

async fn get<S, B>(app: &S, browser: &mut Browser, path: &str) -> String
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let request = TestRequest::get().uri(path).insert_header((COOKIE, browser.cookies()));
    let response = call_service(app, request.to_request()).await;
    for set_cookie in response.headers().get_all(SET_COOKIE) {
        browser.keep(set_cookie.to_str().unwrap());
    }
    assert!(!response.status().is_server_error(), "{path}: {}", response.status());
    let to = response.headers().get(LOCATION).map(|to| to.to_str().unwrap().to_owned());
    let status = response.status();
    let page = String::from_utf8(read_body(response).await.to_vec()).unwrap();
    match to {
        Some(to) => format!("to {to}"),
        None if status == 401 => "401".to_owned(),
        None => page,
    }
}

/// What both answer.
async fn does_the_same<S, B>(app: S)
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let mut ann = Browser::default();
    assert_eq!(get(&app, &mut ann, "/").await, "visit 1");
    assert_eq!(get(&app, &mut ann, "/").await, "visit 2");
    assert_eq!(get(&app, &mut ann, "/account").await, "401");
    let before = ann.cookies();
    get(&app, &mut ann, "/login").await;
    assert_ne!(ann.cookies(), before);
    assert_eq!(get(&app, &mut ann, "/account").await, "ann");
    assert_eq!(get(&app, &mut ann, "/note").await, "tea and 2 cups of 2 values");
    assert_eq!(get(&app, &mut ann, "/note").await, "nothing of 0 values");
    get(&app, &mut ann, "/logout").await;
    assert_eq!(get(&app, &mut ann, "/account").await, "401");
    assert_eq!(get(&app, &mut ann, "/").await, "visit 1");
}

#[actix_web::test]
async fn before() {
    does_the_same(init_service(App::new().configure(before::routes)).await).await;
}

#[actix_web::test]
async fn after() {
    let settings: Settings = [("SESSION_TYPE", "memory")].into_iter().collect();
    let manager = web_session::manager(&settings).await.unwrap();
    let app = App::new().configure(|app| after::routes(app, manager));
    does_the_same(init_service(app).await).await;
}
