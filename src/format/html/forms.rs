//! The forms of a page: what each of their controls would send, for whoever compares that with what came.
//!
//! The page was walked before; what cannot be read here is no form.

use std::collections::HashMap;
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
    /// Whether nobody can tell all of its controls: one names it by an id that something else of the page has too.
    pub is_in_doubt: bool,
    /// Where its end tag begins, if it has one that can be read in one way.
    pub end: Option<usize>,
    /// In the order of the page, with those that stand elsewhere and name it.
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

/// Every form of a page that posts, with the controls that browsers send with it.
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
        elsewhere: Vec::new(),
        inside: Inside::Nothing,
        chooses: false,
        templates: 0,
        fieldsets: Vec::new(),
        at: 0,
    };
    tokens.iter().for_each(|token| reader.token(token));
    reader.gap(page.len());
    reader.leave(None);
    let Reader { mut forms, elsewhere, .. } = reader;
    if !elsewhere.is_empty() {
        let mut ids: HashMap<&str, Vec<usize>> = elsewhere.iter().map(|one| (one.form.as_str(), Vec::new())).collect();
        tokens.iter().for_each(|token| stands(page, token, &mut ids));
        elsewhere.iter().for_each(|one| one.join(&mut forms, &ids));
        forms.iter_mut().for_each(|own| own.form.controls.sort_by_key(|control| control.span.start));
    }
    Some(forms.into_iter().filter(|own| own.posts).map(|own| own.form).collect())
}

/// A form, and what tells it from others.
struct Known {
    form: Form,
    posts: bool,
    /// Where it begins.
    begin: usize,
}

/// A control that names its form, wherever it stands.
struct Elsewhere {
    form: String,
    /// Whether it sends all of it somewhere else, or in another way.
    diverts: bool,
    control: Option<Control>,
}

impl Elsewhere {
    /// Puts the control into the form that browsers find: that of the first element which has its id. Which one of
    /// several is the first depends on where browsers move them, so of those nothing is known.
    fn join(&self, forms: &mut [Known], ids: &HashMap<&str, Vec<usize>>) {
        let found = ids.get(self.form.as_str()).map_or(&[][..], Vec::as_slice);
        for own in forms.iter_mut().filter(|own| found.contains(&own.begin)) {
            own.form.is_plain &= !self.diverts;
            own.form.is_in_doubt |= found.len() > 1;
            own.form.controls.extend(self.control.clone());
        }
    }
}

/// Keeps where an element with one of these ids begins.
fn stands(page: &str, token: &Token, ids: &mut HashMap<&str, Vec<usize>>) {
    let Token::Open { span, .. } = token else { return };
    let text = &page[span.clone()];
    let tag = Read { text, attributes: Attributes::read(text, 1) };
    let id = tag.value("id").filter(|id| !id.is_empty());
    if let Some(places) = id.and_then(|id| ids.get_mut(id.as_str())) {
        places.push(span.start);
    }
}

struct Reader<'p> {
    page: &'p str,
    forms: Vec<Known>,
    /// The form that is open, whether it posts or not.
    open: Option<Known>,
    elsewhere: Vec<Elsewhere>,
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
    Textarea(Owned, String),
    Select(List),
}

/// A control and the form that it names, where it does.
struct Owned {
    control: Control,
    form: Option<String>,
}

/// A list of choices.
struct List {
    own: Owned,
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
    fn token(&mut self, token: &Token) {
        let (Token::Open { span, .. } | Token::Text { span, .. } | Token::Comment { span }) = token;
        self.gap(span.start);
        self.at = span.end;
        match token {
            Token::Open { foreign: false, .. } => self.element(span.clone()),
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

    fn element(&mut self, span: Range<usize>) {
        let text = &self.page[span.clone()];
        let tag = Read { text, attributes: Attributes::read(text, 1) };
        let role = Tag::of(&text[1..tag.attributes.name_end], false).role;
        match role {
            Role::Template => self.templates += 1,
            _ if self.templates > 0 => {}
            Role::Form if self.open.is_none() => self.enter(&tag, span.start),
            Role::Fieldset => self.fieldsets.push(tag.has("disabled")),
            Role::Option => self.choice(Some(Opened {
                value: tag.value("value"),
                text: String::new(),
                chosen: tag.has("selected"),
                disabled: tag.has("disabled"),
            })),
            Role::Input | Role::Textarea | Role::Select | Role::Button => self.control(role, &tag, span),
            _ => {}
        }
    }

    fn enter(&mut self, tag: &Read<'_>, begin: usize) {
        let posts = tag.value("method").is_some_and(|method| method.trim().eq_ignore_ascii_case("post"));
        let way = tag.value("enctype").unwrap_or_default();
        let form = Form {
            action: tag.value("action").unwrap_or_default().trim().to_owned(),
            charsets: tag.value("accept-charset"),
            is_plain: !way.trim().eq_ignore_ascii_case("text/plain"),
            is_in_doubt: false,
            end: None,
            controls: Vec::new(),
        };
        self.open = Some(Known { form, posts, begin });
    }

    fn control(&mut self, role: Role, tag: &Read<'_>, span: Range<usize>) {
        self.settle(span.start);
        self.chooses = role == Role::Select;
        let named = tag.value("form");
        let diverts = ["formaction", "formmethod", "formenctype"].iter().any(|name| tag.has(name));
        match (&named, &mut self.open) {
            (Some(form), _) => self.elsewhere.push(Elsewhere { form: form.clone(), diverts, control: None }),
            (None, Some(own)) => own.form.is_plain &= !diverts,
            (None, None) => {}
        }
        let Some(name) = tag.value("name").filter(|name| !name.is_empty()) else { return };
        let sends = !tag.has("disabled") && !self.fieldsets.contains(&true);
        let sort = match role {
            Role::Textarea => Sort::Lines,
            Role::Select if tag.has("multiple") => Sort::Ticks,
            _ => Sort::Choice,
        };
        let own = Owned { control: Control { name, sort, sends, span, values: Vec::new() }, form: named };
        match role {
            Role::Textarea => self.inside = Inside::Textarea(own, String::new()),
            Role::Select => {
                let rows = tag.value("size").and_then(|size| size.trim().parse::<u32>().ok());
                let drops = rows.is_none_or(|rows| rows <= 1);
                self.inside = Inside::Select(List { own, open: None, first: None, drops });
            }
            Role::Input => self.input(own, tag),
            _ => {
                let values = tag.value("value").map(|text| Choice { text, chosen: true });
                self.put(own, values.into_iter().collect());
            }
        }
    }

    fn input(&mut self, mut own: Owned, tag: &Read<'_>) {
        let checked = tag.has("checked");
        let (sort, unsaid, chosen) = match tag.value("type").unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "hidden" => (Sort::Hidden, "", true),
            "checkbox" => (Sort::Ticks, "on", checked),
            "radio" => (Sort::Choice, "on", checked),
            "submit" | "button" | "reset" | "image" | "file" => (Sort::Choice, "", true),
            _ => (Sort::Line, "", true),
        };
        let text = tag.value("value").unwrap_or_else(|| unsaid.to_owned());
        own.control.sort = sort;
        self.put(own, vec![Choice { text, chosen }]);
    }

    /// A choice of a list ends, and perhaps another begins.
    fn choice(&mut self, next: Option<Opened>) {
        let Inside::Select(list) = &mut self.inside else { return };
        if let Some(Opened { value, text, chosen, disabled }) = std::mem::replace(&mut list.open, next) {
            let text = value.unwrap_or_else(|| text.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
            if list.drops && !disabled {
                list.first = list.first.or(Some(list.own.control.values.len()));
            }
            list.own.control.values.push(Choice { text, chosen });
        }
    }

    /// A control whose text was read is complete, and ends there.
    fn settle(&mut self, end: usize) {
        self.choice(None);
        match std::mem::replace(&mut self.inside, Inside::Nothing) {
            Inside::Nothing => {}
            Inside::Textarea(mut own, text) => {
                let first = ["\r\n", "\n", "\r"].into_iter().find(|line| text.starts_with(line));
                let text = text[first.map_or(0, str::len)..].to_owned();
                own.control.span.end = end.max(own.control.span.end);
                self.put(own, vec![Choice { text, chosen: true }]);
            }
            Inside::Select(List { mut own, first, .. }) => {
                own.control.span.end = end.max(own.control.span.end);
                let mut values = std::mem::take(&mut own.control.values);
                if own.control.sort == Sort::Choice {
                    // Of several that say so the last one is taken.
                    let taken = values.iter().rposition(|choice| choice.chosen).or(first);
                    for (at, choice) in values.iter_mut().enumerate() {
                        choice.chosen = Some(at) == taken;
                    }
                }
                self.put(own, values);
            }
        }
    }

    fn put(&mut self, Owned { control, form }: Owned, values: Vec<Choice>) {
        let control = Control { values, ..control };
        match (form, &mut self.open) {
            (Some(form), _) => self.elsewhere.push(Elsewhere { form, diverts: false, control: Some(control) }),
            (None, Some(own)) => own.form.controls.push(control),
            (None, None) => {}
        }
    }

    fn leave(&mut self, end: Option<usize>) {
        // Inside of a list browsers do not see it.
        let end = end.filter(|_| matches!(self.inside, Inside::Nothing) && !self.chooses);
        self.chooses = false;
        self.settle(end.unwrap_or(self.at));
        if let Some(Known { form, posts, begin }) = self.open.take() {
            self.forms.push(Known { form: Form { end, ..form }, posts, begin });
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
    fn a_form_inside_a_form_is_none() {
        let page = "<form method=post action=a><form method=post action=b><input name=x></form><input name=y></form>";
        assert_eq!(shown(page).expect("forms"), ["a: x= </form>"]);
    }

    #[test]
    fn a_control_belongs_to_the_form_that_it_names() {
        for (page, expected) in [
            ("<input form=f name=x><form id=f method=post><input name=y></form>", "x=, y= </form>"),
            ("<form id=f method=post><input name=y></form><select form=f name=x><option>1</select>", "y=, x=1 </form>"),
            ("<form id=f method=post></form><form><textarea form=f name=x>a</textarea></form>", "x=a </form>"),
            ("<form id=f method=post></form><button form=f formmethod=get></button>", " ! </form>"),
            ("<form id=f method=post></form><form><button form=f name=b value=1></button></form>", "b=1 </form>"),
            ("<form method=post><button form=f formaction=/x></button><input form=f name=x></form>", " </form>"),
            ("<form id=f></form><form method=post><input form=f name=x></form>", " </form>"),
            ("<form method=post><form id=f></form><input form=f name=x>", " </form>"),
            ("<template><form id=f></form></template><form method=post><input form=f name=x></form>", " </form>"),
            ("<form method=post id=f></form><input form=F name=x>", " </form>"),
            ("<form method=post id='a&amp;b'></form><input form='a&amp;b' name=x>", "x= </form>"),
        ] {
            assert_eq!(shown(page).expect("forms"), [format!(": {expected}")], "{page}");
        }
        let doubts = |page: &str| forms(page, 1 << 20).expect("forms").iter().map(|form| form.is_in_doubt).collect();
        let all: Vec<bool> = doubts("<form method=post id=f></form><svg><a id=f /></svg><form method=post></form>");
        assert_eq!(all, [false, false]);
        let input = "<input form=f name=x>";
        let all: Vec<bool> =
            doubts(&format!("<form method=post id=f></form><svg><a id=f /></svg><form method=post></form>{input}"));
        assert_eq!(all, [true, false]);
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
