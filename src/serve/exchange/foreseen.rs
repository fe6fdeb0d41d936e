//! What becomes of a request before the CRM is asked: which resources it is about, whether it may be
//! asked, and what becomes of each kind in the answer. For `sudare explain`, which has no sockets.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;

use crate::guard::query::{self, About};
use crate::policy::Policy;
use crate::policy::explain::{Explanation, MatchedResource};
use crate::policy::matched::Matched;
use crate::policy::plan::{Limit, Plan};
use crate::serve::exchange::asked::{Asked, Asks};
use crate::serve::exchange::dry::Caller;
use crate::terms::bounds::Bounds;
use crate::terms::kind::KindId;
use crate::terms::refusal::Refusal;

/// What becomes of a request.
#[derive(Default)]
pub struct Foreseen {
    /// The resources that it is about.
    pub resources: Vec<MatchedResource>,
    /// What is done to its answer; nothing where staff is not let in.
    pub plan: Option<Arc<Plan>>,
    /// Why.
    pub explanation: Option<Explanation>,
    /// What each segment of the path asks that is declared as a question, and each parameter of the query.
    pub questions: Vec<Question>,
    /// How much this staff may look for.
    pub limits: Vec<Limit>,
    /// Why it never reaches the CRM, if it does not.
    pub refusal: Option<Refusal>,
}

/// What one parameter asks.
pub struct Question {
    /// Its name.
    pub name: String,
    /// Whether a resource declares it.
    pub declared: bool,
    /// Whether a rule takes it out, so that the CRM is asked without it.
    pub stripped: bool,
    /// What it asks about veiled kinds.
    pub about: BTreeSet<About>,
    /// The veiled kinds that it looks for by a whole value, or why it is refused.
    pub asks: Result<BTreeSet<KindId>, Refusal>,
}

/// Looks at a request.
pub fn request(policy: &Policy, caller: &Caller<'_>, request: Request<Bytes>) -> Foreseen {
    looked(policy, caller, request, None)
}

/// The same, of a request whose path is not known but what it was about.
pub fn recalled(policy: &Policy, caller: &Caller<'_>, about: &Matched, request: Request<Bytes>) -> Foreseen {
    looked(policy, caller, request, Some(about))
}

fn looked(policy: &Policy, caller: &Caller<'_>, request: Request<Bytes>, about: Option<&Matched>) -> Foreseen {
    let mut foreseen = Foreseen::default();
    if let Err(refusal) = look(policy, caller, request, about, &mut foreseen) {
        foreseen.refusal = Some(refusal);
    }
    foreseen
}

fn look(
    policy: &Policy,
    caller: &Caller<'_>,
    request: Request<Bytes>,
    about: Option<&Matched>,
    foreseen: &mut Foreseen,
) -> Result<(), Refusal> {
    let (head, body) = request.into_parts();
    let bounds = Bounds::default();
    let mut asked = Asked::new(policy, head, body, &bounds)?;
    if let Some(about) = about {
        asked.is_about(about.clone());
    }
    foreseen.resources = policy.matched_resources(asked.matched());
    let asks = Asks { staff: caller.staff, roles: caller.roles, network: Some(caller.network), time: caller.time };
    let plan = asked.plan(policy, &asks, &bounds)?;
    foreseen.explanation = asked.explain(policy, &asks).ok();
    let sorts = query::sorting(&plan, asked.query()).unwrap_or_default();
    let said = asked.query().to_vec();
    let stripped = asked.strip_sorts(policy, &plan)?;
    let question = |(number, pair): (usize, &(String, String))| Question {
        name: pair.0.clone(),
        declared: plan.parameters.contains_key(&crate::terms::label::fold(&pair.0)),
        stripped: stripped && sorts.contains(&number),
        about: query::about(&plan, std::slice::from_ref(pair)),
        asks: query::screen(&plan, std::slice::from_ref(pair)).map(|asked| asked.kinds),
    };
    let segments = asked.named_segments(&plan);
    let of_path = segments.iter().map(|pair| question((usize::MAX, pair)));
    foreseen.questions = of_path.chain(said.iter().enumerate().map(question)).collect();
    foreseen.limits = policy.limits(caller.roles, caller.staff);
    foreseen.plan = Some(Arc::clone(&plan));
    asked.screen(&plan, &Bounds::default()).map(drop)
}
