//! What moves while a command works, on a terminal only.

use crate::output::Output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// A line on standard error that counts sessions.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Without a terminal, and for programs, nothing is drawn.
    pub(crate) fn new(output: &Output, what: &'static str, total: Option<u64>) -> Self {
        let target = match output.is_json() {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let bar = ProgressBar::with_draw_target(total, target).with_message(what);
        let shape = match total {
            Some(_) => "{msg} {wide_bar} {human_pos}/{human_len}  {per_sec}  {eta} left",
            None => "{spinner} {msg} {human_pos}  {per_sec}",
        };
        // The shapes are those above, so the default never comes.
        bar.set_style(
            ProgressStyle::with_template(shape)
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Whether somebody sees it.
    pub(crate) fn is_seen(&self) -> bool {
        !self.0.is_hidden()
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.inc(count);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
