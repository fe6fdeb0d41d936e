//! rules/*.yaml as a schema.

use schemars::{Schema, json_schema};
use serde_json::{Map, Value, json};

use crate::policy::headers::Referrer;
use crate::policy::rule::tests::body::CHARSETS;
use crate::policy::schema::store::Store;
use crate::policy::schema::{
    AnyNumber, Anything, Bool, Either, List, Named, OneOrMore, Text, Until, Version, document, one_of, piece, shape,
    words,
};
use crate::terms::action::{Generalize, Mask};
use crate::terms::event::Event;
use crate::terms::kind::{Category, Kind, Kinds};
use crate::terms::recipient::Relation;
use crate::terms::refusal::Reason;
use crate::terms::retention::Class;

/// The schema of a rule file.
pub fn schema() -> Value {
    document::<RuleFile>("sudare: rules/*.yaml, who sees what")
}

shape!(RuleFile, "Who sees what. All files make one policy; the order of files and rules never matters.",
    need {
        "sudare": Version, "The version of this file: `1`.";
    }
    may {
        "name": Text, "What the file is for, for people.";
        "roles": Roles, "Which groups give which role.";
        "kinds": Named<Either<CategoryWord, KindShape>>, "Kinds of personal data beside the built-in ones, or adding to them.";
        "fields": Named<OneOrMore<FieldItem>>, "Sets of fields, named once and used by list, detail, edit and export alike.";
        "resources": List<Resource>, "Pages and calls of the CRM, where kinds appear at known places.";
        "rules": List<Rule>, "What becomes of each kind, for whom and when.";
        "ungranted": Ungranted, "What becomes of a kind that no rule of a role names. Left out: `mask`.";
        "undeclared": Undeclared, "What becomes of a path that no resource matches. Left out: `scan`.";
        "unreadable": BlockWord, "What becomes of a body that cannot be read. Left out: `block`.";
        "headers": Headers, "What all answers say to browsers beside what the CRM says: only ever stricter.";
        "limits": List<Limit>, "How much staff may ask for. Left out: 100 values of each veiled kind an hour may be looked for, and 100 revealed.";
        "reveal": List<Reveal>, "Who may have which kinds shown by the reveal API, one value at a time.";
        "store": Store, "What the CRM itself holds as tokens, whoever saves it.";
        "tests": List<Test>, "Tests of the policy, for `sudare test`.";
    }
);
one_of!(Ungranted, "For kinds that nobody names.", "mask", "remove", "block");
one_of!(Undeclared, "For paths that nobody names.", "scan", "block");
one_of!(BlockWord, "Only this holds for all.", "block");

// Roles.
piece!(Roles, "Roles by name.", |generator| {
    let role = generator.subschema_for::<Role>();
    let groups = generator.subschema_for::<AnyNumber<Text>>();
    json_schema!({ "type": "object", "additionalProperties": { "anyOf": [role, groups, { "type": "null" }] } })
});
shape!(Role, "A role.", need {} may {
    "groups": AnyNumber<Text>, "The groups of staff that give this role.";
    "recipient": Either<RelationWord, Recipient>, "To whom data goes that this role is shown, for the ledger. Left out: `staff`.";
});
piece!(named RetentionWord, "A class of records.", |_generator| json_schema!({ "enum": words(Class::ALL.map(Class::word)) }));
piece!(named RelationWord, "What a recipient is to the house.", |_generator| json_schema!({ "enum": words(Relation::WORDS.map(|(word, _)| word)) }));
shape!(Recipient, "To whom data goes.",
    need {
        "relation": RelationWord, "What the recipient is to the house.";
    }
    may {
        "organisation": Text, "The organisation that they are of.";
        "country": Text, "Its country, as two letters: `JP`.";
    }
);

// Kinds.
piece!(named CategoryWord, "A category.", |_generator| json_schema!({ "enum": words(Category::ALL.map(Category::word)) }));
shape!(KindShape, "A kind of personal data.", need {} may {
    "category": CategoryWord, "What sort of data it is; built-in kinds have theirs already.";
    "labels": AnyNumber<Text>, "Headings, labels and keys that alone say that a value is of this kind.";
    "pattern": Text, "A regular expression that finds it in text.";
});
piece!(named KindWord, "A kind's name.", |_generator| {
    json_schema!({ "anyOf": [{ "enum": words(kinds().iter().map(|kind| kind.name.as_str())) }, { "type": "string" }] })
});
piece!(named GrantWord, "A kind, a category, or `all`.", |_generator| {
    let kinds = kinds();
    let known = std::iter::once("all").chain(Category::ALL.map(Category::word)).chain(kinds.iter().map(|kind| kind.name.as_str()));
    json_schema!({ "anyOf": [{ "enum": words(known) }, { "type": "string" }] })
});

// Fields.
piece!(named FieldItem, "A set's name, a map of kinds and places, or `{ at, is }`.", |generator| {
    let (places, field) = (generator.subschema_for::<OneOrMore<Either<Place, KindField>>>(), generator.subschema_for::<Field>());
    let kinds: Map<String, Value> = kinds().into_iter().map(|kind| (kind.name, places.clone().to_value())).collect();
    json_schema!({ "anyOf": [
        { "type": "string", "description": "the name of a set under `fields:`" },
        field,
        {
            "description": "kinds and the places where they stand: `phone: [tel, \"$.phones[*].no\"]`",
            "type": "object",
            "not": { "anyOf": [{ "required": ["at"] }, { "required": ["is"] }] },
            "properties": kinds,
            "additionalProperties": places,
        },
    ] })
});
piece!(named Place, "A place.", |_generator| json_schema!({
    "type": ["string", "number", "boolean"],
    "description": "where a value stands: a bare name (JSON key, heading, label, input, parameter), `$…` (JSONPath), `//…` (XML path), `css:…`, `css:…@value`",
    "examples": ["氏名", "$.phones[*].no", "//Customer/Tel", "css:td.mail a"],
}));
shape!(Field, "A place that holds a kind.",
    need {
        "at": OneOrMore<Place>, "Where the value stands.";
        "is": Either<KindWord, Told>, "The kind, or `{ from: $.type, phone: phone, else: remove }` where a sibling tells it.";
    }
    may {
        "only": Bool, "No detector looks inside.";
        "optional": Bool, "The place may be missing from an answer.";
        "except": Place, "Elements inside that are not meant: `css:a.edit`.";
    }
);
shape!(KindField, "A place that holds the kind under which it stands.",
    need {
        "at": OneOrMore<Place>, "Where the value stands.";
    }
    may {
        "only": Bool, "No detector looks inside.";
        "optional": Bool, "The place may be missing from an answer.";
        "except": Place, "Elements inside that are not meant: `css:a.edit`.";
    }
);
piece!(named Told, "Another value tells the kind.", |generator| {
    let (place, kind) = (generator.subschema_for::<Place>(), generator.subschema_for::<KindWord>());
    json_schema!({
        "type": "object", "required": ["from"], "minProperties": 2,
        "properties": { "from": place, "else": kind }, "additionalProperties": kind,
    })
});

// Resources.
shape!(Resource, "A page or a call of the CRM, where kinds appear at known places.",
    need {
        "id": Text, "Its name in the ledger and the metrics.";
        "match": OneOrMore<Either<Request, Match>>, "Which requests it is about: `GET|PUT /path/{id}`, a map, or a list of them.";
    }
    may {
        "subject": OneOrMore<Either<At, Subject>>, "Whose data it shows: `path.id`, `query.record`, `$.id`, a label, `css:…@value`, `none`.";
        "columns": Text, "Where a request names the columns of its rows: `request.$.params[1]`, `request.fields`.";
        "attributes": Named<OneOrMore<Place>>, "What rules may ask of each record with `where:`, and where it stands.";
        "records": Place, "Where each record begins; places and subject are then relative to it.";
        "fields": OneOrMore<FieldItem>, "What stands where: a set's name, a map, or a list of names, maps and `{ at, is }`.";
        "query": Named<OneOrMore<Either<GrantWord, Named<OneOrMore<GrantWord>>>>>, "Which kinds parameters touch: filters and sorts are questions about hidden data.";
        "event": EventWord, "What a request does; left out: GET and HEAD view, the others write.";
        "scan": Bool, "Whether labels and detectors work beside the fields. Left out: `true`.";
        "unlisted": Unlisted, "What becomes of leaves that the fields do not name. Left out: `scan`.";
        "unreadable": Unreadable, "What becomes of a body that cannot be read; `pass` needs `until`.";
        "until": Until, "When `unreadable: pass` ends.";
        "errors": Errors, "The CRM's error pages: a fixed page in their place, or scanned. Left out: `page`.";
        "public": Bool, "Whether staff without a role may ask for it.";
        "restore": Either<Bool, Remembered>, "Whether veils in a write become their originals again: `true` by a second reading of the record, `{ remembered: PLACE }` by what the gateway remembers of it (in a table: the heading of the column that names its rows). Left out: `false`, and such a write is refused.";
        "remember": Either<At, Subject>, "The record of the CRM that an answer shows, where what is veiled of it is remembered for writes: `$.id`, `{ type: contact, at: $.id }`, in a table the heading of a column.";
        "derive": Either<Bool, OneOrMore<GrantWord>>, "What the CRM itself copies or transforms by it: `true` (whatever the fields of such records name) or kinds. Staff that gets one of them veiled may not ask for it.";
        "sorted": OneOrMore<KindWord>, "The kinds by which the CRM sorts its list without being asked: `check` warns where staff gets one of them veiled.";
        "seal": OneOrMore<Text>, "Controls of forms that hold the CRM's own state: staff gets it sealed, and the CRM gets it back as it was. `__VIEWSTATE`.";
        "retention": RetentionWord, "How long its records in the ledger are kept. Left out: `access`, or `provision` where the recipient is a third party.";
        "headers": ResourceHeaders, "What its answers say to browsers beside what the CRM says: only ever stricter.";
    }
);
shape!(Remembered, "By what is remembered of the record veils become their originals again.",
    need {
        "remembered": Place, "Where in the write the values of the record stand: `$.params[1]`, `//Save/Customer`; the heading of the column that names the rows of a table.";
    }
    may {}
);
piece!(named Request, "A method and a path.", |_generator| json_schema!({
    "type": "string",
    "pattern": "^((GET|HEAD|POST|PUT|PATCH|MERGE|DELETE|OPTIONS)(\\|(GET|HEAD|POST|PUT|PATCH|MERGE|DELETE|OPTIONS))* +)?/",
    "examples": ["GET /customers", "GET|PUT /api/customers/{id}"],
}));
shape!(Match, "Which requests are meant.",
    need {
        "path": Text, "The path: `/api/customers/{id}`, `*` for a part, `**` for the rest.";
    }
    may {
        "methods": OneOrMore<Method>, "The methods; left out, every one.";
        "query": Named<OneOrMore<Text>>, "Parameters of the query and what they say, or a list of it; `*` stands for any run of characters.";
        "header": Named<OneOrMore<Text>>, "Headers and what they say.";
        "form": Named<OneOrMore<Text>>, "Parameters of a form and what they say.";
        "json": Named<OneOrMore<Text>>, "Values of a JSON body, by JSONPath, and what they say.";
    }
);
one_of!(Method, "A method.", "GET", "HEAD", "POST", "PUT", "PATCH", "MERGE", "DELETE", "OPTIONS");
piece!(named At, "Where a subject's id is.", |_generator| json_schema!({
    "type": ["string", "number", "boolean"], "examples": ["path.id", "query.record", "$.id", "顧客番号", "none"],
}));
shape!(Subject, "Whose data it is.",
    need {
        "at": At, "Where the id stands.";
    }
    may {
        "type": Text, "The subject's type. Left out: `customer`.";
        "hash": Bool, "The ledger holds the id as a keyed hash, whatever it looks like.";
        "id": Clear, "The ledger holds the id in clear.";
    }
);
one_of!(Clear, "In clear.", "clear");
one_of!(EventWord, "What a request does.", "view", "search", "export", "write");
one_of!(Unlisted, "For leaves that no field names.", "scan", "mask", "block");
one_of!(Unreadable, "For bodies that cannot be read.", "block", "pass");
one_of!(Errors, "For error pages.", "page", "scan");

// What answers say to browsers.
shape!(Headers, "What all answers say to browsers.", need {} may {
    "Content-Security-Policy": OneOrMore<Text>, "A further policy, or several: browsers obey each beside the CRM's own.";
    "Referrer-Policy": ReferrerWord, "How much of an address other pages may learn; the stricter of this and the CRM's counts.";
    "Strict-Transport-Security": Text, "For how long the host is asked over TLS alone: `max-age=31536000`. Only said over TLS.";
    "Set-Cookie": Named<OneOrMore<CookieFlag>>, "Flags of cookies by name; `\"*\"` is every cookie.";
    "Access-Control-Allow-Origin": OneOrMore<Text>, "Other sites whose scripts may read answers: `https://app.example`. Left out: none.";
    "Location": OneOrMore<Text>, "Other sites to which an answer may lead: `https://id.example`. Left out: none.";
});
shape!(ResourceHeaders, "What a resource's answers say to browsers.", need {} may {
    "Content-Security-Policy": OneOrMore<Text>, "A further policy, or several: browsers obey each beside the CRM's own.";
    "Referrer-Policy": ReferrerWord, "How much of an address other pages may learn; the stricter of this and the CRM's counts.";
    "Set-Cookie": Named<OneOrMore<CookieFlag>>, "Flags of cookies by name; `\"*\"` is every cookie.";
});
piece!(
    ReferrerWord,
    "How much of an address other pages may learn.",
    |_generator| json_schema!({ "enum": Referrer::ALL.map(Referrer::word) })
);
one_of!(CookieFlag, "A flag; `Secure` only counts over TLS.", "Secure", "HttpOnly", "SameSite=Lax", "SameSite=Strict");

// Rules.
shape!(Rule, "What becomes of kinds, for whom and when.",
    need {
        "for": Either<OneOrMore<Text>, For>, "A role, a list of roles, `{ staff: tanaka }`, or `all`.";
    }
    may {
        "id": Text, "Its name in the ledger; left out: `ROLE-1`.";
        "show": OneOrMore<GrantWord>, "Kinds, categories or `all` that pass as they are.";
        "generalize": OneOrMore<Either<Generalized, GrantWord>>, "Coarser true values: `{ birth_date: year, postal_code: 3 }`.";
        "mask": OneOrMore<Either<Masked, GrantWord>>, "A fixed shape: `{ phone: last4, email: domain, notes: full }`.";
        "tokenize": OneOrMore<Either<Tokenized, GrantWord>>, "A token: `{ phone: format, email: opaque }`.";
        "hash": OneOrMore<GrantWord>, "A keyed hash, one way.";
        "remove": OneOrMore<GrantWord>, "The JSON member goes, the cell or text becomes empty.";
        "block": OneOrMore<GrantWord>, "The whole answer is refused.";
        "token_domain": Text, "Equal values give equal tokens and hashes inside a domain; without one a token is bound to its subject.";
        "search": Search, "How staff may look for veiled values.";
        "sort": Sort, "What becomes of a request that sorts by a veiled value: refused, or asked without that. Left out: `refuse`.";
        "readonly": OneOrMore<GrantWord>, "Kinds, categories or `all` that staff may not change.";
        "mandatory": Bool, "A ceiling: nothing is more permissive. For all, or one staff.";
        "when": When, "The rule is there only under these conditions.";
        "where": Named<OneOrMore<Text>>, "What attributes of the record must be: `{ owner: staff.id }`.";
        "until": Until, "The rule is there until then; it shows more than the role gets without it.";
        "why": Text, "What for, for people.";
        "owner": Text, "Who answers for it, for people.";
        "approved": Text, "Who has approved it, for people.";
        "ticket": Text, "Where it was asked for, for people.";
    }
);
one_of!(Search, "How far.", "none", "exact", "any");
one_of!(Sort, "What becomes of it.", "refuse", "strip");
shape!(For, "Persons, whatever their roles.", need {
    "staff": OneOrMore<Text>, "Staff ids: `tanaka` of every source, `basic:tanaka` of that one.";
} may {});
shape!(When, "Conditions; all of them must hold.", need {} may {
    "network": OneOrMore<Text>, "Addresses or networks that staff asks from: `10.0.0.0/8`.";
    "hours": OneOrMore<Hours>, "Days, hours and a time zone: `Mon-Fri 08:00-20:00 Asia/Tokyo`.";
    "resource": OneOrMore<Text>, "Ids of resources.";
    "event": OneOrMore<EventWord>, "What the request does.";
    "purpose": OneOrMore<Text>, "What the request is made for: one of `purposes:`.";
    "records": OneRecord, "`one`: the answer holds one record.";
    "cel": Text, "An expression that is true.";
});
one_of!(OneRecord, "How many records.", "one");
piece!(named Hours, "Hours of some days.", |_generator| json_schema!({
    "type": "string", "pattern": "\\d{1,2}:\\d{2}-\\d{1,2}:\\d{2} +\\S+$", "examples": ["Mon-Fri 08:00-20:00 Asia/Tokyo"],
}));
piece!(named Masked, "Kinds and how each is masked.", |_generator| options(
    |kind| kind.masks.iter().map(|mask| json!(mask.word())).chain([json!(Mask::Full.word())]).collect(),
    &json!({}),
));
piece!(named Generalized, "Kinds and how each is made coarser.", |_generator| options(
    |kind| kind.generalizes.iter().flat_map(coarser).collect(),
    &json!({}),
));
piece!(named Tokenized, "Kinds and the token of each.", |generator| {
    let token = generator.subschema_for::<Either<TokenWord, Token>>();
    options(|_| Vec::new(), &token.to_value())
});
one_of!(
    TokenWord,
    "format: format-preserving; opaque: prefixed; random: kept in the vault.",
    "format",
    "opaque",
    "random"
);
shape!(Token, "A token.",
    need {
        "token": TokenWord, "format: format-preserving; opaque: prefixed; random: kept in the vault.";
    }
    may {
        "check": Check, "`pass`: a check digit that is right stays right.";
        "lasts": Text, "For how long a `random` token lasts: `30d`, `12h`, at most 3650 days. Left out: it has no end.";
    }
);
one_of!(Check, "What becomes of a check digit.", "pass", "fail");

// Limits.
shape!(Limit, "How much staff may ask for: `searches`, or `reveals`.",
    need {
        "for": Either<OneOrMore<Text>, For>, "A role, a list of roles, `{ staff: tanaka }`, or `all`.";
        "per": Text, "Within which time: `10m`, `1h`, at most 24 hours.";
        "then": Then, "What happens to the next one.";
    }
    may {
        "searches": Searches, "How many values of veiled kinds one person may look for; the same value counts once.";
        "reveals": Searches, "How often one person may ask to have a value revealed; each time counts, whatever comes of it.";
        "why": Text, "What for, for people.";
    }
);
piece!(named Searches, "A whole number.", |_generator| json_schema!({ "type": "integer", "minimum": 1, "maximum": 10000 }));
one_of!(Then, "What happens beyond a limit.", "block", "alert");

// The reveal API.
shape!(Reveal, "Who may have which kinds shown by the reveal API.",
    need {
        "for": Either<OneOrMore<Text>, For>, "A role, a list of roles, `{ staff: tanaka }`, or `all`.";
        "kinds": OneOrMore<KindWord>, "The kinds that may be revealed.";
        "purpose": OneOrMore<Text>, "What for: a request must name one of these words.";
    }
    may {
        "id": Text, "Its id in the ledger. Left out: `support-reveal-1`.";
        "lasts": Text, "For how long that kind of that subject stays open to that person: `5m`, at most 24 hours. Left out: it is shown once.";
        "approval": Approval, "Who else must agree. Left out: `none`.";
        "why": Text, "What for, for people.";
    }
);
one_of!(Approval, "Who else must agree.", "none");

// Tests.
shape!(Test, "A request, the CRM's answer, and what each role gets.",
    need {
        "name": Text, "What it shows.";
        "request": Either<Request, TestRequest>, "`GET /customers/42`, or a map.";
        "expect": Expect, "What each role gets; `nobody` is whom nobody recognises.";
    }
    may {
        "as": As, "Who asks, from where and when. Left out: 127.0.0.1 and now.";
        "response": TestResponse, "What the CRM answers.";
        "record": TestRecord, "What it answers to whoever asks for the record that a write is about.";
    }
);
shape!(TestRequest, "A request.",
    need {
        "method": Text, "Its method.";
        "path": Text, "Its path and query.";
    }
    may {
        "headers": Named<OneOrMore<Text>>, "Its headers.";
        "json": Anything, "A JSON body.";
        "html": Text, "An HTML body.";
        "xml": Text, "An XML body.";
        "csv": Text, "A CSV body.";
        "text": Text, "A plain body.";
        "form": Form, "A form, as it is sent: `a=1&b=2`, or a map of its fields.";
        "file": Text, "A file at or below the folder of the rule file, with the body.";
        "body": Either<Text, Body>, "A plain body, or one of those above.";
        "charset": CharsetWord, "The charset that the body is turned into. Left out: UTF-8.";
    }
);
shape!(As, "Who asks.", need {} may {
    "network": Text, "The client's address.";
    "time": Text, "When: `2026-11-24T10:00:00+09:00`.";
    "staff": Text, "The staff id.";
    "user": Text, "Another word for `staff`.";
    "groups": AnyNumber<Text>, "Their groups; left out, those that give the role.";
    "attributes": Named<Text>, "What their source says of them: `{ branch: tokyo }`.";
    "purpose": Text, "What it is asked for.";
});
shape!(TestResponse, "What the CRM answers.", need {} may {
    "status": Status, "Its status. Left out: 200.";
    "headers": Named<OneOrMore<Text>>, "Its headers.";
    "json": Anything, "A JSON body.";
    "html": Text, "An HTML body.";
    "xml": Text, "An XML body.";
    "csv": Text, "A CSV body.";
    "text": Text, "A plain body.";
    "form": Form, "A form, as it is sent: `a=1&b=2`, or a map of its fields.";
    "file": Text, "A file at or below the folder of the rule file, with the body.";
    "body": Either<Text, Body>, "A plain body, or one of those above.";
    "charset": CharsetWord, "The charset that the body is turned into. Left out: UTF-8.";
});
shape!(TestRecord, "What stands in the CRM while staff writes: what it answers to whoever asks for it.", need {} may {
    "request": TestRequest, "What staff had asked to see it, where the write is restored by what is remembered. Left out: a GET of the same path.";
    "status": Status, "Its status. Left out: 200.";
    "headers": Named<OneOrMore<Text>>, "Its headers.";
    "json": Anything, "A JSON body.";
    "html": Text, "An HTML body.";
    "xml": Text, "An XML body.";
    "csv": Text, "A CSV body.";
    "text": Text, "A plain body.";
    "form": Form, "A form, as it is sent: `a=1&b=2`, or a map of its fields.";
    "file": Text, "A file at or below the folder of the rule file, with the body.";
    "body": Either<Text, Body>, "A plain body, or one of those above.";
    "charset": CharsetWord, "The charset that the body is turned into. Left out: UTF-8.";
});
shape!(Body, "A body.", need {} may {
    "json": Anything, "JSON.";
    "html": Text, "HTML.";
    "xml": Text, "XML.";
    "csv": Text, "CSV.";
    "text": Text, "Plain text.";
    "form": Form, "A form.";
    "file": Text, "A file.";
    "body": Either<Text, Body>, "A plain body, or one of those above.";
    "charset": CharsetWord, "Its charset.";
});
piece!(Form, "A form, as it is sent or by its fields.", |generator| {
    json_schema!({ "anyOf": [generator.subschema_for::<Text>(), generator.subschema_for::<Named<OneOrMore<Text>>>()] })
});
// Names of charsets are the same in capitals.
piece!(named CharsetWord, "A charset.", |_generator| {
    let any_case = |c: char| match c.is_ascii_alphabetic() {
        true => format!("[{}{}]", c.to_ascii_uppercase(), c.to_ascii_lowercase()),
        false => c.to_string(),
    };
    let names: Vec<String> = CHARSETS.into_iter().chain(["cp932"]).map(|name| name.chars().map(any_case).collect()).collect();
    json_schema!({ "anyOf": [{ "enum": words(CHARSETS) }, { "type": "string", "pattern": format!("^({})$", names.join("|")) }] })
});
shape!(Exactly, "A body, as under `response`.", need {} may {
    "json": Anything, "JSON.";
    "html": Text, "HTML.";
    "xml": Text, "XML.";
    "csv": Text, "CSV.";
    "text": Text, "Plain text.";
    "form": Form, "A form.";
    "file": Text, "A file.";
    "body": Either<Text, Body>, "A plain body, or one of those above.";
    "charset": CharsetWord, "Its charset.";
});
piece!(named Status, "A status.", |_generator| json_schema!({ "type": "integer", "minimum": 100, "maximum": 599 }));
piece!(named Expect, "What each role gets.", |generator| {
    let (status, reason) = (generator.subschema_for::<Status>(), generator.subschema_for::<ReasonWord>());
    let gets = generator.subschema_for::<Gets>();
    json_schema!({ "type": "object", "additionalProperties": { "anyOf": [status, reason, gets] } })
});
piece!(named ReasonWord, "Why a request is refused.", |_generator| {
    json_schema!({ "enum": words(Reason::ALL.iter().map(|reason| reason.word())) })
});
shape!(Gets, "What a role gets.", need {} may {
    "status": Status, "The status.";
    "refusal": ReasonWord, "Why the request is refused, as `Sudare-Refusal` says it.";
    "json": Anything, "Members that stand in the JSON, and what they say.";
    "html": Named<AnyNumber<Text>>, "Places of the page, `css:title` or a label, and the texts that stand there.";
    "xml": Text, "The XML of the answer.";
    "csv": Text, "Rows of the table, by the headings that are named.";
    "text": Text, "The text of the answer.";
    "exactly": Either<Either<Bool, Text>, Exactly>, "The whole answer; `true` for the `json` or `csv` beside it.";
    "forwarded": Either<Text, Exactly>, "The body that the CRM gets of a write; JSON with these members and no others.";
    "shown": OneOrMore<Text>, "Texts that stand in it.";
    "hidden": OneOrMore<Text>, "Texts that do not stand in it, in any spelling.";
    "ledger": Recorded, "`event`, `outcome`, `subjects`, `rules`, and kinds with the actions that the ledger has for them.";
});
piece!(named Recorded, "What the ledger has of it.", |generator| {
    let (event, outcome) = (words(Event::ALL.map(Event::word)), generator.subschema_for::<Outcome>());
    let names = generator.subschema_for::<AnyNumber<Text>>();
    let actions = generator.subschema_for::<Either<AnyNumber<ActionWord>, Named<Count>>>();
    json_schema!({
        "type": "object",
        "properties": { "event": { "enum": event }, "outcome": outcome, "subjects": names, "rules": names },
        "additionalProperties": actions,
    })
});
one_of!(Outcome, "What became of the request.", "released", "refused");
one_of!(
    ActionWord,
    "An action; `none` alone.",
    "show",
    "generalize",
    "mask",
    "tokenize",
    "hash",
    "remove",
    "block",
    "none"
);
piece!(Count, "How often.", |_generator| json_schema!({ "type": "integer", "minimum": 0 }));

fn kinds() -> Vec<Kind> {
    Kinds::builtin().0
}

/// A map of kinds, categories or `all`, each with an option or none. Kinds with options of their own are
/// named with them, so that an editor can offer them; rule files may add more kinds.
fn options(own: impl Fn(&Kind) -> Vec<Value>, any: &Value) -> Schema {
    let bare = |option: Value| json!({ "anyOf": [option, { "type": "null" }] });
    let named = kinds().into_iter().filter_map(|kind| {
        let words = own(&kind);
        (!words.is_empty()).then(|| (kind.name, bare(json!({ "enum": words }))))
    });
    let named: Map<String, Value> = named.collect();
    json_schema!({ "type": "object", "properties": named, "additionalProperties": bare(any.clone()) })
}

fn coarser(how: &Generalize) -> Vec<Value> {
    match how {
        Generalize::Year => vec![json!("year")],
        Generalize::Decade => vec![json!("decade")],
        Generalize::AgeBand => vec![json!("age_band")],
        // So many leading digits: an editor offers those of a postal code.
        Generalize::Digits(_) => (1..=3).map(|digits| json!(digits)).collect(),
    }
}
