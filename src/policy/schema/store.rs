//! `store:` as a schema.

use schemars::json_schema;

use crate::policy::schema::rules::{GrantWord, Tokenized};
use crate::policy::schema::{AnyNumber, Either, Named, piece, shape};

shape!(Store, "What the CRM itself holds as tokens.",
    need {
        "tokenize": AnyNumber<Either<Tokenized, GrantWord>>, "Kinds and the token of each: `{ phone: format, email: opaque }`.";
    }
    may {
        "max": Named<Chars>, "How many characters the CRM's columns take, by kind: `{ email: 255 }`.";
    }
);
piece!(Chars, "A whole number.", |_generator| json_schema!({ "type": "integer", "minimum": 0 }));
