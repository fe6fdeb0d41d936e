//! `session:` how the CRM's own log-in looks.

use http::Method;

use crate::config::identity::{is_file, register};
use crate::config::units::{self, Origin};
use crate::identity::session::{Door, Login, Session, Success, UserAt, Whoami};
use crate::identity::{Source, Way};
use crate::policy::fault::Faults;
use crate::policy::node::{Entry, Node};
use crate::policy::reader::{self, MapReader};
use crate::route::normal;
use crate::terms::place::{JsonPath, Step};

/// How long a cookie stays bound, in seconds: a working day.
const LASTS: i64 = 12 * 60 * 60;

/// After how many seconds the CRM is asked again.
const EVERY: i64 = 60;

/// Methods of a log-in or a log-out.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// Reads a `session` source.
pub fn read(entry: &Entry, origin: &Origin<'_>, faults: &mut Faults) -> Option<Source> {
    let mut map = MapReader::open(&entry.value, "`session`", faults)?;
    let cookie = map.need("cookie", faults).and_then(|node| cookie(node, faults));
    let door_node = map.take("login");
    let user = map.take("user");
    let success_node = map.take("success");
    let login = match (door_node, user, success_node) {
        (None, None, None) => None,
        (Some(at), Some(user), Some(success)) => Some(login(at, user, success, faults)),
        _ => {
            faults
                .error(&entry.key_spot, "half-a-login", "`login`, `user` and `success` tell of one log-in together")
                .help(
                    "write `login: POST /login, user: form.username, success: { status: 302, location: \"/home*\" }`",
                );
            None
        }
    };
    let whoami = map.take("whoami").map(|node| whoami(node, faults));
    let logout = map.take("logout").map(|node| door(node, "`logout`", faults));
    let lasts = map.take("lasts").and_then(|node| seconds(node, "`lasts`", faults)).unwrap_or(LASTS);
    let groups = map.need("groups", faults).and_then(|node| {
        if !is_file(node) {
            let message = "`groups` is a file here, since the crm's log-in tells of no groups";
            faults.error(&node.spot, "groups", message).help("write `groups: staff.yaml`");
        }
        register(node, origin, faults)
    });
    map.finish(faults);
    if door_node.is_none() && whoami.is_none() {
        faults
            .error(&entry.key_spot, "no-way", "nothing here tells whose a session is")
            .help("write `login`, `user` and `success`, or `whoami`, or both");
        return None;
    }
    if let (Some(Some(login)), None, Some(node)) = (&login, &whoami, success_node)
        && login.success.json.is_empty()
        && login.success.statuses.iter().any(|status| *status < 300)
    {
        let message = "an answer with status 200 can be the log-in's page again, so it does not show success by itself";
        faults.error(&node.spot, "no-proof", message).help("add `whoami`, so that the crm itself says who logged in, or what only success says: `json: { $.user.id: \"*\" }`");
    }
    // What was told of as wrong leaves no source, and with a fault there is no configuration.
    let (login, whoami) = (all(login)?, all(whoami)?);
    let session = Session::new(cookie?, login, whoami, all(logout)?, lasts);
    Some(Source { way: Way::Session(Box::new(session)), groups: Some(groups?), forward: false })
}

/// `None` only for what stands there and is wrong.
fn all<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}

fn login(at: &Node, user: &Node, success: &Node, faults: &mut Faults) -> Option<Login> {
    let door = door(at, "`login`", faults);
    let (user, success) = (user_at(user, faults), self::success(success, faults));
    let door = door?;
    if door.methods.iter().any(|method| matches!(*method, Method::GET | Method::HEAD)) {
        faults
            .error(&at.spot, "login-method", "a log-in that is a GET puts passwords into addresses and logs")
            .help("write `login: POST /login`");
    }
    Some(Login { door, user: user?, success: success? })
}

/// `POST /login`; several methods as `GET|POST /logout`; a bare path is any method.
fn door(node: &Node, what: &str, faults: &mut Faults) -> Option<Door> {
    let text = reader::text(node, what, faults)?;
    let (methods, path) = text.split_once(' ').unwrap_or(("", text));
    let known = |word: &str| METHODS.contains(&word).then(|| word.parse().ok()).flatten();
    let methods: Option<Vec<Method>> = methods.split('|').filter(|word| !word.is_empty()).map(known).collect();
    let plain = !path.contains(['*', '{', '?', '#']);
    let path = normal::canonical(path.as_bytes()).ok().filter(|_| plain);
    match (methods, path) {
        (Some(methods), Some(path)) => Some(Door { methods, path: path.folded(), text: path.text }),
        _ => {
            let message = format!("{what} is not a method and a path");
            faults.error(&node.spot, "bad-door", message).help("write `POST /login`");
            None
        }
    }
}

fn user_at(node: &Node, faults: &mut Faults) -> Option<UserAt> {
    let text = reader::text(node, "`user`", faults)?;
    let read = match text.split_once('.') {
        Some(("form", name)) if !name.is_empty() => Some(UserAt::Form(name.to_owned())),
        Some(("json", path)) => one(path).map(UserAt::Json),
        _ => None,
    };
    if read.is_none() {
        faults
            .error(&node.spot, "bad-user", "`user` is no place in a log-in")
            .help("write `form.username`, or `json.$.login` for a log-in that sends JSON");
    }
    read
}

/// A JSONPath that leads to one value at most.
fn one(path: &str) -> Option<JsonPath> {
    let path = JsonPath::parse(path).ok()?;
    let single = path.steps.iter().all(|step| matches!(step, Step::Name(_) | Step::Index(_)));
    (single && !path.steps.is_empty()).then_some(path)
}

fn success(node: &Node, faults: &mut Faults) -> Option<Success> {
    let mut map = MapReader::open(node, "`success`", faults)?;
    let status = map.need("status", faults);
    let location = map.take("location");
    let json = map.take("json").map(|node| said(node, faults)).unwrap_or_default();
    map.finish(faults);
    let mut statuses = Vec::new();
    for item in reader::one_or_more(status?, "`status`", faults) {
        let status = reader::number::<u16>(item, "`status`", faults)?;
        if !(200..400).contains(&status) {
            faults.error(&item.spot, "bad-status", format!("an answer with status {status} lets nobody in"));
        }
        statuses.push(status);
    }
    if location.is_none() && statuses.iter().any(|status| (300..400).contains(status)) {
        let message = "many crms answer a wrong password with a redirect too; then anybody could be anybody";
        faults.error(&node.spot, "no-location", message).help("write where a right one leads: `location: \"/home*\"`");
    }
    let location = match location {
        None => None,
        Some(node) => Some(reader::text(node, "`location`", faults)?.to_owned()),
    };
    Some(Success { statuses, location, json })
}

/// What the JSON of an answer that let somebody in says, and where.
fn said(node: &Node, faults: &mut Faults) -> Vec<(JsonPath, String)> {
    let mut all = Vec::new();
    for entry in reader::entries(node, "`json`", faults).unwrap_or_default() {
        match (one(&entry.key), reader::text(&entry.value, "what stands there", faults)) {
            (Some(path), Some(text)) => all.push((path, text.to_owned())),
            (Some(_), None) => {}
            (None, _) => {
                let message = format!("`{}` is no place of one value in JSON", entry.key);
                faults.error(&entry.key_spot, "bad-place", message).help("write `$.user.id: \"*\"`");
            }
        }
    }
    all
}

fn whoami(node: &Node, faults: &mut Faults) -> Option<Whoami> {
    let mut map = MapReader::open(node, "`whoami`", faults)?;
    let path = map.need("path", faults).and_then(|node| {
        let text = reader::text(node, "`path`", faults)?;
        let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
        let canonical = normal::canonical(path.as_bytes()).ok()?.text;
        Some(query.map_or(canonical.clone(), |query| format!("{canonical}?{query}")))
    });
    let user = map.need("user", faults).and_then(|node| {
        let path = one(reader::text(node, "`user`", faults)?);
        if path.is_none() {
            let message = "`user` is no place of one value in JSON";
            faults.error(&node.spot, "bad-user", message).help("write `$.login`");
        }
        path
    });
    let every = map.take("every").and_then(|node| seconds(node, "`every`", faults)).unwrap_or(EVERY);
    if path.as_ref().is_none_or(|path| path.parse::<http::uri::PathAndQuery>().is_err()) {
        faults.error(map.spot(), "bad-path", "`path` is no path of the crm's").help("write `/me`");
    }
    map.finish(faults);
    Some(Whoami { path: path?, user: user?, every })
}

fn seconds(node: &Node, what: &str, faults: &mut Faults) -> Option<i64> {
    let duration = units::some(units::duration(node, what, faults), node, what, faults)?;
    i64::try_from(duration.as_secs()).ok().map(|seconds| seconds.max(1))
}

fn cookie(node: &Node, faults: &mut Faults) -> Option<String> {
    let text = reader::text(node, "`cookie`", faults)?;
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !text.bytes().all(token) {
        faults.error(&node.spot, "bad-cookie", "`cookie` is no cookie's name").help("write `cookie: PHPSESSID`");
        return None;
    }
    Some(text.to_owned())
}
