//! rules/*.yaml: from what people write to what the hot path runs.
//!
//! `node` and `reader` turn YAML into what `rule` says was written; `compile` looks everything up
//! and makes a `Policy` of it; `decide` says what becomes of a kind; `planner` puts it all into the
//! `Plan` that the guard runs, and `columns` adds what one request says of its rows; `explain` tells why, `recall` of what the ledger holds,
//! `difference` what a change of rules changes, `standing` what they say beside rules; `schema` is for editors. The same nodes, readers and faults serve
//! gateway.yaml.

pub mod columns;
pub mod compile;
pub mod conditions;
pub mod decide;
pub mod difference;
mod exceptions;
mod excluded;
pub mod explain;
pub mod fault;
pub mod headers;
mod idle;
pub mod limits;
mod lines;
pub mod matched;
pub mod node;
pub mod plan;
mod planner;
pub mod reader;
pub mod recall;
pub mod remembered;
pub mod render;
pub mod reveal;
pub mod role;
pub mod rows;
pub mod rule;
pub mod rulebook;
pub mod schema;
mod standing;
pub mod store;
pub mod strict;
pub mod table;
pub mod trace;
mod traps;
mod undone;
pub mod version;
pub mod warnings;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;
use jiff::Timestamp;

use crate::detect::Detectors;
use crate::policy::compile::{Condition, KindTable, Loaded, Resource, Role, Route};
use crate::policy::conditions::{Conditioned, Situation};
use crate::policy::decide::RoleId;
use crate::policy::difference::Grants;
use crate::policy::explain::Explanation;
use crate::policy::fault::{Fault, Faults};
use crate::policy::headers::Headers;
use crate::policy::limits::LimitRule;
use crate::policy::matched::{Asked, BodyValues, Looks, Matched};
use crate::policy::node::{Source, Spot};
use crate::policy::plan::{Decision, Limit, Plan};
use crate::policy::planner::Key;
use crate::policy::reveal::{RevealRule, SubjectPage};
use crate::policy::rule::settings::Undeclared;
use crate::policy::rule::tests::TestCase;
use crate::policy::rulebook::Rules;
use crate::policy::store::Store;
use crate::route::router::Router;
use crate::terms::action::Action;
use crate::terms::disclosure::InLedger;
use crate::terms::kind::{KindId, Kinds};
use crate::terms::place::JsonPath;
use crate::terms::recipient::Recipient;
use crate::terms::refusal::Refusal;
use crate::terms::retention::Class;
use crate::terms::staff::Staff;

/// All rule files as one policy, ready to run.
pub struct Policy {
    parts: Parts,
    router: Router,
    /// Plans that were made; emptied when full, since what is asked for comes back at once.
    plans: Mutex<HashMap<Key, Arc<Plan>>>,
}

/// What `compile` makes of rule files.
pub(crate) struct Parts {
    pub(crate) version: Arc<str>,
    pub(crate) kinds: KindTable,
    pub(crate) roles: Vec<Role>,
    pub(crate) rules: Rules,
    pub(crate) conditions: Vec<Condition>,
    /// Which rules have a condition.
    pub(crate) conditioned: Conditioned,
    /// What expressions look at, where there are any.
    pub(crate) looks: Option<Looks>,
    /// The words that may say what a request is made for.
    pub(crate) purposes: Vec<Arc<str>>,
    /// The same, as gateway.yaml declares them.
    pub(crate) declared: Option<Vec<String>>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) routes: Vec<Route>,
    pub(crate) words: Arc<HashSet<String>>,
    pub(crate) ungranted: Action,
    pub(crate) undeclared: Undeclared,
    /// How much staff may look for.
    pub(crate) limits: Vec<LimitRule>,
    /// What may be revealed to whom.
    pub(crate) reveals: Vec<RevealRule>,
    /// What the CRM itself holds as tokens.
    pub(crate) store: Arc<Store>,
    /// What all answers say to browsers.
    pub(crate) headers: Headers,
    pub(crate) tests: Vec<TestCase>,
}

/// Plans that are kept.
const PLANS_MAX: usize = 1024;

impl Policy {
    /// Reads rule files into one policy, or says what is wrong with them.
    pub fn parse(sources: &[Source]) -> Loaded {
        compile::load(sources, None)
    }

    /// The same, where gateway.yaml declares the purposes that rules may name.
    pub fn parse_for(sources: &[Source], purposes: Option<&[String]>) -> Loaded {
        compile::load(sources, purposes)
    }

    /// The purposes that gateway.yaml declares.
    pub fn declared_purposes(&self) -> Option<&[String]> {
        self.parts.declared.as_deref()
    }

    /// The words that may say what a request is made for.
    pub fn purposes(&self) -> &[Arc<str>] {
        &self.parts.purposes
    }

    pub(crate) fn new(parts: Parts) -> Policy {
        let mut router = Router::new();
        for route in &parts.routes {
            router.insert(route.rule.path.clone());
        }
        Policy { parts, router, plans: Mutex::new(HashMap::new()) }
    }

    /// The hash of the rule files, `sha256:…`.
    pub fn version(&self) -> &Arc<str> {
        &self.parts.version
    }

    /// All kinds.
    pub fn kinds(&self) -> &Arc<Kinds> {
        &self.parts.kinds.kinds
    }

    /// What finds kinds in text.
    pub fn detectors(&self) -> &Arc<Detectors> {
        &self.parts.kinds.detectors
    }

    /// The roles that groups give, sorted.
    pub fn roles_of(&self, groups: &[String]) -> Vec<RoleId> {
        let gives = |role: &&(RoleId, &Role)| role.1.groups.iter().any(|group| groups.contains(group));
        let all: Vec<(RoleId, &Role)> = (0u16..).map(RoleId).zip(&self.parts.roles).collect();
        all.iter().filter(gives).map(|(id, _)| *id).collect()
    }

    /// The role of a name.
    pub fn role(&self, name: &str) -> Option<RoleId> {
        let at = self.parts.roles.iter().position(|role| *role.name == *name)?;
        u16::try_from(at).ok().map(RoleId)
    }

    /// The names of roles.
    pub fn role_names(&self, roles: &[RoleId]) -> Vec<Arc<str>> {
        roles.iter().filter_map(|role| Some(self.parts.roles.get(usize::from(role.0))?.name.clone())).collect()
    }

    /// The names of all roles, in their order.
    pub fn all_roles(&self) -> Vec<Arc<str>> {
        self.parts.roles.iter().map(|role| role.name.clone()).collect()
    }

    /// To whom data goes that somebody with these roles is shown: the farthest of them, and of those that are equally
    /// far every organisation and country; nobody where nobody has a role.
    pub fn recipient(&self, roles: &[RoleId]) -> Option<Recipient> {
        let all = || roles.iter().filter_map(|role| Some(&self.parts.roles.get(usize::from(role.0))?.recipient));
        let relation = all().map(|own| own.relation).max()?;
        let joined = |of: fn(&Recipient) -> Option<&Arc<str>>| {
            let named: BTreeSet<&str> =
                all().filter(|own| own.relation == relation).filter_map(of).map(|name| &**name).collect();
            (!named.is_empty()).then(|| named.into_iter().collect::<Vec<_>>().join("+").into())
        };
        let (organisation, country) = (joined(|own| own.organisation.as_ref()), joined(|own| own.country.as_ref()));
        Some(Recipient { relation, organisation, country })
    }

    /// How long records about these resources are kept: as long as that of them that is kept longest.
    pub fn retention<'r>(&self, ids: impl IntoIterator<Item = &'r str>) -> Class {
        let class = |id: &str| {
            let own = self.parts.resources.iter().find(|resource| *resource.id == *id);
            own.map_or(Class::default(), |resource| resource.options.retention)
        };
        ids.into_iter().map(class).max().unwrap_or_default()
    }

    /// Where a rule was asked for, as the number of a ticket.
    pub fn ticket(&self, rule: &str) -> Option<&str> {
        self.parts.rules.iter().find(|own| *own.id == *rule)?.ticket.as_deref()
    }

    /// The ids of all resources, in their order: the values that a metric's label can have.
    pub fn resource_ids(&self) -> Vec<Arc<str>> {
        self.parts.resources.iter().map(|resource| resource.id.clone()).collect()
    }

    /// The groups that give a role.
    pub fn groups_of(&self, role: RoleId) -> &[String] {
        self.parts.roles.get(usize::from(role.0)).map_or(&[], |role| &role.groups)
    }

    /// Every rule's id, and where it is written.
    pub fn rules_written(&self) -> impl Iterator<Item = (&Arc<str>, &Spot)> {
        self.parts.rules.iter().map(|rule| (&rule.id, &rule.spot))
    }

    /// Every resource's id, and where it is written.
    pub fn resources_written(&self) -> impl Iterator<Item = (&Arc<str>, &Spot)> {
        self.parts.resources.iter().map(|resource| (&resource.id, &resource.spot))
    }

    /// How many rules there are.
    pub fn rule_count(&self) -> usize {
        self.parts.rules.len()
    }

    /// What becomes of a path that no resource matches.
    pub fn undeclared(&self) -> Undeclared {
        self.parts.undeclared
    }

    /// The limits that hold for staff with these roles.
    pub fn limits(&self, roles: &[RoleId], staff: Option<&Staff>) -> Vec<Limit> {
        limits::of(&self.parts, roles, staff)
    }

    /// How often staff with these roles may ask to have something revealed.
    pub fn reveal_limits(&self, roles: &[RoleId], staff: Option<&Staff>) -> Vec<Limit> {
        limits::of_reveals(&self.parts, roles, staff)
    }

    /// For how many seconds any limit counts what was looked for.
    pub fn longest_limit(&self) -> u32 {
        limits::longest(&self.parts)
    }

    /// Whom each limit of the rules is for, and what it says.
    pub fn limits_said(&self) -> Vec<(String, String)> {
        limits::said(&self.parts)
    }

    /// The rule by which staff may have a kind revealed for a purpose.
    pub fn reveals(&self, roles: &[RoleId], staff: &Staff, kind: KindId, purpose: &str) -> Option<&RevealRule> {
        reveal::of(&self.parts, roles, staff, kind, purpose)
    }

    /// What the CRM itself holds as tokens.
    pub fn store(&self) -> &Store {
        &self.parts.store
    }

    /// What is said of each kind that the CRM holds as tokens, in one spelling.
    pub fn store_said(&self) -> Vec<(String, String)> {
        self.parts.store.said(self.kinds())
    }

    /// Whether anything that is revealed stays open for a while.
    pub fn opens(&self) -> bool {
        self.parts.reveals.iter().any(|rule| rule.lasts.is_some())
    }

    /// Whom each rule of the reveal API is for, and what it says.
    pub fn reveals_said(&self) -> Vec<(String, String)> {
        reveal::said(&self.parts)
    }

    /// The page of a resource that shows a subject, if one can be asked for by the subject's id alone.
    pub fn page_of(&self, resource: &str, id: &str) -> Option<SubjectPage> {
        reveal::page(&self.parts, resource, id, "GET")
    }

    /// Where a resource takes a method for a subject that is named by its id alone.
    pub fn page_by(&self, resource: &str, id: &str, method: &str) -> Option<SubjectPage> {
        reveal::page(&self.parts, resource, id, method)
    }

    /// What is known of an exchange whoever asks: its places, its event, what the CRM holds as tokens. Nobody is given
    /// anything by it.
    pub fn plan_of_nobody(&self, matched: &Matched) -> Result<Plan, Refusal> {
        planner::plan_of_nobody(&self.parts, matched)
    }

    /// How a subject of this type may stand in the ledger, where only its type is known.
    pub fn in_ledger(&self, subject: &str) -> InLedger {
        reveal::in_ledger(&self.parts, subject)
    }

    /// Whether a request may say that it is made for this.
    pub fn knows_purpose(&self, word: &str) -> bool {
        self.parts.purposes.iter().any(|known| **known == *word)
    }

    /// The tests that stand in the rule files.
    pub fn tests(&self) -> &[TestCase] {
        &self.parts.tests
    }

    /// Which resources a request is about, by method, path, query and headers.
    pub fn candidates(&self, asked: &Asked<'_>) -> Matched {
        matched::candidates(&self.parts, &self.router, asked)
    }

    /// The places of a JSON body whose values `narrow` asks for.
    pub fn body_paths(&self, matched: &Matched) -> Vec<JsonPath> {
        matched::body_paths(&self.parts, matched)
    }

    /// The parameters of the query that resources of this path are told apart by.
    pub fn query_names(&self, matched: &Matched) -> Vec<String> {
        matched::query_names(&self.parts, matched)
    }

    /// Which of the candidates the body leaves.
    pub fn narrow(&self, matched: Matched, body: &BodyValues) -> Matched {
        matched::narrow(&self.parts, matched, body)
    }

    /// Whether any resource lets veils in a write become their originals again.
    pub fn restores(&self) -> bool {
        self.parts.resources.iter().any(|resource| resource.options.restore)
    }

    /// Whether any resource's answers are remembered for writes.
    pub fn remembers(&self) -> bool {
        self.parts.resources.iter().any(|resource| resource.remember.is_some())
    }

    /// The types of records that are remembered and that the resources of this path are about, whatever they ask of
    /// the body.
    pub fn kinds_of_calls(&self, matched: &Matched) -> Vec<String> {
        remembered::kinds_of_calls(&self.parts, matched)
    }

    /// Whether staff without a role may ask: every matched resource says so, or it is the log-in.
    pub fn is_public(&self, matched: &Matched) -> bool {
        let resources = planner::resources(&self.parts, matched);
        let public = !resources.is_empty() && resources.iter().all(|resource| resource.options.public);
        matched.open || (public && !matched.doubt)
    }

    /// What is to be done to an exchange.
    pub fn plan(&self, situation: &Situation<'_>) -> Result<Arc<Plan>, Refusal> {
        planner::admit(self, situation)?;
        let states = conditions::states(&self.parts, situation);
        let key = Key::new(&self.parts, situation, &states);
        // A panic elsewhere cannot have left a plan half made.
        if let Some(plan) = self.plans.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(plan.clone());
        }
        let plan = Arc::new(planner::plan(&self.parts, situation, &states)?);
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= PLANS_MAX {
            plans.clear();
        }
        plans.insert(key, plan.clone());
        Ok(plan)
    }

    /// Why each kind becomes what it becomes.
    pub fn explain(&self, situation: &Situation<'_>) -> Result<Explanation, Refusal> {
        planner::admit(self, situation)?;
        let states = conditions::states(&self.parts, situation);
        explain::explain(&self.parts, situation, &states)
    }

    /// What it gives to whom.
    pub fn grants(&self) -> Grants {
        difference::of(&self.parts)
    }

    /// What becomes of each kind for one role, where no condition holds.
    pub fn row(&self, role: RoleId) -> Vec<(KindId, Decision)> {
        difference::row(&self.parts, role)
    }

    /// What is hardly meant so: rules that never apply, that have ended or soon will.
    pub fn warnings(&self, now: Timestamp) -> Vec<Fault> {
        warnings::of(&self.parts, now)
    }

    /// What rules for exceptions do not say: why, who answers for them, when they end.
    pub fn exceptions(&self) -> Vec<Fault> {
        let mut faults = Faults::new();
        exceptions::tell(&self.parts, &mut faults);
        faults.into_sorted()
    }

    /// Notes roles that nobody can have where these are all groups that there are.
    pub fn check_groups(&self, groups: &BTreeSet<String>, faults: &mut Faults) {
        warnings::nobody(&self.parts, groups, faults);
    }

    /// Notes rules for persons who cannot come; `may_be` tells whether somebody can have an id.
    pub fn check_staff(&self, may_be: &dyn Fn(&str) -> bool, faults: &mut Faults) {
        warnings::strangers(&self.parts, may_be, faults);
    }

    /// Notes networks in which these proxies are.
    pub fn check_proxies(&self, proxies: &[IpNet], faults: &mut Faults) {
        warnings::proxied(&self.parts, proxies, faults);
    }

    /// Notes tokens that look like values in a CRM that may hold values, since none was ever converted.
    pub fn check_store(&self, faults: &mut Faults) {
        warnings::unconverted(&self.parts, faults);
    }

    /// Notes a person, `TYPE:ID`, of a type that no resource gives: no record is under that name.
    pub fn check_held(&self, person: &str, spot: &Spot, faults: &mut Faults) {
        warnings::unnamed(&self.parts, person, spot, faults);
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Policy({}, {} resources, {} rules)",
            self.parts.version,
            self.parts.resources.len(),
            self.parts.rules.len()
        )
    }
}
