//! Which elements the places of a plan name.
//!
//! Where records are named by a selector, a field's selector is relative to the record: it may
//! name only what stands in it, or with `:scope` the record's own element. In a record that stands in
//! another it may be relative to either.

use crate::format::html::attribute::Attributes;
use crate::format::html::entity;
use crate::format::html::open::Open;
use crate::format::html::selector::{Compare, Complex, Compound, Selectors, Test};
use crate::terms::place::{Place, PlaceId, Places};
use crate::terms::refusal::{Reason, Refusal};

/// The places of a plan, read.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    records: Option<Selectors>,
    fields: Vec<Field>,
}

/// A field's selector.
#[derive(Debug, Clone)]
struct Field {
    selectors: Selectors,
    id: PlaceId,
    attribute: Option<String>,
    /// What inside it is not meant.
    except: Option<Selectors>,
    /// Whether it is sought outside records too.
    document: bool,
}

/// What an element is, as selectors ask.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    name: String,
    attributes: Vec<(String, String)>,
    /// Its number among its siblings, from 1, and among those of its name.
    child: i64,
    of_type: i64,
}

/// Counts the children of an element.
#[derive(Debug, Clone, Default)]
pub(super) struct Children {
    all: i64,
    by_name: Vec<(u64, i64)>,
}

/// What the selectors say of an element.
#[derive(Debug, Clone, Default)]
pub(super) struct Matched {
    pub(super) record: bool,
    /// The places that its text is at.
    pub(super) text: Vec<PlaceId>,
    /// The places that its text is at, but only for a record around its own.
    pub(super) around: Vec<PlaceId>,
    /// The places that its attributes are at, with their names in lower case.
    pub(super) attributes: Vec<(PlaceId, String)>,
    /// The places around it that its text is not at.
    pub(super) except: Vec<PlaceId>,
}

impl Wanted {
    /// Reads the selectors of a plan.
    pub(super) fn compile(places: &Places) -> Result<Wanted, Refusal> {
        let parse = |selector: &str| {
            Selectors::parse(selector).map_err(|why| Refusal::new(Reason::Internal, format!("html: {why}")))
        };
        let records = match &places.records {
            Some(Place::Css(css)) => Some(parse(&css.selector)?),
            _ => None,
        };
        let field = |(id, css): &(PlaceId, crate::terms::place::CssPlace)| {
            let document = records.is_none() || places.document.contains(id);
            let except = css.except.as_deref().map(parse).transpose()?;
            Ok(Field { selectors: parse(&css.selector)?, id: *id, attribute: css.attribute.clone(), except, document })
        };
        let fields = places.css.iter().map(field).collect::<Result<_, Refusal>>()?;
        Ok(Wanted { records, fields })
    }

    /// Whether nothing is looked for.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_none() && self.fields.is_empty()
    }

    /// What the selectors say of an element inside these open ones; records are among them.
    pub(super) fn look(&self, facts: &Facts, open: &[Open]) -> Matched {
        let mut matched = Matched::default();
        let page = Scene { element: facts, open, root: None };
        matched.record = self.records.as_ref().is_some_and(|records| page.matches(records));
        // The element may be a record itself, and stand at the end of those that are open.
        let own = matched.record.then_some(open.len());
        let outer = open.iter().enumerate().rev().filter(|(_, open)| open.record != 0).map(|(at, _)| at);
        let roots: Vec<Option<usize>> = own.into_iter().chain(outer).map(Some).collect();
        for field in &self.fields {
            let roots = if field.document { &[None][..] } else { &roots[..] };
            let (Some((innermost, others)), Some(outermost)) = (roots.split_first(), roots.last()) else { continue };
            let fits = |root: &Option<usize>, selectors: &Selectors| Scene { root: *root, ..page }.matches(selectors);
            if field.except.as_ref().is_some_and(|except| fits(outermost, except)) {
                matched.except.push(field.id);
                continue;
            }
            let near = fits(innermost, &field.selectors);
            if !near && !others.iter().any(|root| fits(root, &field.selectors)) {
                continue;
            }
            match &field.attribute {
                Some(attribute) => matched.attributes.push((field.id, attribute.clone())),
                None if near => matched.text.push(field.id),
                None => matched.around.push(field.id),
            }
        }
        matched
    }
}

impl Facts {
    /// What a start tag says, for the next child of an element.
    pub(super) fn read(tag: &str, attributes: &Attributes, number: u64, siblings: &mut Children) -> Facts {
        let mut facts = Facts::implied(&tag[1..attributes.name_end].to_ascii_lowercase(), number, siblings);
        for one in &attributes.list {
            let name = tag[one.name.clone()].to_ascii_lowercase();
            let raw = one.value.as_ref().map_or("", |(span, _)| &tag[span.clone()]);
            facts.attributes.push((name, entity::decode(raw, true).0));
        }
        facts
    }

    /// An element that is not written, but that browsers add.
    pub(super) fn implied(name: &str, number: u64, siblings: &mut Children) -> Facts {
        let (child, of_type) = siblings.count(number);
        Facts { name: name.to_owned(), attributes: Vec::new(), child, of_type }
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

impl Children {
    fn count(&mut self, number: u64) -> (i64, i64) {
        self.all += 1;
        match self.by_name.iter_mut().find(|(name, _)| *name == number) {
            Some((_, count)) => {
                *count += 1;
                (self.all, *count)
            }
            None => {
                // More names than this below one element are not told apart.
                if self.by_name.len() < NAMES_MAX {
                    self.by_name.push((number, 1));
                }
                (self.all, 1)
            }
        }
    }
}

const NAMES_MAX: usize = 64;

/// An element among the open ones, as far as a selector may look.
#[derive(Clone, Copy)]
struct Scene<'a> {
    element: &'a Facts,
    open: &'a [Open],
    /// The index of the record.
    root: Option<usize>,
}

impl Scene<'_> {
    fn matches(&self, selectors: &Selectors) -> bool {
        selectors.0.iter().any(|complex| self.complex(complex))
    }

    fn complex(&self, complex: &Complex) -> bool {
        let at = self.open.len();
        self.inside(at, &complex.element) && self.is(at, &complex.element) && self.around(at, &complex.around)
    }

    /// Whether what stands around the element at an index is as it must be.
    fn around(&self, at: usize, around: &[(bool, Compound)]) -> bool {
        let Some(((child, compound), rest)) = around.split_first() else { return true };
        let outermost = if *child { at.saturating_sub(1) } else { 0 };
        let fits = |at: &usize| self.inside(*at, compound) && self.is(*at, compound) && self.around(*at, rest);
        (outermost..at).rev().find(fits).is_some()
    }

    /// Whether the element at an index may be named: it stands in the record, or is it and named so.
    fn inside(&self, at: usize, compound: &Compound) -> bool {
        self.root.is_none_or(|root| at > root || (at == root && compound.0.contains(&Test::Scope)))
    }

    fn is(&self, at: usize, compound: &Compound) -> bool {
        let facts = if at == self.open.len() { Some(self.element) } else { self.open[at].facts.as_ref() };
        facts.is_some_and(|facts| compound.0.iter().all(|test| self.holds(at, facts, test)))
    }

    fn holds(&self, at: usize, facts: &Facts, test: &Test) -> bool {
        match test {
            Test::Name(name) => facts.name == *name,
            Test::Class(class) => {
                facts.attribute("class").is_some_and(|own| own.split_ascii_whitespace().any(|word| word == class))
            }
            Test::Attribute(name, compare, value, any_case) => {
                facts.attribute(name).is_some_and(|own| compares(own, *compare, value, *any_case))
            }
            Test::Scope => at == self.root.unwrap_or(0),
            Test::Nth { step, first, of_type } => {
                let number = if *of_type { facts.of_type } else { facts.child } - first;
                if *step == 0 { number == 0 } else { number % step == 0 && number / step >= 0 }
            }
            Test::Not(list) => !list.iter().any(|compound| self.is(at, compound)),
            Test::Is(list) => list.iter().any(|compound| self.is(at, compound)),
        }
    }
}

fn compares(own: &str, compare: Compare, value: &str, any_case: bool) -> bool {
    if any_case {
        return compares(&own.to_ascii_lowercase(), compare, &value.to_ascii_lowercase(), false);
    }
    match compare {
        Compare::Present => true,
        Compare::Equal => own == value,
        Compare::Word => own.split_ascii_whitespace().any(|word| word == value),
        Compare::Dash => own == value || own.strip_prefix(value).is_some_and(|rest| rest.starts_with('-')),
        Compare::Prefix => !value.is_empty() && own.starts_with(value),
        Compare::Suffix => !value.is_empty() && own.ends_with(value),
        Compare::Substring => !value.is_empty() && own.contains(value),
    }
}
