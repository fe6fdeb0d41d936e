//! How fast walkers read, beside a bare loop and other parsers, in one run.
//!
//! `cargo bench --bench walkers`, or with `-- HTML` for the bodies of that name alone. Rounds are interleaved; each figure is minimum, median and maximum of
//! the rounds, in MB of body a second on one core, and the last column is the median's ratio to
//! `std::str::from_utf8` over the same bytes. A machine that is busy moves the figures and leaves
//! the ratios.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;
use sudare::format::{self, Format};
use sudare::terms::bounds::Bounds;
use sudare::terms::leaf::{Leaf, Sink};
use sudare::terms::place::{Place, PlaceId, Places};
use sudare::terms::refusal::Refusal;

const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(200);
/// What the rewriter gives a walker at once.
const CHUNK: usize = 64 << 10;

/// Takes what is shown, so that nothing of the walk can be left out.
#[derive(Default)]
struct Count {
    leaves: usize,
    bytes: usize,
}

impl Sink for Count {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        self.leaves += 1;
        self.bytes += leaf.text.len();
        Ok(())
    }

    fn record(&mut self, _record: u32, _end: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _upto: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Takes what is shown as a plan does whose resource says `scan: false`: of what no path names, nothing can
/// become anything, and it need not be shown again.
#[derive(Default)]
struct Declared {
    count: Count,
    names_it: bool,
}

impl Sink for Declared {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        self.names_it = !leaf.places.is_empty();
        self.count.leaf(leaf)
    }

    fn record(&mut self, _record: u32, _end: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _upto: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn idles(&self) -> bool {
        !self.names_it
    }
}

/// Something that reads a body whole.
type Reader = Box<dyn Fn(&[u8])>;

fn walker(format: Format, places: &Arc<Places>) -> Reader {
    let places = Arc::clone(places);
    Box::new(move |body| {
        let mut count = Count::default();
        walk(format, &places, body, &mut count);
        black_box((count.leaves, count.bytes));
    })
}

fn declared(format: Format, places: &Arc<Places>) -> Reader {
    let places = Arc::clone(places);
    Box::new(move |body| {
        let mut declared = Declared::default();
        walk(format, &places, body, &mut declared);
        assert!(declared.count.leaves > 0);
        black_box((declared.count.leaves, declared.count.bytes));
    })
}

fn walk(format: Format, places: &Arc<Places>, body: &[u8], sink: &mut dyn Sink) {
    let bounds = Bounds { value_bytes: 1 << 20, ..Bounds::default() };
    let mut walker = format::walker(format, places, &bounds).expect("a walker");
    for chunk in body.chunks(CHUNK) {
        walker.write(chunk, sink).expect("a good body");
    }
    walker.end(sink).expect("a whole body");
}

fn main() {
    let paths = Arc::new(Places {
        json: vec![(PlaceId(0), json("$.items[*].phones[*].no")), (PlaceId(1), json("$.items[*].address.street"))],
        ..Places::default()
    });
    let none = Arc::new(Places::default());
    let bodies = [
        ("JSON, 1 MB", Format::Json, list()),
        ("CSV, 1 MB", Format::Csv, table()),
        ("HTML, 1 MB", Format::Html, page()),
    ];
    println!("{:<44} {:>24}  {:>8}", "MB/s on one core", "min / median / max", "ratio");
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    for (name, format, body) in bodies.into_iter().filter(|(name, _, _)| name.contains(&only)) {
        let mut peers: Vec<(String, Reader)> = vec![
            (
                "bare loop: std::str::from_utf8".into(),
                Box::new(|body| assert!(black_box(std::str::from_utf8(body)).is_ok())),
            ),
            ("walker".into(), walker(format, &none)),
        ];
        if format == Format::Json {
            peers.push(("walker, two paths".into(), walker(format, &paths)));
            peers.push(("walker, two paths, the rest unscanned".into(), declared(format, &paths)));
            peers.push((
                "serde_json, every value skipped".into(),
                Box::new(|body| assert!(black_box(serde_json::from_slice::<IgnoredAny>(body)).is_ok())),
            ));
            peers.push((
                "serde_json::Value".into(),
                Box::new(|body| assert!(black_box(serde_json::from_slice::<serde_json::Value>(body)).is_ok())),
            ));
        }
        measure(name, &body, &peers);
    }
}

fn measure(name: &str, body: &[u8], peers: &[(String, Reader)]) {
    let mut speeds = vec![Vec::new(); peers.len()];
    for _ in 0..ROUNDS {
        for ((_, read), speeds) in peers.iter().zip(&mut speeds) {
            let began = Instant::now();
            let mut read_bytes = 0;
            while began.elapsed() < ROUND {
                read(black_box(body));
                read_bytes += body.len();
            }
            speeds.push(read_bytes as f64 / began.elapsed().as_secs_f64() / 1e6);
        }
    }
    let middle = |speeds: &mut Vec<f64>| {
        speeds.sort_by(f64::total_cmp);
        (speeds[0], speeds[ROUNDS / 2], speeds[ROUNDS - 1])
    };
    let bare = middle(&mut speeds[0]).1;
    for ((peer, _), speeds) in peers.iter().zip(&mut speeds) {
        let (low, mid, high) = middle(speeds);
        println!("{:<44} {low:>7.0} /{mid:>7.0} /{high:>7.0}  {:>8.3}", format!("{name}: {peer}"), mid / bare);
    }
}

fn json(path: &str) -> sudare::terms::place::JsonPath {
    match Place::parse(path) {
        Ok(Place::Json(path)) => path,
        other => panic!("{path}: {other:?}"),
    }
}

/// Records of twenty fields, Japanese and English by turns.
fn list() -> Vec<u8> {
    let mut body = String::from("{\"items\":[");
    let mut at = 0;
    while body.len() < 1_000_000 {
        body.push_str(if at == 0 { "" } else { "," });
        body.push_str(&record(at));
        at += 1;
    }
    body.push_str("],\"total\":12345678901234567890}");
    body.into_bytes()
}

fn record(at: usize) -> String {
    let (name, kana, street) = if at.is_multiple_of(2) {
        ("山田 太郎", "ヤマダ タロウ", "東京都世田谷区三軒茶屋2-14-7")
    } else {
        ("Abigail O'Brien", "", "104 O'Connell Street, Dublin")
    };
    format!(
        "{{\"id\":{at},\"uuid\":\"8b1a9953-c461-4f7e-9a1e-{at:012}\",\"name\":\"{name}\",\"name_kana\":\"{kana}\",\
         \"email\":\"user{at}@example.jp\",\"phones\":[{{\"type\":\"mobile\",\"no\":\"090-0000-{:04}\"}}],\
         \"address\":{{\"zip\":\"154-{:04}\",\"street\":\"{street}\"}},\"status\":\"active\",\"rank\":\"gold\",\
         \"points\":{},\"balance\":1.10,\"created\":\"2026-11-22T01:02:03Z\",\"updated\":\"2026-11-22T04:05:06Z\",\
         \"owner\":\"tanaka\",\"branch\":\"shibuya-01\",\"plan\":\"standard\",\"newsletter\":true,\"deleted\":false,\
         \"memo\":\"お電話は18時以降。\\n2回目の折り返し待ち\",\"tags\":[\"a\",\"b\"],\"score\":0.1234567890123456789}}",
        at % 10_000,
        at % 10_000,
        at * 37 % 10_000,
    )
}

fn table() -> Vec<u8> {
    let mut body = String::from("顧客番号,氏名,電話番号,メール,住所,備考\r\n");
    let mut at = 0;
    while body.len() < 1_000_000 {
        body.push_str(&format!(
            "{at},山田 太郎,090-0000-{:04},user{at}@example.jp,\"東京都世田谷区三軒茶屋2-14-7, 301\",\"お電話は18時以降。\"\r\n",
            at % 10_000
        ));
        at += 1;
    }
    body.into_bytes()
}

fn page() -> Vec<u8> {
    let mut body = String::from("<!DOCTYPE html><html><head><title>顧客一覧</title></head><body><table><thead><tr>");
    body.push_str("<th>顧客番号</th><th>氏名</th><th>電話番号</th><th>メール</th></tr></thead><tbody>");
    let mut at = 0;
    while body.len() < 1_000_000 {
        body.push_str(&format!(
            "<tr class=\"row\"><td>{at}</td><td><a href=\"/customers/{at}\" title=\"山田 太郎\">山田 太郎</a></td>\
             <td>090-0000-{:04}</td><td><a href=\"mailto:user{at}@example.jp\">user{at}@example.jp</a></td></tr>\n",
            at % 10_000
        ));
        at += 1;
    }
    body.push_str("</tbody></table></body></html>");
    body.into_bytes()
}
