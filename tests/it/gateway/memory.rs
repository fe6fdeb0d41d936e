//! Exports that are longer than what may be held stream through: the gateway's memory does not grow
//! with them. `cargo bench --bench memory` does the same with gigabytes.

use super::endless::{RULES, crm, read_through, resident};
use super::running::{Running, Setup};

/// How much the gateway may grow, whatever it reads: what `docs/performance.md` promises.
const GROWTH_BYTES: u64 = 64 << 20;

#[test]
fn an_export_longer_than_the_hold_streams_through() {
    const CSV_BYTES: u64 = 6 << 20;
    const JSON_BYTES: u64 = 4 << 20;
    let gateway = Running::set_up(crm(CSV_BYTES, JSON_BYTES), Setup { rules: RULES, ..Setup::default() });
    let (before, _) = resident(gateway.pid());
    for (path, least) in [("/export.csv", CSV_BYTES / 2), ("/list.json", JSON_BYTES / 2)] {
        let seen = read_through(gateway.staff, path);
        assert!(seen.whole && seen.bytes > least && seen.clear == 0, "{path}: {seen:?}");
        // A row is shorter than 200 bytes.
        assert!(seen.veiled > least / 200, "{path}: {seen:?}");
        let (_, most) = resident(gateway.pid());
        assert!(most - before < GROWTH_BYTES, "{path}: grew from {before} to {most} bytes");
    }
}

/// Row 119 of the catalogue, in small: more answers at once than all may hold together. Some are told
/// that it is too much, what is given is veiled, and the gateway does not grow beyond its bound.
#[test]
fn many_held_answers_at_once_share_one_bound() {
    const HELD: &str = "bounds: { ledger_wait: 20s, hold: 2MiB, hold_all: 16MiB }";
    // Each shorter than the hold, so that it waits whole until it is judged.
    let origin = crm(1 << 20, 1 << 20);
    let gateway = Running::set_up(origin, Setup { rules: RULES, config: HELD, ..Setup::default() });
    let (before, _) = resident(gateway.pid());
    let address = gateway.staff;
    let readers: Vec<_> = (0..40)
        .map(|number| {
            let path = if number % 2 == 0 { "/export.csv" } else { "/list.json" };
            std::thread::spawn(move || read_through(address, path))
        })
        .collect();
    let all: Vec<_> = readers.into_iter().map(|reader| reader.join().expect("a reader")).collect();
    for seen in &all {
        let shed = seen.first.contains(" 503 ") && seen.veiled == 0;
        assert!(seen.clear == 0 && (shed || (seen.whole && seen.veiled > 5_000)), "{seen:?}");
    }
    assert!(all.iter().any(|seen| seen.first.contains(" 503 ")), "nobody was told that it is too much");
    let (_, most) = resident(gateway.pid());
    assert!(most - before < GROWTH_BYTES, "grew from {before} to {most} bytes");
    let page = gateway.metrics_page();
    let shed = page.lines().find_map(|line| line.strip_prefix("sudare_refusals_total{reason=\"overload\"} "));
    assert!(shed.is_some_and(|count| count != "0"), "{page}");
    // What was held is given back.
    assert!(read_through(address, "/export.csv").whole);
}
