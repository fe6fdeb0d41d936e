//! The forms of a page: what each of their controls would send, for whoever compares that with what came.
//!
//! The page was walked before; what cannot be read here is no form.

use std::fmt;
use std::ops::Range;

use crate::format::html::attribute::Attributes;
use crate::format::html::element::{Role, Tag};
use crate::format::html::entity;
use crate::format::html::token::{Token, Tokenizer};

/// A form that posts.
pub struct Form {
    /// Where it is sent to, as it is written; the page itself where nothing is.
    pub action: String,
    /// The charsets that it names for what it sends; that of the page where none stands.
    pub charsets: Option<String>,
    /// Whether all of it is sent there, and as forms are: no button leads elsewhere.
    pub is_plain: bool,
    /// Where its end tag begins, if it has one that can be read in one way.
    pub end: Option<usize>,
    /// In the order of the page.
    pub controls: Vec<Control>,
}

/// What of a form has a name and a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Control {
    /// Its name.
    pub name: String,
    /// What it is.
    pub sort: Sort,
    /// Whether it is sent at all: one that is disabled is not.
    pub sends: bool,
    /// Where it stands in the page, with what it holds.
    pub span: Range<usize>,
    /// What it may send: its choices, or its only one.
    pub values: Vec<Choice>,
}

/// A value that a control may send.
#[derive(Clone, PartialEq, Eq)]
pub struct Choice {
    /// The value.
    pub text: String,
    /// Whether it is what the control sends if nobody touches it.
    pub chosen: bool,
}

/// What a control is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// It sends its text.
    Line,
    /// The same, and nobody sees it.
    Hidden,
    /// It sends its text, which may have lines.
    Lines,
    /// It sends one of several, or none.
    Choice,
    /// It sends each that is ticked: boxes, and lists of which several may be chosen.
    Ticks,
}

/// Values may be anybody's, so only the name is shown.
impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Control({:?}, {:?}, {} values)", self.name, self.sort, self.values.len())
    }
}

/// Every form of a page that posts; nothing where a control may belong to another form than the one around it.
pub fn forms(page: &str, hold_bytes: usize) -> Option<Vec<Form>> {
    let mut tokenizer = Tokenizer::new(hold_bytes);
    tokenizer.write(page).ok()?;
    let mut tokens = Vec::new();
    tokenizer.take(&mut tokens);
    tokenizer.end().ok()?;
    tokenizer.take(&mut tokens);
    let mut reader = Reader {
        page,
        forms: Vec::new(),
        open: None,
        posts: false,
        inside: Inside::Nothing,
        chooses: false,
        templates: 0,
        fieldsets: Vec::new(),
        at: 0,
    };
    tokens.iter().try_for_each(|token| reader.token(token))?;
    reader.gap(page.len());
    reader.leave(None);
    Some(reader.forms)
}

struct Reader<'p> {
    page: &'p str,
    forms: Vec<Form>,
    /// The form that is open, whether it posts or not.
    open: Option<Form>,
    posts: bool,
    inside: Inside,
    /// Whether a list of choices is open, one without a name too: browsers do not see there that a form ends.
    chooses: bool,
    /// How many templates lie around: what stands in there is no part of the page.
    templates: usize,
    /// Whether each field set around is disabled.
    fieldsets: Vec<bool>,
    /// How far the page was read.
    at: usize,
}

/// Which control the present text belongs to.
enum Inside {
    Nothing,
    Textarea(Control, String),
    Select(List),
}

/// A list of choices.
struct List {
    control: Control,
    /// The choice that is open in it.
    open: Option<Opened>,
    /// The choice that is taken where none says so: nothing where all of it is seen at once.
    first: Option<usize>,
    drops: bool,
}

/// A choice of a list that may still be going on.
struct Opened {
    /// What it says that it sends; else its text is that.
    value: Option<String>,
    text: String,
    chosen: bool,
    disabled: bool,
}

/// A tag with its attributes.
struct Read<'t> {
    text: &'t str,
    attributes: Attributes,
}

impl Read<'_> {
    fn value(&self, name: &str) -> Option<String> {
        self.attributes.raw(self.text, name).map(|raw| entity::decode(raw, true).0)
    }

    fn has(&self, name: &str) -> bool {
        self.attributes.raw(self.text, name).is_some()
    }
}

impl Reader<'_> {
    fn token(&mut self, token: &Token) -> Option<()> {
        let (Token::Open { span, .. } | Token::Text { span, .. } | Token::Comment { span }) = token;
        self.gap(span.start);
        self.at = span.end;
        match token {
            Token::Open { foreign: false, .. } => self.element(span.clone())?,
            Token::Text { .. } => {
                let text = entity::decode(&self.page[span.clone()], false).0;
                match &mut self.inside {
                    Inside::Textarea(_, own) => own.push_str(&text),
                    Inside::Select(List { open: Some(open), .. }) => open.text.push_str(&text),
                    _ => {}
                }
            }
            _ => {}
        }
        Some(())
    }

    /// End tags stand where no token does.
    fn gap(&mut self, upto: usize) {
        let from = self.at;
        let gap = self.page.get(from..upto).unwrap_or_default().to_ascii_lowercase();
        // In an end tag's attribute anything may stand.
        let is_plain = !gap.contains(['"', '\'', '=']);
        let mut at = from + gap.find("</").unwrap_or(gap.len());
        for tag in gap.split("</").skip(1) {
            match tag.split(['>', ' ', '/', '\n', '\r', '\t', '\u{c}']).next() {
                Some("template") => self.templates = self.templates.saturating_sub(1),
                _ if self.templates > 0 => {}
                Some("form") => self.leave(Some(at).filter(|_| is_plain)),
                Some(name @ ("textarea" | "select")) => {
                    self.chooses &= name != "select";
                    self.settle(at);
                }
                Some("option") => self.choice(None),
                Some("fieldset") => drop(self.fieldsets.pop()),
                _ => {}
            }
            at += 2 + tag.len();
        }
    }

    fn element(&mut self, span: Range<usize>) -> Option<()> {
        let text = &self.page[span.clone()];
        let tag = Read { text, attributes: Attributes::read(text, 1) };
        let role = Tag::of(&text[1..tag.attributes.name_end], false).role;
        match role {
            Role::Template => self.templates += 1,
            _ if self.templates > 0 => {}
            Role::Form if self.open.is_none() => self.enter(&tag),
            Role::Fieldset => self.fieldsets.push(tag.has("disabled")),
            Role::Option => self.choice(Some(Opened {
                value: tag.value("value"),
                text: String::new(),
                chosen: tag.has("selected"),
                disabled: tag.has("disabled"),
            })),
            Role::Input | Role::Textarea | Role::Select | Role::Button => {
                // It belongs to a form elsewhere, and that may come yet.
                if tag.has("form") {
                    return None;
                }
                self.control(role, &tag, span);
            }
            _ => {}
        }
        Some(())
    }

    fn enter(&mut self, tag: &Read<'_>) {
        self.posts = tag.value("method").is_some_and(|method| method.trim().eq_ignore_ascii_case("post"));
        let way = tag.value("enctype").unwrap_or_default();
        self.open = Some(Form {
            action: tag.value("action").unwrap_or_default().trim().to_owned(),
            charsets: tag.value("accept-charset"),
            is_plain: !way.trim().eq_ignore_ascii_case("text/plain"),
            end: None,
            controls: Vec::new(),
        });
    }

    fn control(&mut self, role: Role, tag: &Read<'_>, span: Range<usize>) {
        self.settle(span.start);
        self.chooses = role == Role::Select;
        if let Some(form) = &mut self.open {
            let diverts = ["formaction", "formmethod", "formenctype"].iter().any(|name| tag.has(name));
            form.is_plain &= !diverts;
        }
        let Some(name) = tag.value("name").filter(|name| !name.is_empty()) else { return };
        let sends = !tag.has("disabled") && !self.fieldsets.contains(&true);
        let sort = match role {
            Role::Textarea => Sort::Lines,
            Role::Select if tag.has("multiple") => Sort::Ticks,
            _ => Sort::Choice,
        };
        let control = Control { name, sort, sends, span, values: Vec::new() };
        match role {
            Role::Textarea => self.inside = Inside::Textarea(control, String::new()),
            Role::Select => {
                let rows = tag.value("size").and_then(|size| size.trim().parse::<u32>().ok());
                let drops = rows.is_none_or(|rows| rows <= 1);
                self.inside = Inside::Select(List { control, open: None, first: None, drops });
            }
            Role::Input => self.input(control, tag),
            _ => {
                let values = tag.value("value").map(|text| Choice { text, chosen: true });
                self.put(Control { values: values.into_iter().collect(), ..control });
            }
        }
    }

    fn input(&mut self, control: Control, tag: &Read<'_>) {
        let checked = tag.has("checked");
        let (sort, unsaid, chosen) = match tag.value("type").unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "hidden" => (Sort::Hidden, "", true),
            "checkbox" => (Sort::Ticks, "on", checked),
            "radio" => (Sort::Choice, "on", checked),
            "submit" | "button" | "reset" | "image" | "file" => (Sort::Choice, "", true),
            _ => (Sort::Line, "", true),
        };
        let text = tag.value("value").unwrap_or_else(|| unsaid.to_owned());
        self.put(Control { sort, values: vec![Choice { text, chosen }], ..control });
    }

    /// A choice of a list ends, and perhaps another begins.
    fn choice(&mut self, next: Option<Opened>) {
        let Inside::Select(list) = &mut self.inside else { return };
        if let Some(Opened { value, text, chosen, disabled }) = std::mem::replace(&mut list.open, next) {
            let text = value.unwrap_or_else(|| text.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
            if list.drops && !disabled {
                list.first = list.first.or(Some(list.control.values.len()));
            }
            list.control.values.push(Choice { text, chosen });
        }
    }

    /// A control whose text was read is complete, and ends there.
    fn settle(&mut self, end: usize) {
        self.choice(None);
        match std::mem::replace(&mut self.inside, Inside::Nothing) {
            Inside::Nothing => {}
            Inside::Textarea(mut control, text) => {
                let first = ["\r\n", "\n", "\r"].into_iter().find(|line| text.starts_with(line));
                let text = text[first.map_or(0, str::len)..].to_owned();
                control.span.end = end.max(control.span.end);
                self.put(Control { values: vec![Choice { text, chosen: true }], ..control });
            }
            Inside::Select(List { mut control, first, .. }) => {
                control.span.end = end.max(control.span.end);
                if control.sort == Sort::Choice {
                    // Of several that say so the last one is taken.
                    let taken = control.values.iter().rposition(|choice| choice.chosen).or(first);
                    for (at, choice) in control.values.iter_mut().enumerate() {
                        choice.chosen = Some(at) == taken;
                    }
                }
                self.put(control);
            }
        }
    }

    fn put(&mut self, control: Control) {
        if let Some(form) = &mut self.open {
            form.controls.push(control);
        }
    }

    fn leave(&mut self, end: Option<usize>) {
        // Inside of a list browsers do not see it.
        let end = end.filter(|_| matches!(self.inside, Inside::Nothing) && !self.chooses);
        self.chooses = false;
        self.settle(end.unwrap_or(self.at));
        if let Some(form) = self.open.take().filter(|_| self.posts) {
            self.forms.push(Form { end, ..form });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(page: &str) -> Option<Vec<String>> {
        let value = |choice: &Choice| if choice.chosen { choice.text.clone() } else { format!("({})", choice.text) };
        let control = |one: &Control| {
            let values = one.values.iter().map(value).collect::<Vec<_>>().join("|");
            format!("{}{}={values}", if one.sends { "" } else { "-" }, one.name)
        };
        let line = |form: Form| {
            let controls = form.controls.iter().map(control).collect::<Vec<_>>().join(", ");
            let end = form.end.map_or(String::new(), |end| page[end..].chars().take(7).collect());
            format!("{}: {controls}{}{end}", form.action, if form.is_plain { " " } else { " ! " })
        };
        Some(forms(page, 1 << 20)?.into_iter().map(line).collect())
    }

    #[test]
    fn each_control_stands_with_what_it_sends() {
        let page = "<form><input name=q></form><p><form action='/e?a=1&amp;b=2' method=POST>\
            <input name=tel value=\"090&#45;1\"><input type=checkbox name=c><input type=radio name=r value=1 checked>\
            <textarea name=memo>\na &amp; b\n</textarea><select name=s><option>x  y<option value='2'>z</select>\
            <input value=nameless></form><input name=outside value=1><form method=post><input name=z>";
        let expected = ["/e?a=1&b=2: tel=090-1, c=(on), r=1, memo=a & b\n, s=x y|(2) </form>", ": z= "];
        assert_eq!(shown(page).expect("forms"), expected);
    }

    #[test]
    fn a_form_inside_a_form_is_none_and_one_of_another_place_leaves_doubt() {
        let page = "<form method=post action=a><form method=post action=b><input name=x></form><input name=y></form>";
        assert_eq!(shown(page).expect("forms"), ["a: x= </form>"]);
        assert_eq!(shown("<form method=post></form><input form=f name=x>"), None);
    }

    #[test]
    fn of_choices_those_are_marked_that_are_sent_if_nobody_touches_them() {
        for (controls, expected) in [
            ("<select name=a><option value=1>x<option value=2 selected>y</select>", "a=(1)|2"),
            ("<select name=a><option selected>1<option selected>2</select>", "a=(1)|2"),
            ("<select name=a><option disabled>1<option>2</select>", "a=(1)|2"),
            ("<select name=a size=4><option>1<option>2</select>", "a=(1)|(2)"),
            ("<select name=a multiple><option selected>1<option>2<option selected>3</select>", "a=1|(2)|3"),
            ("<input type=checkbox name=a value=1 CHECKED><input type=checkbox name=a value=2>", "a=1, a=(2)"),
            (
                "<input name=a value=1 disabled><fieldset disabled><input name=b></fieldset><input name=c>",
                "-a=1, -b=, c=",
            ),
            ("<template><input name=a value=1></form></template><input name=b value=2>", "b=2"),
        ] {
            let page = format!("<form method=post>{controls}</form>");
            assert_eq!(shown(&page).expect("forms"), [format!(": {expected} </form>")], "{controls}");
        }
    }

    #[test]
    fn a_form_that_a_button_sends_elsewhere_is_not_plain() {
        for (tags, expected) in [
            ("<form method=post><button formaction=/x></button></form>", ":  ! </form>"),
            ("<form method=post><input type=submit formmethod=get></form>", ":  ! </form>"),
            ("<form method=post enctype=text/plain></form>", ":  ! </form>"),
            ("<form method=post enctype=multipart/form-data></b x='</form>'></form>", ":  "),
            ("<form method=post><select name=a><option>1</form>", ": a=1 "),
            ("<form method=post><select></form>", ":  "),
            ("<form method=post><select></select></form>", ":  </form>"),
            ("<form method=post><select><input name=a value=1></form>", ": a=1 </form>"),
        ] {
            assert_eq!(shown(tags).expect("forms"), [expected], "{tags}");
        }
    }
}
