//! Log-ins that belong to a connection and not to a request.
//!
//! NTLM, and Negotiate as IIS keeps it, prove who asks once and then trust the connection. The
//! gateway's connections to the CRM are everybody's, so that the next person would be taken for the
//! one before: such log-ins are refused, in both directions, before they begin.

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};

use crate::terms::refusal::{Reason, Refusal};

/// The schemes that prove a connection.
const BOUND: [&str; 3] = ["ntlm", "negotiate", "kerberos"];

/// Refuses staff's credential of such a scheme.
pub fn of_staff(headers: &HeaderMap) -> Result<(), Refusal> {
    if has(headers, &AUTHORIZATION) {
        let note = "a credential of NTLM or Negotiate logs a connection in, and connections to the crm are shared";
        return Err(Refusal::new(Reason::ConnectionCredential, note));
    }
    Ok(())
}

/// Refuses the CRM's wish for one.
pub fn of_crm(headers: &HeaderMap) -> Result<(), Refusal> {
    if has(headers, &WWW_AUTHENTICATE) {
        let note = "the crm asks for NTLM or Negotiate, which log a connection in, and its connections are shared; \
                    turn on its form, basic or header log-in";
        return Err(Refusal::new(Reason::ConnectionLogin, note));
    }
    Ok(())
}

fn has(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().any(is_bound)
}

/// Whether any part between commas begins with such a scheme. A realm may hold a comma, and then a
/// word of its own may look like one: that doubt refuses too.
fn is_bound(value: &HeaderValue) -> bool {
    value.as_bytes().split(|&byte| byte == b',').any(|part| {
        let scheme = part.trim_ascii().split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
        BOUND.iter().any(|bound| scheme.eq_ignore_ascii_case(bound.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_found_wherever_they_stand() {
        for (value, bound) in [
            ("NTLM", true),
            ("negotiate YII=", true),
            ("Basic realm=\"crm\", NTLM", true),
            ("Basic realm=\"NTLM\"", false),
            ("Bearer ntlm", false),
            ("", false),
        ] {
            assert_eq!(is_bound(&HeaderValue::from_static(value)), bound, "{value}");
        }
    }
}
