//! Measures in rounds, and says what came out.

use crate::args::Args;
use crate::load::Load;
use crate::measure::{Cost, Server};
use crate::page;
use crate::payload::Payload;
use crate::row::Row;
use crate::subject::Subject;
use std::fmt::Write as _;
use std::io::{Write as _, stderr, stdout};

/// What each server costs, by row, and by round.
type Costs = Vec<(Subject, [Vec<Cost>; Row::ALL.len()])>;

/// Prints the tables.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let costs = measure(args)?;
    let (name, mut text) = match args.rate {
        None => (format!("peers {}", args.payload), cpu(&costs)),
        Some(_) => (format!("peers {} at a rate", args.payload), latency(&costs)),
    };
    if args.rate.is_none() && args.payload == Payload::Usual {
        for (at, row) in Row::ALL.into_iter().enumerate() {
            write!(text, "\n{}", details(&costs, at, row))?;
        }
    }
    writeln!(stdout(), "{text}")?;
    if args.write {
        page::write(&name, &format!("{}\n\n{text}", about(args)?))?;
    }
    Ok(())
}

fn about(args: &Args) -> anyhow::Result<String> {
    let (here, rounds, seconds) = (page::today_here()?, args.rounds, args.seconds);
    let load = match args.rate {
        None => format!("{} connections", args.connections),
        Some(rate) => format!("{rate} requests/s"),
    };
    Ok(format!("{here}; {load}, {rounds} rounds of {seconds} s."))
}

fn measure(args: &Args) -> anyhow::Result<Costs> {
    let mut redis = redis::Client::open(args.redis.as_str())?.get_connection()?;
    let load = Load { connections: args.connections, seconds: args.seconds, rate: args.rate };
    let start = |subject: &Subject| Server::start(*subject, args.payload, &args.redis);
    let servers = args.subjects.iter().map(start).collect::<anyhow::Result<Vec<_>>>()?;
    let mut costs: Costs =
        args.subjects.iter().map(|subject| (*subject, Default::default())).collect();
    for round in 1..=args.rounds {
        for (at, row) in Row::ALL.into_iter().enumerate() {
            write!(stderr(), "\rround {round} of {}: {:<10}", args.rounds, row.as_str())?;
            for (server, (_, costs)) in servers.iter().zip(&mut costs) {
                costs[at].push(server.measure(row, load, &mut redis)?);
            }
        }
    }
    writeln!(stderr(), "\r{:<40}", "")?;
    Ok(costs)
}

/// CPU of each server for each row.
fn cpu(costs: &Costs) -> String {
    overview(
        "server CPU, µs",
        costs,
        |of_row| figure(of_row, |cost| cost.cpu_us, 1),
        |cost| cost.cpu_us,
    )
}

/// How long clients of each server wait, for each row.
fn latency(costs: &Costs) -> String {
    let both = |of_row: &[Cost]| {
        let [half, most] =
            [figure(of_row, |cost| cost.p50_ms, 2), figure(of_row, |cost| cost.p99_ms, 2)];
        format!("{half} / {most}")
    };
    overview("p50 / p99, ms", costs, both, |cost| cost.p99_ms)
}

/// A figure of each server for each row, and how often ours `pick` is.
fn overview(
    title: &str,
    costs: &Costs,
    show: impl Fn(&[Cost]) -> String,
    pick: fn(&Cost) -> f64,
) -> String {
    let mut rows = vec![header(title, Row::ALL.map(Row::as_str))];
    for (subject, by_row) in costs {
        let cells = by_row
            .iter()
            .enumerate()
            .map(|(at, of_row)| format!("{}{}", show(of_row), ratio(costs, *subject, at, pick)));
        rows.push(line(*subject, cells));
    }
    rows.concat()
}

/// All that was measured of one row.
fn details(costs: &Costs, at: usize, row: Row) -> String {
    let columns = ["requests/s", "p50, ms", "p99, ms", "Redis commands", "Redis CPU, µs"];
    let mut rows = vec![header(row.as_str(), columns)];
    for (subject, by_row) in costs {
        let of_row = &by_row[at];
        let against = |pick: fn(&Cost) -> f64| ratio(costs, *subject, at, pick);
        // Whoever else uses this Redis adds to what is counted, and takes nothing away.
        let commands = of_row.iter().map(|cost| cost.redis_commands).fold(f64::MAX, f64::min);
        rows.push(line(
            *subject,
            [
                figure(of_row, |cost| cost.per_second, 0) + &against(|cost| cost.per_second),
                figure(of_row, |cost| cost.p50_ms, 2),
                figure(of_row, |cost| cost.p99_ms, 2) + &against(|cost| cost.p99_ms),
                format!("{commands:.1}"),
                figure(of_row, |cost| cost.redis_us, 1),
            ],
        ));
    }
    rows.concat()
}

/// The median of the rounds.
fn figure(of_row: &[Cost], pick: fn(&Cost) -> f64, decimals: usize) -> String {
    format!("{:.decimals$}", median(of_row.iter().map(pick)))
}

/// How often ours on the same framework, the median of the rounds and from where to where:
/// ` · 1.50× (1.42–1.61)`; nothing for ours.
fn ratio(costs: &Costs, subject: Subject, at: usize, pick: fn(&Cost) -> f64) -> String {
    let of = |subject| costs.iter().find(|(other, _)| *other == subject);
    let (false, Some((_, theirs)), Some((_, ours))) =
        (subject.is_ours(), of(subject), of(subject.ours()))
    else {
        return String::new();
    };
    let ratios = theirs[at].iter().zip(&ours[at]).map(|(theirs, ours)| pick(theirs) / pick(ours));
    let least = ratios.clone().fold(f64::MAX, f64::min);
    let most = ratios.clone().fold(0.0, f64::max);
    format!(" · {:.2}× ({least:.2}–{most:.2})", median(ratios))
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) =
        (numbers.get((numbers.len().max(1) - 1) / 2), numbers.get(numbers.len() / 2))
    else {
        return 0.0;
    };
    f64::midpoint(*low, *high)
}

fn header<const N: usize>(first: &str, columns: [&str; N]) -> String {
    format!("| {first} | {} |\n|---{}|\n", columns.join(" | "), "|---".repeat(N))
}

fn line(subject: Subject, cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().collect();
    let strong = if subject.is_ours() { "**" } else { "" };
    format!("| {strong}{}{strong} | {} |\n", subject.title(), cells.join(" | "))
}
