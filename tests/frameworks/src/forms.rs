//! What visitors send: the same fields, in the terms of each framework.

use rocket::form::FromForm;
use serde::Deserialize;

/// Who signs in. A real form has a password.
#[derive(Debug, Deserialize, FromForm)]
pub(crate) struct Visitor {
    pub(crate) name: String,
}

/// What goes into the cart.
#[derive(Debug, Deserialize, FromForm)]
pub(crate) struct Article {
    pub(crate) item: String,
}
