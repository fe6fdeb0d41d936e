//! Which name stands at a text in a script: `tel` in `{tel: '…'}`, in `c.tel = "…"`, in `c["tel"] = …`
//! and in `tel: ['…', '…']`.
//!
//! A name counts until its value ends: over `+`, a condition and the elements of a list, not into the
//! brackets of a call or of a function. In an object it stands above what is in there.
//!
//! Scripts that fill a form in say the name one step before: `form.tel.value = "…"`, `$("#tel").val("…")`,
//! `set("tel", "…")`, `setTel("…")`.

use std::sync::Arc;

use crate::format::quote::decode;
use crate::terms::quote::{Quote, Quotes};

/// What was read of a script as far as it names what comes.
#[derive(Default)]
pub(super) struct Naming {
    /// The last word or string, if nothing stands behind it yet.
    word: String,
    fresh: bool,
    /// The word or string that stood before the dot before it.
    owner: String,
    /// The name of the value that is being read.
    name: Option<Arc<str>>,
    /// Conditions that are open in it: their colon names nothing.
    conditions: u32,
    /// What is open around: the name that comes back behind it.
    around: Vec<Level>,
    /// How many brackets were too deep to be noted.
    beyond: u32,
    /// The byte before.
    last: u8,
}

/// A bracket that is open.
struct Level {
    name: Option<Arc<str>>,
    conditions: u32,
    /// It is a list: each element has the list's name.
    list: Option<Arc<str>>,
    /// It is a call whose first argument names the others.
    sets: bool,
    /// Whose call it is: what it is given as `value` is called so.
    owner: Option<Arc<str>>,
    /// It is an object or a list: what its name means is meant of what it holds.
    is_value: bool,
}

/// No name is longer.
pub(super) const NAME_BYTES: usize = 240;
/// Names deeper than this in brackets are not told apart.
const DEPTH: usize = 256;
/// What no object opens behind: a function's head, an arrow, a word.
const NO_VALUE_BEFORE: &[u8] = b")>a;}";
/// What an element shows or holds: it is called as the element is.
const SHOWN: [&str; 7] = ["value", "defaultValue", "innerHTML", "innerText", "outerHTML", "textContent", "content"];
/// Calls that give an element what it shows.
const SHOWS: [&str; 4] = ["val", "text", "html", "value"];
/// Calls whose first argument names the second.
const SETS: [&str; 15] = [
    "set",
    "append",
    "put",
    "setItem",
    "setValue",
    "setVal",
    "setField",
    "setFieldValue",
    "fill",
    "assign",
    "update",
    "attr",
    "prop",
    "setAttribute",
    "setAttr",
];
/// Those of them that may be given a value alone: it is called as the element is.
const SETS_ALONE: [&str; 2] = ["setValue", "setVal"];
/// Calls that give a text back as it is, or nearly so, or keep it as what it is called.
const KEEPS: [&str; 12] = [
    "trim",
    "String",
    "decodeURIComponent",
    "decodeURI",
    "unescape",
    "escapeHtml",
    "htmlDecode",
    "ref",
    "signal",
    "observable",
    "useState",
    "FormControl",
];
/// What no call stands behind: brackets there only hold a value together.
const NO_CALLEE: &[u8] = b"=(,:?+|&[";

impl Naming {
    /// The name of what begins here.
    pub(super) fn name(&self) -> Option<Arc<str>> {
        self.name.clone()
    }

    /// The names of the objects around what begins here, the nearest first.
    pub(super) fn above(&self) -> Vec<Arc<str>> {
        let mut all: Vec<Arc<str>> = Vec::new();
        for level in self.around.iter().rev().take_while(|level| level.is_value) {
            all.extend(level.name.iter().filter(|_| level.list.is_none()).cloned());
        }
        all
    }

    /// Whether it has one.
    pub(super) fn is_named(&self) -> bool {
        self.name.is_some()
    }

    /// A word or a string was read: it may turn out to be a name.
    pub(super) fn word(&mut self, word: &str) {
        // `all("tel")[0].value`: which of them it is says nothing of its name.
        if self.last == b'[' && word.bytes().all(|byte| byte.is_ascii_digit()) {
            (self.fresh, self.last) = (false, b'a');
            return;
        }
        let before = std::mem::take(&mut self.word);
        self.owner = if self.last == b'.' { before } else { String::new() };
        self.fresh = word.len() <= NAME_BYTES;
        if self.fresh && !word.contains('\\') {
            self.word.push_str(word);
        } else if self.fresh
            && let Ok(decoded) = decode(Quotes::one(Quote::Script { quote: b'"' }), word)
        {
            self.word.push_str(&decoded.text);
        }
        self.last = b'a';
    }

    /// A byte that belongs to no word, string or comment; `next` is the one behind it.
    pub(super) fn byte(&mut self, byte: u8, next: Option<u8>) {
        if byte.is_ascii_whitespace() {
            return;
        }
        match byte {
            b'{' => self.open(None, !NO_VALUE_BEFORE.contains(&self.last)),
            b'(' => self.call(),
            b'[' => self.open(self.name.clone(), true),
            b'}' | b')' | b']' => self.close(),
            b',' if self.around.last().is_some_and(|level| level.sets) && self.fresh => {
                let mut name: Arc<str> = Arc::from(self.word.as_str());
                if let Some(level) = self.around.last_mut() {
                    if SHOWN.contains(&&*name) {
                        name = level.owner.take().unwrap_or(name);
                    }
                    (level.sets, level.list) = (false, Some(Arc::clone(&name)));
                }
                (self.name, self.conditions) = (Some(name), 0);
            }
            b',' => {
                self.name = self.around.last().and_then(|level| level.list.clone());
                self.conditions = 0;
            }
            b';' => (self.name, self.conditions) = (None, 0),
            // `?.` and `??` open no condition.
            b'?' if !matches!(next, Some(b'.' | b'?')) && self.last != b'?' => self.conditions += 1,
            b':' if self.conditions > 0 => self.conditions -= 1,
            b':' => self.begin(),
            b'=' if !matches!(next, Some(b'=' | b'>')) && !matches!(self.last, b'=' | b'!' | b'<' | b'>') => {
                self.begin()
            }
            _ => {}
        }
        // Behind `["tel"]` the name is still the last word, and before `+=` and `??=`.
        let in_assignment = b"+|&?".contains(&byte) && next.is_some_and(|next| next == byte || next == b'=');
        self.fresh &= byte == b']' || in_assignment;
        self.last = byte;
    }

    fn begin(&mut self) {
        self.name = self.fresh.then(|| match element(&self.owner) {
            Some(owner) if SHOWN.contains(&self.word.as_str()) => Arc::from(owner),
            _ => Arc::from(self.word.as_str()),
        });
        self.conditions = 0;
    }

    /// The brackets of a call or of an expression open.
    fn call(&mut self) {
        let owner = || element(&self.owner).map(Arc::from);
        let name = match self.word.as_str() {
            _ if !self.fresh => self.name.clone().filter(|_| NO_CALLEE.contains(&self.last)),
            word if SETS_ALONE.contains(&word) => owner(),
            word if SETS.contains(&word) => None,
            word if KEEPS.contains(&word) => self.name.clone(),
            word if SHOWS.contains(&word) && element(&self.owner).is_some() => owner(),
            word => {
                let camel = word.strip_prefix("set").filter(|name| name.starts_with(char::is_uppercase));
                camel.or_else(|| word.strip_prefix("set_")).map(Arc::from)
            }
        };
        let sets = self.fresh && SETS.contains(&self.word.as_str());
        let owner = if sets { owner() } else { None };
        self.open(name, false);
        if let Some(level) = self.around.last_mut() {
            (level.sets, level.owner) = (sets, owner);
        }
    }

    fn open(&mut self, list: Option<Arc<str>>, is_value: bool) {
        if self.around.len() >= DEPTH {
            self.beyond += 1;
            return;
        }
        let name = std::mem::replace(&mut self.name, list.clone());
        let conditions = std::mem::take(&mut self.conditions);
        self.around.push(Level { name, conditions, list, sets: false, owner: None, is_value });
    }

    fn close(&mut self) {
        if self.beyond > 0 {
            self.beyond -= 1;
        } else if let Some(level) = self.around.pop() {
            (self.name, self.conditions) = (level.name, level.conditions);
        } else {
            (self.name, self.conditions) = (None, 0);
        }
    }
}

/// What an element is called in a word, or in a selector of it: `tel`, `#tel`, `[name=tel]`.
fn element(owner: &str) -> Option<&str> {
    let owner = owner.trim();
    let name = match owner.rsplit_once("name=") {
        Some((_, name)) => name.trim_matches(|c| matches!(c, ']' | '"' | '\'' | '\\')),
        None => owner.rsplit([' ', '>', '#', '.']).next()?,
    };
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use crate::format::script::strings;

    #[test]
    fn names_stand_at_their_values() {
        for (script, named) in [
            (r#"c = {tel: '1', "fax" : "2", n: 3}"#, "tel=1 fax fax=2 n=3"),
            (r#"{t\u0065l: '1', "\x66ax": '2'}"#, "tel=1 fax fax=2"),
            (r#"a.tel = "1"; b["fax"]='2', d"#, "tel=1 fax fax=2"),
            (r#"{tels: ['1', "2"], x: "3"}"#, "tels=1 tels=2 x=3"),
            (r#"{a: {b: '1'}, c: '2'}"#, "b=1 c=2"),
            (r#"{tel: '1' + "2" + f('3') + '4'}"#, "tel=1 tel=2 3 tel=4"),
            (r#"{tel: a ? '1' : '2', b: x?.y ?? '3'}"#, "tel=1 tel=2 b=3"),
            (r#"if (tel == '1' || tel === '2' || tel != "3") f('4')"#, "1 2 3 4"),
            (r#"tel => '1'; x >= '2'; y <= '3'"#, "1 2 3"),
            ("{tel: `1${ x ? '2' : {k: '3'} }4`, b: '5'}", "tel=1 2 k=3 tel=4 b=5"),
            ("call('1'); tel = '2'; '3'", "1 tel=2 3"),
            ("{tel /* x */ : /* y */ '1'}", " x   y  tel=1"),
            ("let name = 1234567, age = 42", "name=1234567 age=42"),
            ("f([1234567, 42])", "1234567"),
            ("f.tel.value = '1'; f.elements['fax'].value='2'", "tel=1 fax fax=2"),
            ("getElementById('tel').value = '1'; x.value = a", "tel tel=1"),
            (r##"$("#tel").val("1"); $('[name="fax"]').text('2'); f('3')"##, "#tel tel=1 [name=\"fax\"] fax=2 3"),
            ("c.set('tel', '1'); d.append('fax', '2'); setTel('3')", "tel tel=1 fax fax=2 Tel=3"),
            ("set(a, '1'); f('tel', '2'); a || b('3')", "a=1 tel 2 3"),
            ("tel.value = ('1'); (a, '2'); f()('3'); x = (y || '4')", "tel=1 2 3 x=4"),
            (
                r##"$("#tel").attr("value", "1"); a.setAttribute("fax", '2'); b.attr('value')"##,
                "#tel value tel=1 fax fax=2 value",
            ),
            (r##"byName("tel")[0].value = "1"; $("#fax")[12].value = '2'"##, "tel tel=1 #fax fax=2"),
            (r#"a.getAttribute("tel").setValue("1"); b.setValue("fax", '2')"#, "tel tel=1 b=fax fax=2"),
            (r#"{tel: new FormControl('1'), fax: ref("2")}; set_mail('3')"#, "tel=1 fax=2 mail=3"),
            ("tel += '1'; o.fax ||= '2'; p ??= '3'; q = trim('4')", "tel=1 fax=2 p=3 q=4"),
        ] {
            let literals = strings(script).map(|literal| match literal.name {
                Some(name) => format!("{name}={}", literal.text),
                None => literal.text,
            });
            assert_eq!(literals.collect::<Vec<_>>().join(" "), named, "{script}");
        }
    }

    #[test]
    fn names_of_objects_stand_above_what_is_in_them() {
        for (script, above) in [
            (r#"h={顧客:{a:"1", b:{c:'2'}}, d: "3"}"#, "a<顧客,h c<b,顧客,h d<h"),
            (r#"顧客 = [{a: "1"}, {b: "2"}]; c = "3""#, "a<顧客 b<顧客 c<"),
            (r#"tel: function (x) { y = "1"; z = {a: "2"} }"#, "y< a<z"),
            (r#"tel: x => { y = "1" }, fax: f({a: "2"})"#, "y< a<"),
            (r#"a = x || {b: "1"}"#, "b<a"),
            (r#"class tel { x = "1" }"#, "x<"),
        ] {
            let shown = strings(script).map(|one| format!("{}<{}", one.name.unwrap_or_default(), one.above.join(",")));
            assert_eq!(shown.collect::<Vec<_>>().join(" "), above, "{script}");
        }
    }
}
