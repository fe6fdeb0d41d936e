//! A test for each sentence of "How a kind gets its action".

use super::*;
use crate::terms::action::{Generalize, Token};
use crate::terms::kind::{BIRTH_DATE, EMAIL, Kinds, MY_NUMBER, NOTES, PERSON_NAME, PHONE, POSTAL_CODE};

const SUPPORT: RoleId = RoleId(0);
const MANAGER: RoleId = RoleId(1);
const FULL: Action = Action::Mask(Mask::Full);
const LAST4: Action = Action::Mask(Mask::Last4);
const YEAR: Action = Action::Generalize(Generalize::Year);
const OPAQUE: Action = Action::Tokenize(Token::Opaque);

fn rule(id: &str, who: Who, grants: &[(On, Action)]) -> Rule {
    let grants = grants.iter().map(|(on, action)| Grant { on: *on, action: *action }).collect();
    let spot = Spot::start_of("test.yaml");
    Rule {
        id: id.into(),
        spot,
        who,
        grants,
        domain: None,
        search: None,
        sort: None,
        mandatory: false,
        conditioned: false,
        spots: Vec::new(),
        readonly: Vec::new(),
        remarks: Vec::new(),
        ticket: None,
    }
}

fn support(id: &str, on: On, action: Action) -> Rule {
    rule(id, Who::Roles(vec![SUPPORT]), &[(on, action)])
}

fn manager(id: &str, on: On, action: Action) -> Rule {
    rule(id, Who::Roles(vec![MANAGER]), &[(on, action)])
}

fn conditioned(rule: Rule) -> Rule {
    Rule { conditioned: true, ..rule }
}

fn mandatory(on: On, action: Action) -> Rule {
    Rule { mandatory: true, ..rule("ceiling", Who::Every, &[(on, action)]) }
}

fn with_states(rules: &[Rule], states: &[State], roles: &[RoleId], id: KindId) -> Result<(Decision, Trace), Refusal> {
    let kinds = Kinds::builtin();
    let rules = &Rules::new(rules.to_vec(), &kinds);
    decide(&Question { rules, states, ungranted: FULL, roles, id, kind: kinds.get(id) })
}

fn full(rules: &[Rule], roles: &[RoleId], id: KindId) -> (Decision, Trace) {
    with_states(rules, &vec![State::Holds; rules.len()], roles, id).expect("nothing is unknown")
}

fn action(rules: &[Rule], roles: &[RoleId], id: KindId) -> Action {
    full(rules, roles, id).0.action
}

#[test]
fn each_role_answers_by_its_rules_or_else_by_ungranted() {
    let rules = [support("s", On::Kind(PHONE), LAST4), manager("m", On::Kind(PHONE), Action::Show)];
    assert_eq!(action(&rules, &[SUPPORT], PHONE), LAST4);
    assert_eq!(action(&rules, &[SUPPORT], EMAIL), FULL);
    let kinds = Kinds::builtin();
    let states = [State::Holds; 2];
    let question = Question {
        rules: &Rules::new(rules.to_vec(), &kinds),
        states: &states,
        ungranted: Action::Remove,
        roles: &[SUPPORT],
        id: EMAIL,
        kind: kinds.get(EMAIL),
    };
    let (decision, trace) = decide(&question).expect("an answer");
    assert_eq!((decision.action, decision.rules.len(), trace.roles[0].considered.len()), (Action::Remove, 0, 0));
}

#[test]
fn without_show_nothing_is_shown() {
    assert_eq!(action(&[], &[SUPPORT, MANAGER], PHONE), FULL);
    assert_eq!(action(&[], &[], PHONE), FULL);
}

#[test]
fn a_condition_beats_none_even_where_it_names_more_broadly() {
    let rules =
        [support("plain", On::Kind(PHONE), Action::Remove), conditioned(support("when", On::All, Action::Show))];
    let (decision, trace) = full(&rules, &[SUPPORT], PHONE);
    assert_eq!((decision.action, &*decision.rules[0]), (Action::Show, "when"));
    assert_eq!(trace.roles[0].considered[0].verdict, Verdict::Unconditioned);
}

#[test]
fn a_kind_beats_its_category_beats_all() {
    let all = support("all", On::All, Action::Block);
    let category = support("category", On::Category(Category::Contact), Action::Remove);
    let kind = support("kind", On::Kind(PHONE), Action::Show);
    let rules = [all, category, kind];
    assert_eq!(action(&rules, &[SUPPORT], PHONE), Action::Show);
    assert_eq!(action(&rules, &[SUPPORT], EMAIL), Action::Remove);
    assert_eq!(action(&rules, &[SUPPORT], PERSON_NAME), Action::Block);
    let (_, trace) = full(&rules, &[SUPPORT], PHONE);
    let verdicts: Vec<Verdict> = trace.roles[0].considered.iter().map(|item| item.verdict).collect();
    assert_eq!(verdicts, [Verdict::Broader, Verdict::Broader, Verdict::Decides]);
}

#[test]
fn a_kind_beats_its_category_within_one_rule_too() {
    let rules = [rule("one", Who::Every, &[(On::Category(Category::Contact), Action::Show), (On::Kind(PHONE), LAST4)])];
    assert_eq!(action(&rules, &[SUPPORT], PHONE), LAST4);
    assert_eq!(action(&rules, &[SUPPORT], EMAIL), Action::Show);
}

#[test]
fn among_equals_the_stricter_wins() {
    let order = [Action::Block, Action::Remove, FULL, Action::Hash, OPAQUE, LAST4, YEAR, Action::Show];
    for pair in order.windows(2) {
        let rules = [support("mild", On::Kind(PHONE), pair[1]), support("strict", On::Kind(PHONE), pair[0])];
        let (decision, trace) = full(&rules, &[SUPPORT], PHONE);
        assert_eq!((decision.action, &*decision.rules[0]), (pair[0], "strict"));
        assert_eq!(trace.roles[0].considered[0].verdict, Verdict::Milder);
    }
}

#[test]
fn equal_rules_decide_together() {
    let rules = [support("b", On::Kind(PHONE), LAST4), support("a", On::Kind(PHONE), LAST4)];
    let (decision, _) = full(&rules, &[SUPPORT], PHONE);
    assert_eq!(decision.rules.iter().map(|id| &**id).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_rule_for_all_counts_for_each_of_the_roles() {
    // For support it is beaten by a kind, for manager it stands alone.
    let rules = [
        rule("all", Who::Every, &[(On::Category(Category::Contact), LAST4)]),
        support("s", On::Kind(PHONE), Action::Remove),
    ];
    assert_eq!(action(&rules, &[SUPPORT], PHONE), Action::Remove);
    assert_eq!(action(&rules, &[MANAGER], PHONE), LAST4);
    assert_eq!(action(&rules, &[SUPPORT, MANAGER], PHONE), LAST4);
}

#[test]
fn a_rule_for_one_staff_has_a_condition_and_counts_for_each_of_their_roles() {
    let rules = [
        support("s", On::Kind(PHONE), Action::Remove),
        conditioned(rule("staff", Who::Every, &[(On::Kind(PHONE), Action::Show)])),
    ];
    assert_eq!(action(&rules, &[SUPPORT], PHONE), Action::Show);
    let others = with_states(&rules, &[State::Holds, State::Fails("staff")], &[SUPPORT], PHONE);
    assert_eq!(others.expect("an answer").0.action, Action::Remove);
}

#[test]
fn staff_with_several_roles_gets_the_most_permissive_answer() {
    let rules = [support("s", On::Kind(PHONE), Action::Remove), manager("m", On::Kind(PHONE), LAST4)];
    let (decision, trace) = full(&rules, &[SUPPORT, MANAGER], PHONE);
    assert_eq!((decision.action, &*decision.rules[0]), (LAST4, "m"));
    assert_eq!(trace.roles.iter().map(|role| role.action).collect::<Vec<_>>(), [Action::Remove, LAST4]);
    let verdicts: Vec<Verdict> = trace.roles.iter().map(|role| role.considered[0].verdict).collect();
    assert_eq!(verdicts, [Verdict::Outdone, Verdict::Decides]);
    // A role that says nothing of the kind answers by `ungranted`, and so takes nothing away.
    assert_eq!(action(&rules[1..], &[SUPPORT, MANAGER], PHONE), LAST4);
}

#[test]
fn a_mandatory_rule_is_a_ceiling_for_every_role() {
    let rules = [manager("m", On::All, Action::Show), mandatory(On::Kind(MY_NUMBER), Action::Remove)];
    let (decision, trace) = full(&rules, &[SUPPORT, MANAGER], MY_NUMBER);
    assert_eq!((decision.action, &*decision.rules[0]), (Action::Remove, "ceiling"));
    // One decision only: what the best role's own rule says is limited, the other role was outdone before.
    let verdicts: Vec<Verdict> = trace.roles.iter().map(|role| role.verdict).collect();
    assert_eq!(verdicts, [Verdict::Outdone, Verdict::Limited]);
    assert_eq!(trace.roles[1].considered[0].verdict, Verdict::Limited);
    assert_eq!((trace.roles[0].ungranted, trace.roles[1].ungranted), (true, false));
    assert_eq!(trace.ceiling[0].verdict, Verdict::Decides);
    assert_eq!(action(&rules, &[MANAGER], PHONE), Action::Show);
    assert_eq!(action(&rules, &[], MY_NUMBER), Action::Remove);
}

#[test]
fn a_ceiling_gives_nothing_and_softens_nothing() {
    let rules = [support("s", On::Kind(PHONE), Action::Block), mandatory(On::Kind(PHONE), LAST4)];
    let (decision, trace) = full(&rules, &[SUPPORT], PHONE);
    assert_eq!((decision.action, &*decision.rules[0]), (Action::Block, "s"));
    assert_eq!(trace.ceiling[0].verdict, Verdict::Idle);
    assert_eq!(action(&rules[1..], &[SUPPORT], PHONE), FULL);
}

#[test]
fn of_several_ceilings_the_lowest_counts_however_broadly_it_names() {
    let rules = [
        support("s", On::All, Action::Show),
        mandatory(On::Kind(PHONE), LAST4),
        mandatory(On::Category(Category::Contact), Action::Hash),
    ];
    assert_eq!(action(&rules, &[SUPPORT], PHONE), Action::Hash);
}

#[test]
fn an_answer_that_cannot_be_compared_with_the_ceiling_gives_way() {
    let rules = [
        support("s", On::Kind(BIRTH_DATE), Action::Generalize(Generalize::AgeBand)),
        mandatory(On::Kind(BIRTH_DATE), YEAR),
    ];
    assert_eq!(action(&rules, &[SUPPORT], BIRTH_DATE), YEAR);
}

#[test]
fn a_rule_whose_condition_does_not_hold_is_not_there() {
    let rules = [support("plain", On::Kind(PHONE), LAST4), conditioned(support("when", On::Kind(PHONE), Action::Show))];
    for condition in ["network", "hours", "until", "event", "resource", "staff"] {
        let states = [State::Holds, State::Fails(condition)];
        let (decision, trace) = with_states(&rules, &states, &[SUPPORT], PHONE).expect("an answer");
        assert_eq!(decision.action, LAST4);
        assert_eq!(trace.roles[0].considered[1].verdict, Verdict::NotThere(condition));
    }
    let ceiling = [rules[0].clone(), mandatory(On::Kind(PHONE), Action::Remove)];
    let (decision, _) =
        with_states(&ceiling, &[State::Holds, State::Fails("hours")], &[SUPPORT], PHONE).expect("an answer");
    assert_eq!(decision.action, LAST4);
}

#[test]
fn a_condition_that_cannot_be_evaluated_refuses() {
    let rules = [support("plain", On::Kind(PHONE), LAST4), conditioned(support("when", On::Kind(PHONE), Action::Show))];
    let states = [State::Holds, State::Unknown("network")];
    let refusal = with_states(&rules, &states, &[SUPPORT], PHONE).expect_err("nobody knows the network");
    assert_eq!(refusal, Refusal::new(Reason::Rule, "`network` of rule `when` (test.yaml:1) cannot be evaluated"));
    // It says nothing of other kinds and of other roles.
    assert!(with_states(&rules, &states, &[SUPPORT], EMAIL).is_ok());
    assert!(with_states(&rules, &states, &[MANAGER], PHONE).is_ok());
    let ceiling = [mandatory(On::Kind(PHONE), LAST4)];
    assert!(with_states(&ceiling, &[State::Unknown("network")], &[MANAGER], PHONE).is_err());
}

#[test]
fn tokens_within_a_subject_are_stricter_than_those_of_a_domain() {
    let shared = Rule { domain: Some("analytics".into()), ..support("shared", On::Kind(EMAIL), OPAQUE) };
    let own = support("own", On::Kind(EMAIL), OPAQUE);
    assert_eq!(full(std::slice::from_ref(&shared), &[SUPPORT], EMAIL).0.domain.as_deref(), Some("analytics"));
    let (decision, _) = full(&[shared.clone(), own], &[SUPPORT], EMAIL);
    assert_eq!((decision.domain, &*decision.rules[0]), (None, "own"));
    // Between roles the more permissive one counts.
    let rules = [shared, manager("m", On::Kind(EMAIL), OPAQUE)];
    assert_eq!(full(&rules, &[SUPPORT, MANAGER], EMAIL).0.domain.as_deref(), Some("analytics"));
}

#[test]
fn options_that_cannot_be_compared_show_nothing_should_they_meet() {
    let rules = [
        support("a", On::Kind(BIRTH_DATE), YEAR),
        support("b", On::Kind(BIRTH_DATE), Action::Generalize(Generalize::AgeBand)),
    ];
    assert_eq!(action(&rules, &[SUPPORT], BIRTH_DATE), FULL);
}

#[test]
fn whole_values_of_names_and_numbers_to_reach_people_may_be_sought() {
    let search = |rules: &[Rule], roles: &[RoleId], id| full(rules, roles, id).0.search;
    for (id, unsaid) in [
        (PHONE, Search::Exact),
        (EMAIL, Search::Exact),
        (PERSON_NAME, Search::Exact),
        (POSTAL_CODE, Search::None),
        (NOTES, Search::None),
    ] {
        assert_eq!(search(&[], &[SUPPORT], id), unsaid);
    }
    let none = Rule { search: Some(Search::None), ..support("none", On::Kind(PHONE), LAST4) };
    let any = Rule { search: Some(Search::Any), ..manager("any", On::Kind(PHONE), FULL) };
    let show = manager("show", On::Kind(PHONE), Action::Show);
    assert_eq!(search(std::slice::from_ref(&none), &[SUPPORT], PHONE), Search::None);
    assert_eq!(search(&[none.clone(), any], &[SUPPORT, MANAGER], PHONE), Search::Any);
    assert_eq!(search(std::slice::from_ref(&show), &[MANAGER], PHONE), Search::Any);
    // What a ceiling veils may be sought as far as any veiled value.
    assert_eq!(search(&[show.clone(), mandatory(On::Kind(PHONE), LAST4)], &[MANAGER], PHONE), Search::Exact);
    let closed = Rule { search: Some(Search::None), ..mandatory(On::Kind(PHONE), LAST4) };
    // A ceiling that hides no more than the role does still says what may be asked.
    let full = Rule { search: Some(Search::None), ..mandatory(On::Category(Category::Contact), FULL) };
    assert_eq!(search(std::slice::from_ref(&full), &[SUPPORT], PHONE), Search::None);
    assert_eq!(search(&[show.clone(), full], &[SUPPORT, MANAGER], PHONE), Search::None);
    let removed = mandatory(On::Kind(PHONE), Action::Remove);
    assert_eq!(search(&[show.clone(), closed.clone(), removed], &[MANAGER], PHONE), Search::None);
    assert_eq!(search(&[show, closed], &[MANAGER], PHONE), Search::None);
}

#[test]
fn what_sorts_is_refused_unless_every_rule_that_could_says_otherwise() {
    let sort = |rules: &[Rule], roles: &[RoleId]| full(rules, roles, PHONE).0.sort;
    let with = |sort, rule: Rule| Rule { sort: Some(sort), ..rule };
    let phone = On::Kind(PHONE);
    let (strip, silent) = (with(Sort::Strip, support("a", phone, LAST4)), support("b", phone, LAST4));
    assert_eq!((sort(&[], &[SUPPORT]), sort(&[], &[])), (Sort::Refuse, Sort::Refuse));
    assert_eq!(sort(std::slice::from_ref(&silent), &[SUPPORT]), Sort::Refuse);
    assert_eq!(sort(std::slice::from_ref(&strip), &[SUPPORT]), Sort::Strip);
    assert_eq!(sort(&[strip.clone(), silent], &[SUPPORT]), Sort::Strip, "who says nothing says nothing against it");
    let refuse = with(Sort::Refuse, support("c", phone, LAST4));
    assert_eq!(sort(&[strip.clone(), refuse], &[SUPPORT]), Sort::Refuse, "the stricter of one role's rules counts");
    assert_eq!(sort(&[strip.clone(), manager("m", phone, FULL)], &[SUPPORT, MANAGER]), Sort::Strip);
    let ceiling = with(Sort::Refuse, mandatory(phone, LAST4));
    assert_eq!(sort(&[strip.clone(), ceiling], &[SUPPORT]), Sort::Refuse);
    assert_eq!(sort(&[strip.clone(), mandatory(phone, LAST4)], &[SUPPORT]), Sort::Strip);
    // Where a rule may be there or not, the stricter of both counts.
    let maybe = conditioned(with(Sort::Refuse, support("d", phone, LAST4)));
    let states = [State::Holds, State::Either("where")];
    let doubtful = with_states(&[strip, maybe], &states, &[SUPPORT], PHONE).expect("nothing is unknown").0;
    assert_eq!(doubtful.sort, Sort::Refuse);
}

#[test]
fn what_every_role_may_not_change_is_read_only() {
    let readonly = |on: On, rule: Rule| Rule { readonly: vec![on], ..rule };
    let phone = On::Kind(PHONE);
    let support = readonly(phone, rule("s", Who::Roles(vec![SUPPORT]), &[]));
    let manager = readonly(On::Category(Category::Contact), rule("m", Who::Roles(vec![MANAGER]), &[]));
    let is = |rules: &[Rule], roles: &[RoleId], id| full(rules, roles, id).0.readonly;
    let both = [support.clone(), manager];
    assert!(is(&both, &[SUPPORT], PHONE) && is(&both, &[SUPPORT, MANAGER], PHONE));
    assert!(!is(&both[..1], &[SUPPORT, MANAGER], PHONE) && !is(&both, &[SUPPORT], EMAIL) && !is(&both, &[], PHONE));
    let ceiling = readonly(On::All, Rule { mandatory: true, ..rule("c", Who::Every, &[]) });
    assert!(is(&[ceiling], &[SUPPORT, MANAGER], NOTES));
    let conditioned = [conditioned(support)];
    let with = |state| with_states(&conditioned, &[state], &[SUPPORT], PHONE).map(|(decision, _)| decision.readonly);
    assert_eq!(with(State::Fails("when")), Ok(false));
    assert_eq!(with(State::Either("where")), Ok(true));
    assert!(with(State::Unknown("cel")).is_err());
}

#[test]
fn several_resources_take_the_stricter_decision() {
    let decision = |action, rule: &str| Decision {
        action,
        domain: None,
        rules: vec![rule.into()],
        search: Search::Exact,
        sort: Sort::Refuse,
        readonly: false,
    };
    let both = combine(decision(LAST4, "a"), decision(Action::Remove, "b"));
    assert_eq!((both.action, both.rules), (Action::Remove, vec!["b".into()]));
    let both = combine(decision(LAST4, "a"), decision(LAST4, "b"));
    assert_eq!(both.rules, ["a".into(), "b".into()]);
    let age = Action::Generalize(Generalize::AgeBand);
    assert_eq!(combine(decision(YEAR, "a"), decision(age, "b")).action, FULL);
    let shown = Decision { search: Search::Any, ..decision(Action::Show, "a") };
    assert_eq!(combine(shown, decision(LAST4, "b")).search, Search::Exact);
}

#[test]
fn where_no_record_tells_the_stricter_answer_counts() {
    let phone = On::Kind(PHONE);
    let of_record = |rule: Rule| conditioned(rule);
    let states = |rules: &[Rule]| -> Vec<State> {
        rules.iter().map(|rule| if rule.conditioned { State::Either("where") } else { State::Holds }).collect()
    };
    let ask = |rules: &[Rule], roles: &[RoleId]| {
        let (decision, trace) = with_states(rules, &states(rules), roles, PHONE).expect("an answer");
        (decision.action, trace)
    };
    let shows = of_record(support("shows", phone, Action::Show));
    let hides = of_record(support("hides", phone, Action::Remove));
    let some = of_record(support("some", On::All, LAST4));
    assert_eq!(ask(&[support("plain", phone, LAST4), shows.clone()], &[SUPPORT]).0, LAST4);
    assert_eq!(ask(&[support("plain", phone, Action::Show), hides.clone()], &[SUPPORT]).0, Action::Remove);
    assert_eq!(ask(std::slice::from_ref(&shows), &[SUPPORT]).0, FULL);
    let several = [support("plain", phone, Action::Show), some, shows, hides];
    let (action, trace) = ask(&several, &[SUPPORT]);
    assert_eq!(action, Action::Remove);
    let verdicts: Vec<Verdict> = trace.roles[0].considered.iter().map(|item| item.verdict).collect();
    let per_record = Verdict::PerRecord("where");
    assert_eq!(verdicts, [Verdict::Unconditioned, per_record, per_record, Verdict::Decides]);
    // Each role answers so, and then the most permissive counts.
    let with_manager = [several.as_slice(), &[manager("m", phone, LAST4)]].concat();
    assert_eq!(ask(&with_manager, &[SUPPORT, MANAGER]).0, LAST4);
    let ceiling = Rule { conditioned: true, ..mandatory(On::All, Action::Hash) };
    assert_eq!(ask(&[support("plain", phone, Action::Show), ceiling], &[SUPPORT]).0, Action::Hash);
}
