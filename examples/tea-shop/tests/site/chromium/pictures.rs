//! The pictures of `docs/pictures`: taken where tests come by, and not compared with those, since
//! every machine draws letters in its own way. `scripts/pictures` makes them anew.

use super::browser::{Browser, Scheme};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Names and sizes in CSS pixels; a picture has twice as many of its own.
const PICTURES: [(&str, (u32, u32)); 2] = [("devices", (960, 640)), ("store-down", (960, 640))];

/// More would keep readers of the front page waiting, and as text be too large for a package.
const MOST_BYTES: usize = 48_000;

/// Takes the picture of that name, by day and by night. Without a place to keep it, it is in `target/tmp`.
pub(super) async fn take(browser: &Browser, name: &str) {
    let (_, size) = PICTURES.into_iter().find(|(known, _)| *known == name).unwrap();
    let kept = std::env::var_os("SESSION_TEST_PICTURES");
    let dir =
        kept.map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures"), PathBuf::from);
    fs::create_dir_all(&dir).unwrap();
    for (scheme, suffix) in [(Scheme::Dark, "-dark"), (Scheme::Light, "")] {
        let picture = browser.picture(size, scheme).await;
        fs::write(dir.join(format!("{name}{suffix}.webp")), picture).unwrap();
    }
}

#[test]
fn pictures_are_those_of_the_front_page_and_the_guide() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let names = |dir: &Path| -> Vec<PathBuf> {
        fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect()
    };
    let mut pages = names(&root.join("docs/guide"));
    pages.extend(["README.md", "docs/performance.md"].map(|page| root.join(page)));
    let mut shown = BTreeSet::new();
    for page in pages {
        let page = fs::read_to_string(page).unwrap();
        let after_dir = page.split("pictures/").skip(1);
        shown.extend(
            after_dir.filter_map(|rest| Some(rest.split(['"', ')', '\n']).next()?.to_owned())),
        );
    }
    let dir = root.join("docs/pictures");
    let file_name = |file: PathBuf| file.file_name()?.to_str().map(str::to_owned);
    let there: BTreeSet<_> = names(&dir).into_iter().filter_map(file_name).collect();
    assert_eq!(there, shown);
    for (name, (width, height)) in PICTURES {
        for file in [format!("{name}.webp"), format!("{name}-dark.webp")] {
            let picture = fs::read(dir.join(&file)).unwrap();
            assert_eq!(size(&picture), (2 * width, 2 * height), "{file}");
            assert!(picture.len() < MOST_BYTES, "{file}: {}", picture.len());
        }
    }
}

/// docs.rs has no files beside a page: there the picture is in the page.
#[test]
fn pictures_of_the_guide_are_the_same_on_docs_rs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for name in PICTURES.map(|(name, _)| format!("{name}.webp")) {
        let picture = fs::read(root.join("docs/pictures").join(&name)).unwrap();
        let picture = BASE64_STANDARD.encode(picture);
        let file = root.join(format!("crates/web-session/src/guide/pictures/{name}.md"));
        let definition = format!("[{name}]: data:image/webp;base64,{picture}\n");
        assert!(fs::read_to_string(file).unwrap() == definition, "run scripts/pictures");
    }
}

/// Width and height as the chunk `VP8X` of a WebP has them: three bytes each, less one.
fn size(picture: &[u8]) -> (u32, u32) {
    assert_eq!(picture[12..16], *b"VP8X");
    let number =
        |at: usize| 1 + u32::from_le_bytes([picture[at], picture[at + 1], picture[at + 2], 0]);
    (number(24), number(27))
}
