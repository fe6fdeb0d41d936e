//! The sample's customers: two thousand people who do not exist.
//!
//! Everything is made from the customer's number by a fixed sequence, so that each start, each test and each screenshot
//! shows the same shop, and nothing has to be stored or shipped. Telephone numbers have the shape of the Japanese plan
//! and lie in blocks that are not assigned (an exchange that begins with 0); mail addresses lie under the domains that
//! are reserved for examples; a My Number has the right check digit, since a wrong one would not be recognised.
//! The words come from `stock`; what a page makes of a customer is the pages' affair.

use super::stock::{GIVEN_NAMES, PRODUCTS, SURNAMES, TOWNS, Town, Word};

/// How many customers the shop has.
pub const CUSTOMERS: u32 = 2_000;

/// The customer whom the tour, the rules' tests and the documentation speak of.
pub const GUIDE: u32 = 42;

/// One customer as the shop keeps it. It has no `Debug`: what stands in it is invented, but the habit is not.
#[derive(Clone)]
pub struct Customer {
    /// The customer number, from 1.
    pub id: u32,
    /// The number in the software before this one: twenty digits, too many for any machine integer.
    pub old_id: String,
    /// `M-` and eight digits.
    pub member_no: String,
    /// Surname, a space, given name.
    pub name: String,
    /// The same in katakana.
    pub kana: String,
    /// The number to call first, a mobile one.
    pub tel: String,
    /// The landline at home.
    pub home_tel: String,
    /// The mail address.
    pub mail: String,
    /// Seven digits with a hyphen, without 〒.
    pub zip: String,
    /// Prefecture to building.
    pub address: String,
    /// `1978-04-12`.
    pub birthday: String,
    /// Twelve digits.
    pub my_number: String,
    /// The grade of membership: 松, 竹 or 梅.
    pub rank: &'static str,
    /// What staff wrote down over the years.
    pub memo: String,
    /// What was bought, newest first.
    pub orders: Vec<Order>,
}

/// One order.
#[derive(Clone)]
pub struct Order {
    /// The order number.
    pub no: String,
    /// `2026/03/14`.
    pub date: String,
    /// The product's name.
    pub item: &'static str,
    /// How much it came to.
    pub yen: u32,
}

/// All customers, in the order of their numbers.
pub fn everybody() -> Vec<Customer> {
    (1..=CUSTOMERS).map(customer).collect()
}

fn customer(id: u32) -> Customer {
    if id == GUIDE {
        return guide();
    }
    let mut dice = Dice::new(id);
    let surname = dice.pick(SURNAMES);
    let given_at = dice.below(GIVEN_NAMES.len() as u64) as usize;
    let given = &GIVEN_NAMES[given_at];
    let town = dice.pick(TOWNS);
    let mut customer = Customer {
        id,
        old_id: old_id(id),
        member_no: format!("M-{id:08}"),
        name: format!("{} {}", surname.kanji, given.kanji),
        kana: format!("{} {}", surname.kana, given.kana),
        tel: mobile(id),
        home_tel: format!("{}-{:04}", town.exchange, line(id, 3)),
        mail: mail(id, surname, given),
        zip: town.zip.to_owned(),
        address: address(&mut dice, town),
        birthday: birthday(&mut dice),
        my_number: my_number(dice.below(100_000_000_000)),
        rank: ["梅", "梅", "梅", "竹", "竹", "松"][dice.below(6) as usize],
        memo: String::new(),
        orders: Vec::new(),
    };
    // Neighbours in the list are of the other sex, so the next name is a likely husband or wife.
    let partner = &GIVEN_NAMES[(given_at + 1) % GIVEN_NAMES.len()];
    let count = 1 + dice.below(4);
    customer.orders = orders(&mut dice, id, count);
    customer.memo = memo(&mut dice, &customer, surname, partner);
    customer
}

/// 山田 太郎 is written by hand: his record shows everything that the tour points at.
fn guide() -> Customer {
    let mut dice = Dice::new(GUIDE);
    Customer {
        id: GUIDE,
        old_id: old_id(GUIDE),
        member_no: format!("M-{GUIDE:08}"),
        name: "山田 太郎".to_owned(),
        kana: "ヤマダ タロウ".to_owned(),
        tel: "090-0000-5678".to_owned(),
        home_tel: "03-0000-1234".to_owned(),
        mail: "taro.yamada@example.jp".to_owned(),
        zip: "154-0004".to_owned(),
        address: "東京都世田谷区太子堂9-18-27 見本荘203号".to_owned(),
        birthday: "1978-04-12".to_owned(),
        my_number: my_number(10_203_040_506),
        rank: "松",
        memo: "日中は奥様（花子様）の携帯 080-0000-7788 へ。\n\
               請求書の控えは hanako.yamada@example.com にも送ること。\n\
               「のし」は紅白蝶結び、名入れは \"山田\" のみ。そばアレルギーあり。"
            .to_owned(),
        orders: orders(&mut dice, GUIDE, 3),
    }
}

fn old_id(id: u32) -> String {
    format!("1987040100{id:010}")
}

fn mobile(id: u32) -> String {
    let prefix = ["090", "080", "070"][(id % 3) as usize];
    format!("{prefix}-0000-{:04}", line(id, 0))
}

/// The last four digits: 7919 shares no factor with 10,000, so no two customers get the same ones.
fn line(id: u32, salt: u32) -> u32 {
    (id * 7_919 + salt * 1_237 + 1_234) % 10_000
}

fn mail(id: u32, surname: &Word, given: &Word) -> String {
    let host = ["example.jp", "example.com", "example.jp", "mail.example.jp"][(id % 4) as usize];
    match id % 3 {
        0 => format!("{}.{}{id}@{host}", given.latin, surname.latin),
        1 => format!("{}-{}{id}@{host}", surname.latin, given.latin),
        _ => format!("{}{id}@{host}", given.latin),
    }
}

fn address(dice: &mut Dice, town: &Town) -> String {
    let block = format!("{}-{}-{}", 1 + dice.below(9), 1 + dice.below(40), 1 + dice.below(30));
    match dice.below(3) {
        0 => format!("{}{block} 見本ビル{}階", town.address, 2 + dice.below(20)),
        1 => format!("{}{block} コーポ見本{}0{}", town.address, 1 + dice.below(4), 1 + dice.below(8)),
        _ => format!("{}{block}", town.address),
    }
}

fn birthday(dice: &mut Dice) -> String {
    format!("{}-{:02}-{:02}", 1940 + dice.below(66), 1 + dice.below(12), 1 + dice.below(28))
}

/// Eleven digits and the check digit of the ministerial ordinance on My Number (weights 2 to 7, twice, from the right).
fn my_number(eleven: u64) -> String {
    let mut sum = 0;
    let mut rest = eleven;
    for place in 0..11 {
        sum += (rest % 10) * (place % 6 + 2);
        rest /= 10;
    }
    let check = match sum % 11 {
        0 | 1 => 0,
        remainder => 11 - remainder,
    };
    format!("{eleven:011}{check}")
}

/// One order a year, backwards from this one.
fn orders(dice: &mut Dice, id: u32, count: u64) -> Vec<Order> {
    (0..count)
        .map(|nth| {
            let product = dice.pick(PRODUCTS);
            let year = 2026 - nth;
            Order {
                no: format!("T{year}-{:06}", u64::from(id) * 4 + nth),
                date: format!("{year}/{:02}/{:02}", 1 + dice.below(10), 1 + dice.below(28)),
                item: product.name,
                yen: product.price_yen * (1 + dice.below(3) as u32),
            }
        })
        .collect()
}

/// Free text quotes what the record's own fields guard: that is why free text is the hard part of a CRM.
fn memo(dice: &mut Dice, customer: &Customer, surname: &Word, partner: &Word) -> String {
    let number = line(customer.id, 5);
    let family = format!("{} {}", surname.kanji, partner.kanji);
    match dice.below(8) {
        0 => format!("日中は {family} 様の携帯 080-0000-{number:04} へ。留守番電話可。"),
        1 => format!("緊急連絡先：０９０−００００−{}（母）\n配達は午前中希望。", full_width(number)),
        2 => format!("領収書は {}.{}@example.com にも転送のこと。", partner.latin, surname.latin),
        3 => format!("ギフト送付先は {family} 様。\n熨斗は \"内祝\"、名入れなし。"),
        4 => format!("先方より入電。折り返し {} 希望、18時以降。", customer.tel),
        5 => "茶会の案内状を毎年送付。小麦アレルギーあり。".to_owned(),
        6 => "カタログ不要、はがきのみ。".to_owned(),
        _ => format!("店頭受取が多い。代理の {family} 様が来店されることあり。"),
    }
}

fn full_width(number: u32) -> String {
    format!("{number:04}").chars().filter_map(|digit| char::from_u32(digit as u32 + 0xFEE0)).collect()
}

/// SplitMix64: small, fixed for ever, and good enough to shuffle names. It guards nothing.
struct Dice(u64);

impl Dice {
    fn new(id: u32) -> Dice {
        // Another factor than the step below: with the same one, each customer would throw their neighbour's dice.
        Dice(u64::from(id).wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_start_makes_the_same_people() {
        let (one, two) = (everybody(), everybody());
        assert_eq!(one.len(), CUSTOMERS as usize);
        assert!(one.iter().zip(&two).all(|(a, b)| a.name == b.name && a.memo == b.memo && a.my_number == b.my_number));
        assert_eq!(one[0].member_no, "M-00000001");
        assert_eq!(one[GUIDE as usize - 1].name, "山田 太郎");
    }

    #[test]
    fn nobody_shares_a_number_or_an_address() {
        let people = everybody();
        let distinct = |of: fn(&Customer) -> &String| people.iter().map(of).collect::<HashSet<_>>().len();
        let fields: [fn(&Customer) -> &String; 5] =
            [|c| &c.tel, |c| &c.mail, |c| &c.my_number, |c| &c.member_no, |c| &c.old_id];
        for of in fields {
            assert_eq!(distinct(of), people.len());
        }
    }

    #[test]
    fn numbers_lie_in_blocks_that_nobody_is_given() {
        for person in everybody() {
            let (_, mobile) = person.tel.split_once('-').unwrap();
            let (_, home) = person.home_tel.split_once('-').unwrap();
            assert!(mobile.starts_with("0000-") && home.starts_with("000"), "customer {}", person.id);
            assert_eq!(person.home_tel.chars().filter(char::is_ascii_digit).count(), 10);
            let host = person.mail.split_once('@').unwrap().1;
            assert!(host.ends_with("example.jp") || host.ends_with("example.com"));
        }
    }

    #[test]
    fn a_my_number_carries_the_check_digit_of_the_ordinance() {
        assert_eq!(my_number(12_345_678_901), "123456789018");
        for person in everybody() {
            assert_eq!(person.my_number.len(), 12);
            let eleven = person.my_number[..11].parse().unwrap();
            assert_eq!(my_number(eleven), person.my_number);
        }
    }

    #[test]
    fn names_that_software_stumbles_over_are_among_them() {
        let people = everybody();
        for surname in ["林 ", "勅使河原 ", "髙橋 ", "𠮷野 "] {
            assert!(people.iter().any(|person| person.name.starts_with(surname)), "{surname}");
        }
    }

    #[test]
    fn memos_quote_telephones_mails_and_line_breaks() {
        let people = everybody();
        for part in ["090-0000-", "０９０−", "@example.com", "\n", "\"内祝\"", "アレルギー"] {
            assert!(people.iter().filter(|person| person.memo.contains(part)).count() > 20, "{part}");
        }
    }
}
