// Pages link to each other as `[recipes]` or `[in these words][recipes]`, and say at their end where
// that leads on a Git host. Here the definitions of `links.md` stand before a page, and of two the
// first one counts. Pictures have their definitions in files of their own, which scripts/pictures makes:
// docs.rs has nothing but what is in a page.
#![doc = include_str!("links.md")]
#![doc = include_str!("../../docs/guide/README.md")]

macro_rules! pages {
    ($($(#[$attribute:meta])* $name:ident $path:literal)*) => {$(
        #[doc = include_str!("links.md")]
        $(#[$attribute])*
        // The examples are for axum, and one is a test.
        #[cfg_attr(
            any(not(doctest), all(feature = "axum", feature = "testing")),
            doc = include_str!(concat!("../../docs/", $path))
        )]
        pub mod $name {}
    )*};
}

pages! {
    #[doc = include_str!("pictures/devices.webp.md")]
    tutorial "guide/tutorial.md"
    recipes "guide/recipes.md"
    deployment "guide/deployment.md"
    #[doc = include_str!("pictures/monitoring.svg.md")]
    monitoring "guide/monitoring.md"
    security "guide/security.md"
    surprises "guide/surprises.md"
    #[doc = include_str!("pictures/store-down.webp.md")]
    troubleshooting "guide/troubleshooting.md"
    upgrading "guide/upgrading.md"
    #[doc = include_str!("pictures/comparison.svg.md")]
    moving "guide/moving.md"
    architecture "architecture.md"
    #[doc = include_str!("pictures/peers.svg.md")]
    performance "performance.md"
    compatibility "compatibility.md"
    // Its examples are tested by examples/custom-store, whose store they name.
    #[cfg(not(doctest))]
    writing_a_store "writing-a-store.md"
}
