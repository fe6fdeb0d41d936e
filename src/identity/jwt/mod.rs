//! `jwt:` signed tokens of an identity provider (RFC 7519), sent as `Authorization: Bearer`.
//!
//! Which algorithm may check a signature is said by the key, never by the token alone: a token
//! names an algorithm and a key, and only a key that was published for that algorithm is tried.
//! `exp`, `iss` and `aud` must be there; `nbf` is obeyed where it stands. Keys that a token brings
//! along or points to (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.

pub mod keys;
pub mod token;

use serde_json::Value;

use crate::identity::jwt::keys::{Alg, Kept};
use crate::identity::jwt::token::Token;
use crate::identity::{Asking, Found, authorization, name, refused};
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::staff::Staff;

/// Tokens of one identity provider.
pub struct Jwt {
    /// The provider's keys.
    pub keys: Kept,
    /// Who must have issued the token.
    pub issuer: String,
    /// Whom it must be for: one of these.
    pub audience: Vec<String>,
    /// Algorithms that are accepted at all.
    pub algorithms: Vec<Alg>,
    /// How many seconds the provider's clock may be off.
    pub leeway: i64,
    /// The claim with the name.
    pub user: Claim,
    /// The claim with the groups.
    pub groups: Option<Claim>,
}

/// Where a claim stands: by its whole name, or else step by step: `realm_access.roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim(pub String);

impl Claim {
    fn of<'c>(&self, claims: &'c Value) -> Option<&'c Value> {
        let whole = claims.get(&self.0);
        whole.or_else(|| self.0.split('.').try_fold(claims, |inside, step| inside.as_object()?.get(step)))
    }
}

impl Jwt {
    /// Staff, if a token stands there. A key that is not known yet is asked for once.
    pub fn find(&self, asking: &Asking<'_>) -> Result<Found, Refusal> {
        let Some(text) = authorization(asking.headers, "bearer")? else { return Ok(Found::Nothing) };
        let token = Token::read(text).map_err(refused)?;
        let alg = Alg::of(&token.alg).filter(|alg| self.algorithms.contains(alg));
        let alg = alg.ok_or_else(|| refused("the token's algorithm is not accepted"))?;
        let Some(keys) = self.keys.fresh() else {
            let away = || Refusal::new(Reason::IdentityAway, "the identity provider's keys are missing or too old");
            return if asking.again { Err(away()) } else { Ok(Found::Keys) };
        };
        let Some(key) = keys.find(alg, token.kid.as_deref()) else {
            return if asking.again { Err(refused("no such key signs tokens")) } else { Ok(Found::Keys) };
        };
        if !key.signed(&token) {
            return Err(refused("the token's signature is wrong"));
        }
        let claims = token.claims().map_err(refused)?;
        self.check(&claims, asking.now).map_err(refused)?;
        self.staff(&claims).map(Found::Staff)
    }

    fn check(&self, claims: &Value, now: i64) -> Result<(), &'static str> {
        let expires = time(claims, "exp")?.ok_or("the token does not say when it expires")?;
        if expires <= (now - self.leeway) as f64 {
            return Err("the token has expired");
        }
        if time(claims, "nbf")?.is_some_and(|from| from > (now + self.leeway) as f64) {
            return Err("the token is not valid yet");
        }
        if claims.get("iss").and_then(Value::as_str) != Some(self.issuer.as_str()) {
            return Err("the token is another issuer's");
        }
        let is_for = |value: &Value| value.as_str().is_some_and(|one| self.audience.iter().any(|own| own == one));
        let fits = match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().any(is_for),
            Some(one) => is_for(one),
            None => false,
        };
        if fits { Ok(()) } else { Err("the token is for another audience") }
    }

    fn staff(&self, claims: &Value) -> Result<Staff, Refusal> {
        let user = self.user.of(claims).and_then(Value::as_str).and_then(name::user);
        let user = user.ok_or_else(|| refused("the token names nobody"))?.to_owned();
        let groups = match self.groups.as_ref().and_then(|claim| claim.of(claims)) {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::String(text)) => name::groups_of_text(text),
            Some(Value::Array(all)) => {
                let texts: Option<Vec<&str>> = all.iter().map(Value::as_str).collect();
                texts.and_then(|texts| name::groups(texts.into_iter()))
            }
            Some(_) => None,
        };
        let groups = groups.ok_or_else(|| refused("the token's groups cannot be read"))?;
        Ok(Staff::new("jwt", user, groups))
    }
}

/// A time in seconds since 1970; one that is no number is as bad as a false one.
fn time(claims: &Value, name: &str) -> Result<Option<f64>, &'static str> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => match value.as_f64().filter(|time| time.is_finite() && *time >= 0.0) {
            Some(time) => Ok(Some(time)),
            None => Err("a time in the token is no number"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_found_by_its_name_or_step_by_step() {
        let claims = serde_json::json!({
            "groups": 1, "realm_access": { "roles": 2 }, "https://id.example/groups": 3, "a.b": 4, "a": { "b": 5 },
        });
        let at = |name: &str| Claim(name.to_owned()).of(&claims).and_then(Value::as_u64);
        assert_eq!(at("groups"), Some(1));
        assert_eq!(at("realm_access.roles"), Some(2));
        assert_eq!(at("https://id.example/groups"), Some(3));
        assert_eq!(at("a.b"), Some(4));
        assert_eq!((at("groups.roles"), at("none"), at("realm_access.none")), (None, None, None));
    }
}
