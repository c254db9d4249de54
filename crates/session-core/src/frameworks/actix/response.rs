//! The head of a response in actix-web's terms.

use super::super::signed_in::NotSignedIn;
use crate::error::Error;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::{HttpResponse, ResponseError};

/// In the extensions of a response: it reports an error of the session.
///
/// The middleware stores nothing of the session of such a request, whatever the status. The
/// `error_response` of [`Error`] sets it, and so an application's own error is known by it that
/// answers with that.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReportsError;

/// 409, 503 with `Retry-After`, or 500, with a sentence that says what the visitor can do.
///
/// The session middleware stores nothing of the session then, and makes the response that it was
/// told to make of session errors, if any.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        status(self.kind().http_status())
    }

    fn error_response(&self) -> HttpResponse {
        if self.kind().http_status() == 500 {
            tracing::error!(error = %self.logged(), "session error in a handler");
        }
        report(text(self.status_code(), self.kind().advice()), self)
    }
}

/// See Other or Unauthorized where nobody is signed in, else that of the [`Error`].
impl ResponseError for NotSignedIn {
    fn status_code(&self) -> StatusCode {
        status(self.http_status())
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = match (self, self.page()) {
            (Self::Failed(error), _) => return error.error_response(),
            (_, Some(_)) => HttpResponse::new(self.status_code()),
            (_, None) => text(self.status_code(), self.advice()),
        };
        self.describe(response.headers_mut());
        response
    }
}

fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Makes `response` report `error`: its [status](crate::ErrorKind::http_status), the fields that
/// [go with it](Error::describe), and [`ReportsError`] among its extensions. The body stays as it is.
pub fn report<B>(mut response: HttpResponse<B>, error: &Error) -> HttpResponse<B> {
    *response.status_mut() = error.status_code();
    error.describe(response.headers_mut());
    response.extensions_mut().insert(ReportsError);
    response
}

fn text(status: StatusCode, sentence: &'static str) -> HttpResponse {
    let mut response = HttpResponse::new(status).set_body(sentence).map_into_boxed_body();
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}
