//! gateway.yaml as a schema. Any value may be `env:NAME` or `file:PATH`, so whatever is more than a text
//! may be one of those instead.

use schemars::json_schema;
use serde_json::Value;

use crate::config::purposes::BASES;
use crate::policy::schema::{AnyNumber, Either, Named, OneOrMore, Text, Version, document, piece, shape};

/// The schema of gateway.yaml.
pub fn schema() -> Value {
    document::<Gateway>("sudare: gateway.yaml, how the gateway runs")
}

shape!(Gateway, "How the gateway runs. Relative paths are relative to this file.",
    need {
        "sudare": Version, "The version of this file: `1`.";
        "listen": OneOrMore<Either<Text, Listener>>, "Where staff connects: an address with a port, or `{ address, tls }`, or a list.";
        "rules": OneOrMore<Text>, "Packs (`pack:creme`), rule files and folders; one policy, reloaded when it changes.";
        "identity": OneOrMore<Source>, "Who is recognised; tried in this order.";
    }
    may {
        "upstream": Either<Text, Upstream>, "The CRM: `http://127.0.0.1:9000`, or a map. This or `sites`.";
        "sites": Named<Either<Text, Either<Site, Upstream>>>, "Several CRMs, by the host that staff asks for.";
        "purposes": Either<OneOrMore<Text>, Named<BasisWord>>, "What requests may be made for, and on what legal basis: `{ call-back: contract, audit: legal_obligation }`. Left out: the words that the rules name.";
        "metrics": Text, "Where /metrics, /healthz and /readyz are: `127.0.0.1:9901`.";
        "console": Either<Text, Console>, "Where security staff asks what is in force: `127.0.0.1:9900`. Asks who you are.";
        "trusted_proxies": OneOrMore<Text>, "Only from these are X-Forwarded-For, Forwarded and the PROXY protocol believed.";
        "state": Text, "The folder of tokens, ledger and sessions. Left out: `state/`.";
        "keys": Either<Text, KeyRing>, "The key ring: its file, or a map that also says what wraps it. Left out: `keys` in the state folder.";
        "ledger": Ledger, "What is done with the ledger beside its folder.";
        "node": Text, "This gateway in the ledger; else a random id kept in the state folder.";
        "mode": Mode, "`enforce`.";
        "log": Log, "What is logged, and how.";
        "bounds": Bounds, "What is longer, deeper or later is refused.";
    }
);

/// Where a value may stand instead.
macro_rules! or_elsewhere {
    ($($schema:tt)+) => {
        json_schema!({ "anyOf": [$($schema)+, { "type": "string", "pattern": "^(env|file):." }] })
    };
}

piece!(named Switch, "`true` or `false`.", |_generator| or_elsewhere!({ "type": "boolean" }));
piece!(named Count, "A whole number.", |_generator| or_elsewhere!({ "type": "integer", "minimum": 1 }));
piece!(named Size, "A size.", |_generator| or_elsewhere!({
    "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "string", "pattern": "^\\d+ *(B|KiB|MiB|GiB)?$" }],
    "examples": ["64KiB", "10MiB"],
}));
piece!(named Wait, "A duration.", |_generator| or_elsewhere!({
    "type": "string", "pattern": "^\\d+ *(ms|s|m|h)$", "examples": ["250ms", "30s", "5m"],
}));
piece!(Statuses, "A status.", |_generator| or_elsewhere!({ "type": "integer", "minimum": 200, "maximum": 399 }));
piece!(named Months, "A span of months.", |_generator| or_elsewhere!({
    "type": "string", "pattern": "^\\d+ *months$", "examples": ["13 months"],
}));
piece!(named BasisWord, "A legal basis.", |_generator| or_elsewhere!({ "enum": BASES }));
piece!(Mode, "How rules count.", |_generator| or_elsewhere!({ "enum": ["enforce"] }));

shape!(Ledger, "What is done with the ledger beside its folder.",
    need {}
    may {
        "anchor": Text, "A file on another mount in which checkpoints are kept as well.";
        "witness": Witness, "A witness (C2SP tlog-witness) that signs checkpoints as well.";
        "retention": Retention, "How long records are kept, by their class; `sudare ledger retain` deletes what has lapsed.";
        "holds": OneOrMore<Hold>, "What is kept whatever its class is.";
    }
);
shape!(Witness, "A service of somebody else's that signs each checkpoint once.",
    need {
        "url": Text, "Its submission prefix: https://HOST/PATH.";
        "key": Text, "Its key, as its operator published it: NAME+ID+KEY.";
    }
    may {}
);
shape!(Retention, "How long records are kept, by their class.",
    need {}
    may {
        "access": Months, "Accesses within the house. Left out: `12 months`.";
        "provision": Months, "Provisions to third parties. Left out, and at the least: `36 months`.";
        "hipaa": Months, "Disclosures to be accounted for. Left out, and at the least: `72 months`.";
    }
);
shape!(Hold, "Records that are kept: those of which all of it holds.",
    need {}
    may {
        "subject": Text, "The person: `customer:42`.";
        "staff": Text, "The staff: `tanaka`, or `basic:tanaka` for one source.";
        "from": Text, "From this day (UTC) or moment on.";
        "to": Text, "Until this day, that day included, or before this moment.";
        "why": Text, "What for, for people.";
    }
);

shape!(KeyRing, "The key ring, and the key-encryption key that wraps it.",
    need {}
    may {
        "ring": Text, "The ring's file. Left out: `keys` in the state folder.";
        "file": Text, "The file of the key-encryption key. Left out: beside the ring, with `.kek`.";
        "environment": Text, "Or the name of the environment variable that holds it.";
        "credential": Text, "Or the name of the credential that the service manager hands over.";
        "vault": Text, "Or the address of a key of OpenBao's or Vault's transit engine, which wraps and unwraps itself.";
        "aws_kms": Text, "Or a key of AWS KMS, which does so too: `alias/NAME`, its id or its ARN.";
        "pkcs11": Text, "Or the PKCS #11 URI (RFC 7512) of a key in a token that wraps and unwraps itself.";
    }
);

shape!(Listener, "An address, and what is spoken there.",
    need {
        "address": Text, "An address with a port, or `systemd` for a socket that it hands over.";
    }
    may {
        "tls": Tls, "TLS; else plain HTTP.";
        "proxy_protocol": Switch, "Each connection begins with a header of the PROXY protocol.";
    }
);
shape!(Tls, "How TLS is spoken to staff.",
    need {
        "certificate": Text, "The certificate and what leads from it to its authority (PEM).";
        "key": Text, "Its key (PEM), readable by its owner alone.";
    }
    may {
        "client_ca": Text, "The authorities of staff's own certificates (PEM).";
        "client_crl": Text, "Their revocation lists (PEM): who is on one does not get in.";
        "min": Min, "The oldest version. Left out: `\"1.3\"`.";
    }
);
piece!(Min, "A version of TLS.", |_generator| or_elsewhere!({ "enum": ["1.2", "1.3", 1.2, 1.3] }));
shape!(Upstream, "The CRM's address, and how it is talked to.",
    need {
        "url": Text, "`http://127.0.0.1:9000` or `https://crm.internal`, without a path.";
    }
    may {
        "ca": Text, "The one authority that it must be proven by (PEM); else those of the system.";
        "host": Text, "The `Host` to send. Left out: `preserve`, as staff sent it.";
        "connect_timeout": Wait, "How long a connection may take.";
        "timeout": Wait, "How long an answer's head may take. Left out: `60s`.";
        "health": Either<Text, Health>, "What is asked to see whether it answers: `/login`, or `{ path, every }`.";
    }
);
shape!(Health, "How its health is looked at.",
    need {
        "path": Text, "What is asked for.";
    }
    may {
        "every": Wait, "How often. Left out: `10s`.";
    }
);
shape!(Site, "A host that staff asks for, and what stands behind it.",
    need {
        "upstream": Either<Text, Upstream>, "The CRM.";
    }
    may {
        "tls": SiteTls, "The certificate for this host; else the listener's own.";
    }
);
shape!(SiteTls, "A certificate and its key.",
    need {
        "certificate": Text, "The certificate (PEM).";
        "key": Text, "Its key (PEM).";
    }
    may {}
);
shape!(Console, "Where security staff asks, and who that is.",
    need {
        "address": Text, "An address of this machine with a port: `127.0.0.1:9900`.";
    }
    may {
        "groups": OneOrMore<Text>, "The groups whose members may ask. Left out: `sudare-console`.";
        "hosts": OneOrMore<Text>, "The hosts by which it is asked beside `localhost` and this machine's addresses: what a proxy in front of it passes on.";
    }
);
shape!(Log, "What is logged, and how.", need {} may {
    "level": Level, "The least level. Left out: `info`.";
    "format": Format, "JSON lines, or text. Left out: `json`.";
});
piece!(Level, "A level.", |_generator| or_elsewhere!({ "enum": ["error", "warn", "info", "debug", "trace"] }));
piece!(Format, "A format.", |_generator| or_elsewhere!({ "enum": ["json", "text"] }));
shape!(Bounds, "What is longer, deeper or later is refused.", need {} may {
    "head": Size, "A request's head. Left out: 64KiB.";
    "headers": Count, "Its headers. Left out: 100.";
    "path": Size, "Its path and query. Left out: 8KiB.";
    "body": Size, "Its body. Left out: 64MiB.";
    "depth": Count, "Nesting of JSON and XML. Left out: 128.";
    "value": Size, "A value. Left out: 1MiB.";
    "hold": Size, "Answers that are decided whole. Left out: 2MiB.";
    "hold_all": Size, "What all answers together hold. Left out: 256MiB.";
    "inflate": Count, "How many times its length a body may unpack to. Left out: 200.";
    "connections": Count, "Connections of each listener. Left out: 10000.";
    "tokens": Count, "Random tokens that are kept.";
    "connect": Wait, "A connection to the CRM. Left out: 2s.";
    "head_wait": Wait, "A request's head. Left out: 10s.";
    "idle": Wait, "A connection without a request. Left out: 60s.";
    "request": Wait, "A request as a whole. Left out: 300s.";
    "ledger_wait": Wait, "The ledger. Left out: 1s.";
    "drain": Wait, "Answers in flight at a stop. Left out: 30s.";
});

piece!(named Source, "One source of identity.", |generator| {
    let one = |name: &str, schema: schemars::Schema| {
        json_schema!({ "type": "object", "required": [name], "properties": { name: schema }, "additionalProperties": false })
    };
    let sources = [
        one("jwt", generator.subschema_for::<Jwt>()),
        one("mtls", generator.subschema_for::<Mtls>()),
        one("basic", generator.subschema_for::<Basic>()),
        one("header", generator.subschema_for::<Header>()),
        one("session", generator.subschema_for::<Session>()),
        one("anonymous", generator.subschema_for::<Anonymous>()),
    ];
    json_schema!({ "anyOf": sources })
});
shape!(Jwt, "Tokens of an identity provider.",
    need {
        "jwks": Text, "The provider's keys: a file, or an `https://` address.";
        "issuer": Text, "Who must have issued a token.";
        "audience": OneOrMore<Text>, "Whom a token must be for.";
    }
    may {
        "user": Text, "The claim with the name. Left out: `sub`.";
        "groups": Text, "The claim with the groups, or a file: `staff.yaml`.";
        "algorithms": OneOrMore<Text>, "The algorithms that count.";
        "leeway": Wait, "How far clocks may differ; at most 60s.";
        "refresh": Wait, "How often keys are fetched. Left out: 10m.";
        "stale": Wait, "How long keys count without being fetched anew. Left out: 1h.";
        "ca": Text, "The one authority that the address must be proven by (PEM).";
        "forward": Switch, "Whether the CRM gets the credential too.";
    }
);
piece!(Units, "Where the groups stand.", |_generator| or_elsewhere!({
    "anyOf": [{ "enum": ["OU"] }, { "type": "string", "pattern": "\\.ya?ml$" }],
}));
shape!(Mtls, "Certificates of staff's own.", need {} may {
    "user": User, "Where in the certificate the name stands. Left out: `CN`.";
    "groups": Units, "`OU`, or a file: `staff.yaml`.";
});
piece!(User, "A part of a certificate.", |_generator| or_elsewhere!({ "enum": ["CN", "SAN", "URI"] }));
shape!(Basic, "Names and passwords in a file.",
    need {
        "users": Text, "The file: `users.yaml`.";
    }
    may {
        "forward": Switch, "Whether the CRM gets the credential too.";
    }
);
shape!(Header, "Names that a proxy in front has set.",
    need {
        "user": Text, "The header with the name.";
        "from": OneOrMore<Text>, "The proxy's addresses.";
    }
    may {
        "groups": Text, "The header with the groups, separated by commas; or a file: `staff.yaml`.";
        "secret": Text, "What the proxy says in `Sudare-Secret`: `file:proxy-secret`.";
        "forward": Switch, "Whether the CRM gets the headers too.";
    }
);
shape!(Session, "The CRM's own log-in.",
    need {
        "cookie": Text, "The CRM's cookie.";
        "groups": Text, "The file with the groups: `staff.yaml`.";
    }
    may {
        "login": Text, "The log-in: `POST /login`.";
        "user": Text, "Where in it the name stands: `form.username`, `json.$.login`.";
        "success": Success, "How an answer shows success.";
        "whoami": Whoami, "What the CRM is asked to say whose a session is.";
        "logout": Text, "The log-out: `GET /logout`.";
        "lasts": Wait, "How long a cookie stays bound. Left out: 12h.";
    }
);
shape!(Success, "How an answer shows success.",
    need {
        "status": OneOrMore<Statuses>, "Its status.";
    }
    may {
        "location": Text, "Where it leads: `/home*`.";
        "json": Named<Text>, "What its JSON says, by place: `{ $.user.id: \"*\" }`.";
    }
);
shape!(Whoami, "Who the CRM says somebody is.",
    need {
        "path": Text, "What is asked for.";
        "user": Text, "Where the name stands: `$.login`.";
    }
    may {
        "every": Wait, "After how long it is asked again. Left out: 60s.";
    }
);
shape!(Anonymous, "Whoever nobody recognises.",
    need {
        "groups": AnyNumber<Text>, "Their groups.";
    }
    may {}
);
