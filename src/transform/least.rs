//! The shortest value of each kind, by which `check` tells whether `format` is for it.
//!
//! An alphabet and a length say how many values look alike; the rule is for the shortest that people
//! really have. A shorter one at run time becomes `****`.

use crate::terms::kind::Kind;
use crate::transform::format::{self, ALIKE_MIN};

/// Built-in kinds with a value as short as any. Free words and texts may be one letter long.
const SHORTEST: &[(&str, &str)] = &[
    ("person.name", "林一"),
    ("person.kana", "イイ"),
    ("birth_date", "S1.1.1"),
    ("age", "7"),
    ("gender", "男"),
    ("user_id", "a"),
    ("ip", "1.1.1.1"),
    ("email", "a@x.com"),
    ("phone", "03-1234-5678"),
    ("postal_code", "060-0001"),
    ("address", "津市"),
    ("my_number", "012345678909"),
    ("passport", "TK1234567"),
    ("driver_licence", "012345678900"),
    ("health_insurance", "1"),
    ("pension_number", "0123-456789"),
    ("residence_card", "AB12345678CD"),
    ("ssn", "012-34-5678"),
    ("card_number", "30569309025904"),
    ("iban", "NO9386011117947"),
    ("bank_account", "0123456"),
    ("health", "癌"),
    ("disability", "無"),
    ("belief", "無"),
    ("criminal_record", "無"),
    ("body", "A"),
    ("password", "1234"),
    ("secret", "a"),
    ("notes", "無"),
];

/// Why `format` is not for a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooFew {
    /// A value as short as any.
    pub shortest: &'static str,
    /// How many values look like it.
    pub alike: u64,
}

/// Whether `format` is for a kind. Of a kind that the rules declare nobody knows the shortest value,
/// so each is looked at when it comes.
pub fn too_few(kind: &Kind) -> Option<TooFew> {
    let (_, shortest) = SHORTEST.iter().find(|(name, _)| *name == kind.name)?;
    let alike = format::alike(shortest, kind).unwrap_or(0);
    (alike < ALIKE_MIN).then_some(TooFew { shortest, alike })
}

#[cfg(test)]
mod tests {
    use crate::terms::kind::Kinds;

    use super::*;

    #[test]
    fn every_built_in_kind_has_a_shortest_value_that_can_be_read() {
        let kinds = Kinds::builtin();
        assert_eq!(kinds.0.len(), SHORTEST.len());
        for (_, kind) in kinds.iter() {
            let (_, shortest) = SHORTEST.iter().find(|(name, _)| *name == kind.name).expect(&kind.name);
            assert!(format::alike(shortest, kind).is_some(), "{}", kind.name);
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        let kinds = Kinds::builtin();
        let takes: Vec<&str> =
            kinds.0.iter().filter(|kind| too_few(kind).is_none()).map(|kind| kind.name.as_str()).collect();
        assert_eq!(
            takes,
            [
                "person.name",
                "email",
                "phone",
                "postal_code",
                "address",
                "my_number",
                "passport",
                "driver_licence",
                "pension_number",
                "residence_card",
                "ssn",
                "card_number",
                "iban",
                "bank_account"
            ]
        );
    }
}
