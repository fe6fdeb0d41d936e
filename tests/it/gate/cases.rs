//! Reads the files of cases: blocks of `key: text`, bytes written with escapes.

/// One case: its keys and texts in order.
pub struct Case(Vec<(String, String)>);

impl Case {
    /// The cases of one file, in order.
    pub fn read(text: &str) -> Vec<Case> {
        let mut cases: Vec<Case> = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (key, text) = line.split_once(':').unwrap_or_else(|| panic!("no key in `{line}`"));
            if key == "case" {
                cases.push(Case(Vec::new()));
            }
            let text = text.strip_prefix(' ').unwrap_or(text);
            cases.last_mut().expect("a file begins with a case").0.push((key.to_owned(), text.to_owned()));
        }
        cases
    }

    /// The first text under a key.
    pub fn text<'a>(&'a self, key: &'a str) -> Option<&'a str> {
        self.texts(key).next()
    }

    /// Every text under a key, as bytes.
    pub fn bytes(&self, key: &str) -> Vec<Vec<u8>> {
        self.texts(key).map(bytes).collect()
    }

    fn texts<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == key).map(|(_, text)| text.as_str())
    }
}

/// The bytes that a text with escapes and `{text*COUNT}` stands for.
pub fn bytes(text: &str) -> Vec<u8> {
    let Some((before, rest)) = text.split_once('{') else {
        return unescaped(text);
    };
    let (repeat, after) = rest.split_once('}').expect("a repetition is closed");
    let (piece, count) = repeat.rsplit_once('*').expect("a repetition has a count");
    let count = count.parse().expect("a count is a number");
    [unescaped(before), unescaped(piece).repeat(count), bytes(after)].concat()
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match rest.next().expect("an escape is whole") {
            b'r' => b'\r',
            b'n' => b'\n',
            b't' => b'\t',
            b'0' => 0,
            b'x' => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.expect("two digits") as char);
                u8::from_str_radix(&String::from_iter(digits), 16).expect("hexadecimal digits")
            }
            other => other,
        });
    }
    out
}
