//! The library beside real Flask apps.
//!
//! A [`Site`] is two processes, `flask/app.py` on a released Flask-Session and the Rust [`app`],
//! with one environment and one store; a [`Browser`] visits both and keeps one jar of cookies.
// The crate is test code, of which the lints cannot know.
#![allow(clippy::unwrap_used, reason = "a test whose tools fail has failed")]

pub mod app;
pub mod backend;
pub mod browser;
#[cfg(doctest)]
mod pages;
pub mod python_values;
pub mod rust_types;
pub mod site;

pub use backend::Backend;
pub use browser::Browser;
pub use e2e::{Answer, Server, run, within};
pub use site::{Era, SIGNED, Site};

/// Makes each function a test on every backend that both sides have.
///
/// The functions take the [`Backend`] by value; the tests are `redis::name` and so on.
#[macro_export]
macro_rules! on_each_backend {
    ($($name:ident),* $(,)?) => {
        $crate::on_each_backend_with_formats!($($name),*);
        $crate::on_each_backend_with_formats!(@filesystem $($name)*);
    };
}

/// The same without files, which Flask writes in one format alone.
#[macro_export]
macro_rules! on_each_backend_with_formats {
    (@$backend:ident $($name:ident)*) => {
        mod $backend {
            $(
                #[test]
                fn $name() {
                    $crate::run(async { super::$name($crate::Backend::$backend()).await });
                }
            )*
        }
    };
    ($($name:ident),* $(,)?) => {
        $crate::on_each_backend_with_formats!(@redis $($name)*);
        $crate::on_each_backend_with_formats!(@memcached $($name)*);
        $crate::on_each_backend_with_formats!(@mongodb $($name)*);
        $crate::on_each_backend_with_formats!(@sqlite $($name)*);
        $crate::on_each_backend_with_formats!(@postgres $($name)*);
        $crate::on_each_backend_with_formats!(@dynamodb $($name)*);
    };
}
