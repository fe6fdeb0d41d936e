//! Who asks, in the commands that let somebody ask.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use clap::Args;

use crate::cli::say::{Lang, texts};
use crate::policy::Policy;
use crate::policy::decide::RoleId;
use crate::policy::reader::nearest;
use crate::terms::staff::Staff;

/// What the command line says of whoever asks.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct Who {
    /// Who asks: `tanaka`, or `basic:tanaka`
    #[arg(long, value_name = "ID")]
    staff: Option<String>,
    /// A group of theirs, which gives roles
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// What rules may ask of them: `branch=tokyo`
    #[arg(long = "attribute", value_name = "K=V", value_parser = attribute)]
    attributes: Vec<(String, String)>,
    /// Where they ask from
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub(in crate::cli) network: IpAddr,
}

/// The identity sources that a staff id can name.
const SOURCES: [&str; 6] = ["jwt", "mtls", "basic", "header", "session", "anonymous"];
/// The source of staff whose id names none: no rule is for that one.
const UNNAMED: &str = "test";

impl Who {
    /// Whether an id was given.
    pub(in crate::cli) fn is_named(&self) -> bool {
        self.staff.is_some()
    }

    /// The name of somebody in particular, where one was given: an id, or a group.
    pub(in crate::cli) fn name(&self) -> Option<&str> {
        self.staff.as_deref().or(self.groups.first().map(String::as_str))
    }

    /// Staff with this id where the command line has none.
    pub(in crate::cli) fn staff(&self, unnamed: &str) -> Staff {
        let id = self.staff.as_deref().unwrap_or(unnamed);
        let source = id.split_once(':').and_then(|(source, user)| {
            let known = SOURCES.into_iter().find(|known| *known == source)?;
            Some((known, user))
        });
        let (source, user) = source.unwrap_or((UNNAMED, id));
        let attributes: BTreeMap<_, _> = self.attributes.iter().cloned().collect();
        Staff { attributes, ..Staff::new(source, user, self.groups.clone()) }
    }

    /// The roles that are named, and those that the groups give.
    pub(in crate::cli) fn roles(&self, named: &[String], policy: &Policy, lang: Lang) -> Result<Vec<RoleId>, String> {
        let mut roles = policy.roles_of(&self.groups);
        for name in named {
            roles.push(role(policy, name, lang)?);
        }
        roles.sort_unstable();
        roles.dedup();
        Ok(roles)
    }
}

/// The role of a name, or what is wrong with it.
pub(in crate::cli) fn role(policy: &Policy, name: &str, lang: Lang) -> Result<RoleId, String> {
    policy.role(name).ok_or_else(|| {
        let all = policy.all_roles();
        let what = texts::NO_ROLE.with(lang, &[("word", &name)]);
        let known = all.iter().map(|role| &**role).collect::<Vec<_>>().join(", ");
        let advice = match nearest(name, all.iter().map(|role| &**role)) {
            Some(near) => texts::DID_YOU_MEAN.with(lang, &[("word", &near)]),
            None => texts::ROLES_ARE.with(lang, &[("known", &known)]),
        };
        format!("{what}\n  {advice}")
    })
}

fn attribute(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=TEXT, like branch=tokyo")?;
    Ok((name.to_owned(), value.to_owned()))
}
