//! The shop's records in memory: find, read, change.
//!
//! What staff save is kept until the process ends. The store never grows: there are as many customers as at the start,
//! and each of their fields has a longest length.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::form::Form;
use super::people::Customer;

/// How many customers a page of the list holds.
pub const ROWS: usize = 20;

/// The longest memo, in characters.
const MEMO_CHARS_MAX: usize = 2_000;

/// The longest other field, in characters.
const FIELD_CHARS_MAX: usize = 120;

/// All customers, in the order of their numbers, from 1 without a gap.
pub struct Store(Mutex<Vec<Customer>>);

/// One page of what a search found.
pub struct Found {
    /// The customers on this page.
    pub rows: Vec<Customer>,
    /// This page, from 1.
    pub page: usize,
    /// How many pages there are, at least 1.
    pub pages: usize,
    /// How many customers there are on all pages.
    pub total: usize,
}

/// Why a change was not stored, in words for the page.
pub struct Refused(pub &'static str);

impl Store {
    /// A store of these customers.
    pub fn new(people: Vec<Customer>) -> Store {
        Store(Mutex::new(people))
    }

    /// How many customers there are.
    pub fn count(&self) -> usize {
        self.people().len()
    }

    /// A copy of all of them.
    pub fn everybody(&self) -> Vec<Customer> {
        self.people().clone()
    }

    /// The customer with this number.
    pub fn customer(&self, id: u32) -> Option<Customer> {
        self.people().get(index(id)?).cloned()
    }

    /// The customer whose number stands in a path.
    pub fn by_text(&self, id: &str) -> Option<Customer> {
        self.customer(id.parse().ok()?)
    }

    /// The page of customers that `q`, `tel`, `sort` and `page` ask for.
    pub fn find(&self, query: &Form) -> Found {
        let wanted = query.value("q").replace([' ', '　'], "");
        let digits = digits(query.value("tel"));
        let people = self.people();
        let mut hits: Vec<&Customer> = people.iter().filter(|customer| matches(customer, &wanted, &digits)).collect();
        match query.value("sort") {
            "name" => hits.sort_by(|a, b| a.name.cmp(&b.name)),
            "kana" => hits.sort_by(|a, b| a.kana.cmp(&b.kana)),
            "tel" => hits.sort_by(|a, b| a.tel.cmp(&b.tel)),
            "zip" => hits.sort_by(|a, b| a.zip.cmp(&b.zip)),
            _ => {}
        }
        let total = hits.len();
        let pages = total.div_ceil(ROWS).max(1);
        let page = query.value("page").parse().unwrap_or(1).clamp(1, pages);
        let rows = hits.into_iter().skip((page - 1) * ROWS).take(ROWS).cloned().collect();
        Found { rows, page, pages, total }
    }

    /// Stores new values of a customer, all or none; names that are no field are ignored, as the old form does.
    pub fn change(&self, id: u32, changes: &[(String, String)]) -> Result<Customer, Refused> {
        let mut people = self.people();
        let place = index(id).and_then(|at| people.get_mut(at)).ok_or(Refused("該当する顧客がありません。"))?;
        let mut changed = place.clone();
        for (name, value) in changes {
            set(&mut changed, name, value)?;
        }
        *place = changed.clone();
        Ok(changed)
    }

    fn people(&self) -> MutexGuard<'_, Vec<Customer>> {
        // A panic elsewhere cannot leave a record half written: `change` replaces it in one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn index(id: u32) -> Option<usize> {
    Some(id.checked_sub(1)? as usize)
}

fn matches(customer: &Customer, wanted: &str, wanted_digits: &str) -> bool {
    let in_words = |text: &str| text.replace(' ', "").contains(wanted);
    let in_digits = |text: &str| digits(text).contains(wanted_digits);
    (in_words(&customer.name) || in_words(&customer.kana) || in_words(&customer.member_no))
        && (in_digits(&customer.tel) || in_digits(&customer.home_tel))
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn set(customer: &mut Customer, name: &str, value: &str) -> Result<(), Refused> {
    let value = value.replace("\r\n", "\n").trim().to_owned();
    let chars_max = if name == "memo" { MEMO_CHARS_MAX } else { FIELD_CHARS_MAX };
    let place = match name {
        "name" if value.is_empty() => return Err(Refused("氏名は必ず入力してください。")),
        "name" => &mut customer.name,
        "kana" => &mut customer.kana,
        "tel" => &mut customer.tel,
        "home_tel" => &mut customer.home_tel,
        "mail" => &mut customer.mail,
        "zip" => &mut customer.zip,
        "address" => &mut customer.address,
        "birthday" => &mut customer.birthday,
        "memo" => &mut customer.memo,
        _ => return Ok(()),
    };
    if value.chars().count() > chars_max {
        return Err(Refused("入力が長すぎます。"));
    }
    *place = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::sample::people::{CUSTOMERS, GUIDE, everybody};

    fn find(query: &str) -> Found {
        Store::new(everybody()).find(&Form::parse(query.as_bytes()))
    }

    #[test]
    fn a_search_finds_by_name_kana_member_number_and_telephone() {
        for query in
            ["q=山田 太郎", "q=山田太郎", "q=ヤマダタロウ", "q=M-00000042", "tel=090-0000-5678", "tel=09000005678"]
        {
            assert!(find(query).rows.iter().any(|row| row.id == GUIDE), "{query}");
        }
        assert_eq!(find("q=居ない人").total, 0);
        assert_eq!((find("q=居ない人").page, find("q=居ない人").pages), (1, 1));
    }

    #[test]
    fn pages_hold_everybody_once_and_stay_within_their_range() {
        let all = find("");
        assert_eq!((all.total, all.pages, all.rows.len()), (CUSTOMERS as usize, 100, ROWS));
        assert_eq!(find("page=100").rows[ROWS - 1].id, CUSTOMERS);
        for (asked, got) in [("0", 1), ("101", 100), ("99999999999999999999", 1), ("x", 1)] {
            assert_eq!(find(&format!("page={asked}")).page, got);
        }
    }

    #[test]
    fn sorting_orders_by_the_named_column() {
        let rows = find("sort=tel").rows;
        assert!(rows.is_sorted_by(|a, b| a.tel <= b.tel) && rows[0].tel.starts_with("070"));
        assert_eq!(find("sort=nonsense").rows[0].id, 1);
    }

    #[test]
    fn a_change_is_stored_whole_or_not_at_all() {
        let store = Store::new(everybody());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let stored = store.change(7, &[pair("memo", "一行目\r\n二行目"), pair("id", "8"), pair("my_number", "1")]);
        assert_eq!(stored.map(|customer| customer.memo).ok().unwrap(), "一行目\n二行目");
        let before = store.customer(7).unwrap();
        assert_eq!(before.id, 7);
        let long = "あ".repeat(MEMO_CHARS_MAX + 1);
        for bad in [pair("name", " "), pair("memo", &long), pair("kana", &long)] {
            assert!(store.change(7, &[pair("tel", "changed"), bad]).is_err());
        }
        assert!(store.customer(7).unwrap().tel == before.tel);
        assert!(store.change(0, &[]).is_err() && store.change(CUSTOMERS + 1, &[]).is_err());
    }
}
