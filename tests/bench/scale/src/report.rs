//! Measures each store at each population, and says what came out.

use crate::args::{Args, Backend};
use crate::calls::{Call, create, rate};
use crate::page;
use crate::place::Place;
use crate::sessions::LIFETIME;
use crate::sweep::{EXPIRED, Swept, sweep};
use std::fmt::Write as _;
use std::io::{Write as _, stderr, stdout};
use std::time::Duration;

/// What a store does with so many sessions.
struct Figures {
    population: u64,
    /// Calls a second, as [`Call::ALL`].
    rates: [f64; Call::ALL.len()],
    swept: Option<Swept>,
    bytes: u64,
}

/// Prints the table.
pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    let mut text = String::from(
        "| store | sessions | loads/s | writes/s | touches/s | swept rows/s | bytes per session \
         | p99 of a write, ms | the same while sweeping, ms |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for backend in &args.stores {
        let figures = measure(*backend, args).await?;
        for of_one in &figures {
            text.push_str(&line(*backend, of_one, &figures[0])?);
        }
    }
    writeln!(stdout(), "{text}")?;
    if args.write {
        page::write("scale", &format!("{}\n\n{text}", page::today_here()?))?;
    }
    Ok(())
}

async fn measure(backend: Backend, args: &Args) -> anyhow::Result<Vec<Figures>> {
    let mut figures = Vec::new();
    for population in args.populations.iter().copied() {
        write!(stderr(), "\r{} with {population:<20}", backend.title())?;
        let place = Place::open(backend).await?;
        let measured = measure_in(&place, population, Duration::from_secs(args.seconds)).await;
        place.remove(population + EXPIRED).await?;
        figures.push(measured?);
    }
    writeln!(stderr(), "\r{:<40}", "")?;
    Ok(figures)
}

async fn measure_in(place: &Place, population: u64, time: Duration) -> anyhow::Result<Figures> {
    let empty = place.size().await?;
    create(&place.store, 0, population, LIFETIME).await?;
    let bytes = place.size().await?.saturating_sub(empty) / population;
    let mut rates = [0.0; Call::ALL.len()];
    for (rate_of, call) in rates.iter_mut().zip(Call::ALL) {
        *rate_of = rate(&place.store, call, population, time).await?;
    }
    let swept = sweep(&place.store, population).await?;
    Ok(Figures { population, rates, swept, bytes })
}

fn line(backend: Backend, of: &Figures, smallest: &Figures) -> anyhow::Result<String> {
    let mut line = format!("| {} | {} |", backend.title(), of.population);
    for (rate, first) in of.rates.iter().zip(smallest.rates) {
        write!(line, " {rate:.0}{} |", ratio(of, smallest, *rate, first))?;
    }
    match (of.swept, smallest.swept) {
        (Some(swept), Some(first)) => {
            let (rate, first) = (swept.rows_per_second, first.rows_per_second);
            write!(line, " {rate:.0}{} | {} |", ratio(of, smallest, rate, first), of.bytes)?;
            writeln!(line, " {:.2} | {:.2} |", swept.p99_ms, swept.p99_ms_beside)?;
        }
        _ => writeln!(line, " by the server | {} | | |", of.bytes)?,
    }
    Ok(line)
}

/// How often that of the smallest population: ` · 0.97`; nothing for that one.
fn ratio(of: &Figures, smallest: &Figures, rate: f64, first: f64) -> String {
    if of.population == smallest.population {
        return String::new();
    }
    format!(" · {:.2}×", rate / first)
}
