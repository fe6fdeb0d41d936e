//! A CRM whose exports are longer than any memory, and a reader that keeps none of them: what the
//! gateway takes for itself is then its own. `benches/memory.rs` uses it too.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use memchr::memmem;

/// The rules under which the exports are read: support sees of each number its end.
pub const RULES: &str = r#"
sudare: 1
roles: { support: crm-support }
fields:
  customer: { person.name: name, email: mail, phone: tel, address: 住所 }
resources:
  - { id: export, match: GET /export.csv, event: export, subject: id, fields: customer }
  - { id: list, match: GET /list.json, records: "$.items[*]", subject: $.id, fields: customer }
rules:
  - { for: support, mask: { person.name: initial, email: domain, phone: last4, address: municipality } }
"#;

/// What stands in every number that comes, and in none that leaves.
const CLEAR: &[u8] = b"090-0000-";
/// What stands in every number that leaves.
const VEIL: &[u8] = b"***-****-";

/// How much is sent at once.
const PIECE_BYTES: usize = 64 << 10;

/// A CRM that gives `/export.csv` and `/list.json` of about so many bytes. It ends with the process.
pub fn crm(csv_bytes: u64, json_bytes: u64) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(stream, csv_bytes, json_bytes));
        }
    });
    address
}

fn answer(mut stream: TcpStream, csv_bytes: u64, json_bytes: u64) -> Option<()> {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        let mut byte = [0; 512];
        let count = stream.read(&mut byte).ok().filter(|count| *count > 0)?;
        asked.extend_from_slice(&byte[..count]);
    }
    let is_csv = asked.starts_with(b"GET /export.csv");
    let (kind, first, end, bytes) = if is_csv {
        ("text/csv; charset=utf-8", "id,name,mail,tel,住所,rank,points\r\n", "", csv_bytes)
    } else {
        ("application/json", "{\"items\":[{\"id\":0}", "]}", json_bytes)
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{:x}\r\n{first}\r\n",
        first.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut piece = Vec::with_capacity(PIECE_BYTES + 512);
    let (mut sent, mut row) = (0, 1_u64);
    while sent < bytes {
        piece.clear();
        while piece.len() < PIECE_BYTES {
            write_row(&mut piece, is_csv, row).ok()?;
            row += 1;
        }
        sent += piece.len() as u64;
        stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).ok()?;
        piece.extend_from_slice(b"\r\n");
        stream.write_all(&piece).ok()?;
    }
    let last = if end.is_empty() { String::new() } else { format!("{:x}\r\n{end}\r\n", end.len()) };
    stream.write_all(format!("{last}0\r\n\r\n").as_bytes()).ok()
}

fn write_row(out: &mut Vec<u8>, is_csv: bool, row: u64) -> std::io::Result<()> {
    let (tail, points) = (row % 10_000, row * 37 % 10_000);
    if is_csv {
        write!(
            out,
            "{row},山田 太郎,user{row}@example.jp,090-0000-{tail:04},\"東京都世田谷区三軒茶屋2-14-7\",gold,{points}\r\n"
        )
    } else {
        write!(
            out,
            ",{{\"id\":{row},\"name\":\"山田 太郎\",\"mail\":\"user{row}@example.jp\",\"tel\":\"090-0000-{tail:04}\",\
             \"住所\":\"東京都世田谷区三軒茶屋2-14-7\",\"rank\":\"gold\",\"points\":{points}}}"
        )
    }
}

/// What came of an answer that was read and forgotten.
#[derive(Debug, Default)]
pub struct Seen {
    /// How many bytes came, the head among them.
    pub bytes: u64,
    /// Whether its proper end came.
    pub whole: bool,
    /// How many veiled numbers it held, and how many that were not.
    pub veiled: u64,
    pub clear: u64,
    /// The head's first line.
    pub first: String,
}

/// Reads an answer to its end and keeps nothing of it.
pub fn read_through(gateway: SocketAddr, path: &str) -> Seen {
    let mut stream = TcpStream::connect(gateway).expect("the gateway");
    stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a socket");
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: a\r\nX-Remote-User: tanaka\r\nX-Remote-Groups: crm-support\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("a request");
    let mut seen = Seen::default();
    let mut piece = vec![0; PIECE_BYTES];
    // The end of the piece before, so that nothing hides between two.
    let mut window: Vec<u8> = Vec::new();
    loop {
        let count = stream.read(&mut piece).expect("an answer");
        if count == 0 {
            break;
        }
        if seen.bytes == 0 {
            seen.first = String::from_utf8_lossy(&piece[..count]).lines().next().unwrap_or_default().to_owned();
        }
        seen.bytes += count as u64;
        window.extend_from_slice(&piece[..count]);
        seen.veiled += memmem::find_iter(&window, VEIL).count() as u64;
        seen.clear += memmem::find_iter(&window, CLEAR).count() as u64;
        seen.whole = window.ends_with(b"\r\n0\r\n\r\n");
        let keep = window.len().min(VEIL.len() - 1);
        window.drain(..window.len() - keep);
    }
    seen
}

/// What a process has in memory now and had at most, in bytes.
pub fn resident(pid: u32) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of status");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
    };
    (line("VmRSS:"), line("VmHWM:"))
}
