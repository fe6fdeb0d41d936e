//! Rule files as a JSON Schema (draft 2020-12), so that editors complete, explain and check them while
//! they are written.
//!
//! The readers stay the only ones who decide: a schema knows the shape of a file, not its meaning. It is
//! written beside them and not derived from them, since they read nodes and no types; a test asks the
//! readers for every key and word that they know and holds both to be the same.
//!
//! `rules` is what stands in rule files; here are the pieces, which gateway.yaml's schema uses too. To an
//! editor `0312345678` is a number and `true` a boolean, so a text is all three.

pub mod rules;
mod store;

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

/// The schema of a file of this shape.
pub fn document<T: JsonSchema>(title: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

/// A map whose keys are known.
pub struct Shape {
    about: &'static str,
    keys: Map<String, Value>,
    needed: Vec<&'static str>,
}

impl Shape {
    /// A map without keys, and what it is for.
    pub fn new(about: &'static str) -> Shape {
        Shape { about, keys: Map::new(), needed: Vec::new() }
    }

    /// With a key, what it says, and whether it must stand there.
    pub fn key<T: JsonSchema>(
        &mut self,
        generator: &mut SchemaGenerator,
        key: &'static str,
        about: &'static str,
        needed: bool,
    ) {
        let mut value = generator.subschema_for::<T>();
        value.insert("description".to_owned(), about.into());
        self.keys.insert(key.to_owned(), value.to_value());
        if needed {
            self.needed.push(key);
        }
    }

    /// The map's schema.
    pub fn done(self) -> Schema {
        json_schema!({
            "description": self.about,
            "type": "object",
            "properties": self.keys,
            "required": self.needed,
            "additionalProperties": false,
        })
    }
}

/// A map whose keys are known: what it is, the keys that it needs, and those that it may have.
macro_rules! shape {
    ($name:ident, $about:literal, need { $($need:literal: $needed:ty, $needs:literal;)* } may { $($may:literal: $given:ty, $says:literal;)* }) => {
        #[doc = $about]
        pub struct $name;

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut shape = crate::policy::schema::Shape::new($about);
                $(shape.key::<$needed>(generator, $need, $needs, true);)*
                $(shape.key::<$given>(generator, $may, $says, false);)*
                shape.done()
            }
        }
    };
}

/// One of a few words, as editors read them: `1.2` is a number to them.
macro_rules! one_of {
    ($name:ident, $about:literal, $($word:literal),+) => {
        #[doc = $about]
        pub struct $name;

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "enum": [$($word),+] })
            }
        }
    };
}

/// A piece and how it is made. A `named` one stands once in a document, others where they are used.
macro_rules! piece {
    (named $name:ident, $about:literal, |$generator:ident| $schema:expr) => {
        $crate::policy::schema::piece!(@ false, $name, $about, |$generator| $schema);
    };
    ($name:ident $(<$of:ident>)?, $about:literal, |$generator:ident| $schema:expr) => {
        $crate::policy::schema::piece!(@ true, $name $(<$of>)?, $about, |$generator| $schema);
    };
    (@ $inline:literal, $name:ident $(<$of:ident>)?, $about:literal, |$generator:ident| $schema:expr) => {
        #[doc = $about]
        pub struct $name $(<$of>(std::marker::PhantomData<$of>))?;

        impl $(<$of: schemars::JsonSchema>)? schemars::JsonSchema for $name $(<$of>)? {
            fn inline_schema() -> bool {
                $inline
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema($generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $schema
            }
        }
    };
}

pub(crate) use {one_of, piece, shape};

piece!(named Text, "A text.", |_generator| json_schema!({ "type": ["string", "number", "boolean"] }));
piece!(Anything, "Whatever stands there.", |_generator| json_schema!({}));
piece!(Bool, "`true` or `false`.", |_generator| json_schema!({ "type": "boolean" }));
piece!(Version, "The version of the file.", |_generator| json_schema!({ "const": 1 }));
piece!(named Until, "A date, which holds to its end in UTC, or a moment.", |_generator| json_schema!({
    "type": "string",
    "pattern": "^\\d{4}-\\d{2}-\\d{2}([T ].+)?$",
    "examples": ["2026-12-31", "2026-12-31T18:00:00+09:00"],
}));
piece!(OneOrMore<T>, "One, or a list of them.", |generator| {
    let one = generator.subschema_for::<T>();
    json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
});
piece!(AnyNumber<T>, "One, or a list of them, or an empty list.", |generator| {
    let one = generator.subschema_for::<T>();
    json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
});
piece!(List<T>, "A list, which may be left empty.", |generator| {
    let one = generator.subschema_for::<T>();
    json_schema!({ "type": ["array", "null"], "items": one })
});
piece!(Named<T>, "A map whose keys are names.", |generator| {
    let one = generator.subschema_for::<T>();
    json_schema!({ "type": "object", "additionalProperties": one })
});

/// One of two.
pub struct Either<A, B>(PhantomData<(A, B)>);

impl<A: JsonSchema, B: JsonSchema> JsonSchema for Either<A, B> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Either".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (a, b) = (generator.subschema_for::<A>(), generator.subschema_for::<B>());
        json_schema!({ "anyOf": [a, b] })
    }
}

/// Words as JSON.
fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> Value {
    words.into_iter().map(|word| json!(word)).collect()
}
