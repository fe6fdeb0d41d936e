//! The key-encryption key in an environment variable. Whoever may look at the process's environment sees it: a
//! credential of the service manager is better where there is one.

use zeroize::Zeroizing;

use crate::vault::kek::{KekError, LocalKey};

/// The key that a variable holds; `get` knows the environment.
pub fn open(name: &str, get: impl Fn(&str) -> Option<String>) -> Result<LocalKey, KekError> {
    LocalKey::parse(&text(name, get)?).ok_or_else(|| KekError::Unfit(name.to_owned()))
}

/// What a variable holds; `get` knows the environment.
pub fn text(name: &str, get: impl Fn(&str) -> Option<String>) -> Result<Zeroizing<String>, KekError> {
    get(name).map(Zeroizing::new).ok_or_else(|| KekError::NoVariable(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::kek::Wrap;

    #[test]
    fn a_variable_holds_a_key_or_is_refused_by_name() {
        let key = LocalKey::draw().expect("a key");
        let text = key.text().trim().to_owned();
        assert_eq!(open("KEK", |name| (name == "KEK").then(|| text.clone())).expect("a key").id(), key.id());
        let told = |value: Option<&str>| open("KEK", |_| value.map(str::to_owned)).err().expect("an error").to_string();
        assert!(told(None).starts_with("the environment variable `KEK` is not set"));
        assert!(told(Some("hunter2")).starts_with("`KEK` holds no key"));
        assert!(!told(Some("hunter2")).contains("hunter2"));
    }
}
