//! Visitors with a session each, and whether a server does with it what is measured.

use crate::row::Row;
use crate::subject::Subject;
use anyhow::ensure;
use std::thread;
use ureq::Agent;

/// What a browser sends that has been elsewhere on this host.
const STRANGER: &str = "consent=necessary";

/// More than are under way at once by far: no two requests of one session meet.
const COUNT: usize = 2048;

/// Few enough for a busy machine.
const BEGIN_AT_ONCE: usize = 8;

/// Checks that reading reads and writing writes.
pub fn check(port: u16, subject: Subject) -> anyhow::Result<()> {
    let agent = Agent::new_with_defaults();
    let has_sessions = subject != Subject::Bare;
    let stranger = if has_sessions { 0 } else { 1000 };
    let expect = |row: Row, cookies: &str, visits: u32| -> anyhow::Result<Option<String>> {
        let (body, set) = get(&agent, port, row, cookies)?;
        let (row, sets) = (row.as_str(), set.as_deref().unwrap_or("no cookie"));
        ensure!(body == visits.to_string(), "{subject}: {row} is {body}, not {visits} ({sets})");
        Ok(set)
    };
    expect(Row::Read, STRANGER, stranger)?;
    let cookies = expect(Row::New, STRANGER, 1000)?;
    ensure!(cookies.is_some() == has_sessions, "{subject}: whoever has sessions sets a cookie");
    let cookies = cookies.unwrap_or_else(|| STRANGER.to_owned());
    let counted = if has_sessions { [1001, 1002] } else { [1000, 1000] };
    expect(Row::Read, &cookies, 1000)?;
    expect(Row::Increment, &cookies, counted[0])?;
    expect(Row::Untouched, &cookies, 1000)?;
    expect(Row::Increment, &cookies, counted[1])?;
    expect(Row::Read, &cookies, counted[1])?;
    Ok(())
}

/// The cookies of those who send requests of `row`.
pub fn begin(port: u16, subject: Subject, row: Row) -> anyhow::Result<Vec<String>> {
    if row == Row::New || subject == Subject::Bare {
        return Ok(vec![STRANGER.to_owned()]);
    }
    let some = || -> anyhow::Result<Vec<String>> {
        let agent = Agent::new_with_defaults();
        let begin = |_| Ok(get(&agent, port, Row::New, STRANGER)?.1.unwrap_or_default());
        (0..COUNT / BEGIN_AT_ONCE).map(begin).collect()
    };
    let parts: anyhow::Result<Vec<_>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..BEGIN_AT_ONCE).map(|_| scope.spawn(some)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    Ok(parts?.concat())
}

/// The body, and all cookies for the next request if any is set.
fn get(
    agent: &Agent,
    port: u16,
    row: Row,
    cookies: &str,
) -> anyhow::Result<(String, Option<String>)> {
    let url = format!("http://127.0.0.1:{port}{}", row.path());
    let mut response = agent.get(url).header("Cookie", cookies).call()?;
    let set = response.headers().get_all("set-cookie").iter();
    let pairs = set.filter_map(|field| field.to_str().ok()?.split(';').next());
    let pairs: Vec<&str> = pairs.collect();
    let next = (!pairs.is_empty()).then(|| format!("{STRANGER}; {}", pairs.join("; ")));
    Ok((response.body_mut().read_to_string()?, next))
}
