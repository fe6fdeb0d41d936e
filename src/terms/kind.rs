//! Kinds of personal data: what they are called, what they belong to and what may be done to them.

use crate::terms::action::{Generalize, Mask};

/// What sort of personal data a kind is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Who somebody is.
    Identity,
    /// How to reach them.
    Contact,
    /// Where they are.
    Location,
    /// Their money.
    Financial,
    /// Numbers that a state gave them.
    GovernmentId,
    /// What the law calls special: health, belief, record.
    Sensitive,
    /// What lets somebody in.
    Credential,
    /// Free text.
    Notes,
}

impl Category {
    /// Every category.
    pub const ALL: [Category; 8] = [
        Category::Identity,
        Category::Contact,
        Category::Location,
        Category::Financial,
        Category::GovernmentId,
        Category::Sensitive,
        Category::Credential,
        Category::Notes,
    ];

    /// The word in rules.
    pub fn word(self) -> &'static str {
        match self {
            Category::Identity => "identity",
            Category::Contact => "contact",
            Category::Location => "location",
            Category::Financial => "financial",
            Category::GovernmentId => "government_id",
            Category::Sensitive => "sensitive",
            Category::Credential => "credential",
            Category::Notes => "notes",
        }
    }

    /// The category of a word, if it is one.
    pub fn from_word(word: &str) -> Option<Category> {
        Category::ALL.into_iter().find(|category| category.word() == word)
    }
}

/// The number of a kind in the policy's table; the built-in ones have the same number everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KindId(pub u16);

/// A kind of personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Its name in rules: `person.name`.
    pub name: String,
    /// Its category.
    pub category: Category,
    /// Labels, folded, that alone say that a value is of this kind.
    pub labels: Vec<String>,
    /// A pattern of the rules that finds it in text.
    pub pattern: Option<String>,
    /// Masks beside `full`.
    pub masks: &'static [Mask],
    /// Generalizations; any number of digits is `Digits(0)`.
    pub generalizes: &'static [Generalize],
    /// Values shorter than this many characters are sought elsewhere only in their own record.
    pub elsewhere_chars: usize,
}

/// All kinds of one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kinds(pub Vec<Kind>);

impl Kinds {
    /// The built-in kinds.
    pub fn builtin() -> Kinds {
        debug_assert!(BUILTIN.iter().enumerate().all(|(at, row)| usize::from(row.at) == at), "numbers are places");
        Kinds(BUILTIN.iter().map(Row::kind).collect())
    }

    /// The kind of a number.
    pub fn get(&self, id: KindId) -> &Kind {
        &self.0[usize::from(id.0)]
    }

    /// The number of a name.
    pub fn id(&self, name: &str) -> Option<KindId> {
        let at = self.0.iter().position(|kind| kind.name == name)?;
        Some(KindId(u16::try_from(at).ok()?))
    }

    /// Every number with its kind.
    pub fn iter(&self) -> impl Iterator<Item = (KindId, &Kind)> {
        (0u16..).map(KindId).zip(&self.0)
    }
}

macro_rules! builtin {
    ($($id:ident = $at:literal, $name:literal, $category:ident, masks $masks:expr, generalizes $generalizes:expr, labels $labels:expr;)*) => {
        $(#[doc = concat!("The number of `", $name, "`.")] pub const $id: KindId = KindId($at);)*
        const BUILTIN: &[Row] = &[$(Row {
            at: $at, name: $name, category: Category::$category, masks: $masks, generalizes: $generalizes, labels: $labels,
        }),*];
    };
}

struct Row {
    at: u16,
    name: &'static str,
    category: Category,
    masks: &'static [Mask],
    generalizes: &'static [Generalize],
    labels: &'static [&'static str],
}

impl Row {
    fn kind(&self) -> Kind {
        Kind {
            name: self.name.to_owned(),
            category: self.category,
            labels: self.labels.iter().map(|label| crate::terms::label::fold(label)).collect(),
            pattern: None,
            masks: self.masks,
            generalizes: self.generalizes,
            elsewhere_chars: if self.name.starts_with("person.") { 3 } else { 6 },
        }
    }
}

const DATE: &[Generalize] = &[Generalize::Year, Generalize::Decade, Generalize::AgeBand];
const AGE: &[Generalize] = &[Generalize::Decade, Generalize::AgeBand];
const DIGITS: &[Generalize] = &[Generalize::Digits(0)];

builtin! {
    PERSON_NAME = 0, "person.name", Identity, masks &[Mask::Initial], generalizes &[], labels &[
        "氏名", "お名前", "名前", "姓名", "顧客名", "お客様名", "会員名", "申込者名", "契約者名", "担当者名", "姓", "名字", "苗字", "full name", "fullname",
        "full_name", "first name", "firstname", "first_name", "last name", "lastname", "last_name", "given name", "given_name", "family name",
        "family_name", "surname", "customer name", "customer_name", "contact name", "contact_name", "middle name"];
    PERSON_KANA = 1, "person.kana", Identity, masks &[Mask::Initial], generalizes &[], labels &[
        "フリガナ", "ふりがな", "カナ", "氏名カナ", "氏名(カナ)", "カナ氏名", "お名前(カナ)", "セイ", "メイ", "kana", "name_kana", "furigana",
        "last_name_kana", "first_name_kana"];
    BIRTH_DATE = 2, "birth_date", Identity, masks &[], generalizes DATE, labels &[
        "生年月日", "誕生日", "birthday", "birthdate", "birth date", "birth_date", "date of birth", "date_of_birth", "dob"];
    AGE_YEARS = 3, "age", Identity, masks &[], generalizes AGE, labels &["年齢", "age"];
    GENDER = 4, "gender", Identity, masks &[], generalizes &[], labels &["性別", "gender", "sex"];
    USER_ID = 5, "user_id", Identity, masks &[], generalizes &[], labels &[];
    IP = 6, "ip", Identity, masks &[], generalizes &[], labels &["ipアドレス", "ip address", "ip_address"];
    EMAIL = 7, "email", Contact, masks &[Mask::Domain], generalizes &[], labels &[
        "メール", "メールアドレス", "eメール", "e-mail", "email", "email address", "e-mail address", "email_address", "mail", "mail address", "連絡先メール",
        "emailaddress", "work email", "home email", "other email", "primary email", "メアド"];
    PHONE = 8, "phone", Contact, masks &[Mask::Last4], generalizes &[], labels &[
        "電話", "電話番号", "tel", "tel.", "telephone", "phone", "phone number", "phone_number", "phonenumber", "携帯", "携帯電話", "携帯番号", "携帯電話番号",
        "mobile", "mobile phone", "mobile_phone", "cell phone", "自宅電話", "勤務先電話", "連絡先電話番号", "fax", "fax番号", "ファックス",
        "自宅電話番号", "勤務先電話番号", "固定電話", "mobilephone", "homephone", "home phone", "home_phone", "otherphone", "other phone", "office phone",
        "work phone", "work_phone", "business phone", "phone_work", "phone_mobile", "phone_home", "phone_other", "telephone number"];
    POSTAL_CODE = 9, "postal_code", Location, masks &[Mask::First3], generalizes DIGITS, labels &[
        "郵便番号", "〒", "zip", "zipcode", "zip code", "zip_code", "postal code", "postal_code", "postalcode", "postcode"];
    ADDRESS = 10, "address", Location, masks &[Mask::Prefecture, Mask::Municipality], generalizes &[], labels &[
        "住所", "ご住所", "自宅住所", "現住所", "お届け先", "street", "street address", "street_address", "mailing address", "billing address",
        "shipping address", "home address", "address1", "address2", "address line 1", "番地", "市区町村"];
    MY_NUMBER = 11, "my_number", GovernmentId, masks &[], generalizes &[], labels &["個人番号", "マイナンバー", "my number", "my_number", "mynumber"];
    PASSPORT = 12, "passport", GovernmentId, masks &[Mask::Last4], generalizes &[], labels &["旅券番号", "パスポート番号", "passport", "passport number", "passport no."];
    DRIVER_LICENCE = 13, "driver_licence", GovernmentId, masks &[Mask::Last4], generalizes &[], labels &[
        "運転免許証番号", "免許証番号", "driver licence", "driver license", "driver's license"];
    HEALTH_INSURANCE = 14, "health_insurance", GovernmentId, masks &[Mask::Last4], generalizes &[], labels &["被保険者番号", "保険証番号", "保険者番号", "health insurance number"];
    PENSION_NUMBER = 15, "pension_number", GovernmentId, masks &[Mask::Last4], generalizes &[], labels &["基礎年金番号", "年金番号", "pension number"];
    RESIDENCE_CARD = 16, "residence_card", GovernmentId, masks &[Mask::Last4], generalizes &[], labels &["在留カード番号", "residence card number"];
    SSN = 17, "ssn", GovernmentId, masks &[Mask::Last4], generalizes &[], labels &["ssn", "social security number"];
    CARD_NUMBER = 18, "card_number", Financial, masks &[Mask::Last4, Mask::First6Last4], generalizes &[], labels &[
        "カード番号", "クレジットカード番号", "card number", "card_number", "credit card", "credit card number"];
    IBAN = 19, "iban", Financial, masks &[Mask::Last4], generalizes &[], labels &["iban"];
    BANK_ACCOUNT = 20, "bank_account", Financial, masks &[Mask::Last4], generalizes &[], labels &["口座番号", "銀行口座", "bank account", "account number", "bank_account"];
    HEALTH = 21, "health", Sensitive, masks &[], generalizes &[], labels &["病歴", "既往歴", "アレルギー", "health", "medical history"];
    DISABILITY = 22, "disability", Sensitive, masks &[], generalizes &[], labels &["障害", "障害等級", "disability"];
    BELIEF = 23, "belief", Sensitive, masks &[], generalizes &[], labels &["信条", "宗教", "religion"];
    CRIMINAL_RECORD = 24, "criminal_record", Sensitive, masks &[], generalizes &[], labels &["犯罪歴", "前科", "criminal record"];
    BODY = 25, "body", Sensitive, masks &[], generalizes &[], labels &["身長", "体重", "血液型", "blood type"];
    PASSWORD = 26, "password", Credential, masks &[], generalizes &[], labels &["パスワード", "暗証番号", "password", "pin"];
    SECRET = 27, "secret", Credential, masks &[], generalizes &[], labels &["秘密の質問", "api key", "secret", "secret answer"];
    NOTES = 28, "notes", Notes, masks &[], generalizes &[], labels &["備考", "メモ", "特記事項", "memo", "notes", "remarks"];
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn numbers_are_places_in_the_table() {
        for (at, row) in BUILTIN.iter().enumerate() {
            assert_eq!(usize::from(row.at), at, "{}", row.name);
        }
        assert_eq!(Kinds::builtin().id("notes"), Some(NOTES));
    }

    #[test]
    fn no_label_means_two_kinds() {
        let mut seen = HashMap::new();
        for kind in Kinds::builtin().0 {
            for label in &kind.labels {
                let before = seen.insert(label.clone(), kind.name.clone());
                assert_eq!(before, None, "{label} of {}", kind.name);
            }
        }
    }

    #[test]
    fn ambiguous_words_are_no_labels() {
        for kind in Kinds::builtin().0 {
            for word in ["name", "address", "title", "id", "note"] {
                assert!(!kind.labels.iter().any(|label| label == word), "{word} of {}", kind.name);
            }
        }
    }
}
