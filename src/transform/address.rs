//! Prefecture and municipality of a Japanese address.
//!
//! The 47 prefectures are a table; a municipality ends with its 市, 区, 町 or 村. Names that hold
//! one of these signs, or 郡, before their own end stand in a table of their own. An address that
//! does not begin with a prefecture, or with a city so large that it has wards, is not read: what
//! stands at its front may be anything.

/// The 47 prefectures.
const PREFECTURES: &[&str] = &[
    "北海道",
    "青森県",
    "岩手県",
    "宮城県",
    "秋田県",
    "山形県",
    "福島県",
    "茨城県",
    "栃木県",
    "群馬県",
    "埼玉県",
    "千葉県",
    "東京都",
    "神奈川県",
    "新潟県",
    "富山県",
    "石川県",
    "福井県",
    "山梨県",
    "長野県",
    "岐阜県",
    "静岡県",
    "愛知県",
    "三重県",
    "滋賀県",
    "京都府",
    "大阪府",
    "兵庫県",
    "奈良県",
    "和歌山県",
    "鳥取県",
    "島根県",
    "岡山県",
    "広島県",
    "山口県",
    "徳島県",
    "香川県",
    "愛媛県",
    "高知県",
    "福岡県",
    "佐賀県",
    "長崎県",
    "熊本県",
    "大分県",
    "宮崎県",
    "鹿児島県",
    "沖縄県",
];

/// The cities that are parted into wards.
const CITIES_WITH_WARDS: &[&str] = &[
    "札幌市",
    "仙台市",
    "さいたま市",
    "千葉市",
    "横浜市",
    "川崎市",
    "相模原市",
    "新潟市",
    "静岡市",
    "浜松市",
    "名古屋市",
    "京都市",
    "大阪市",
    "堺市",
    "神戸市",
    "岡山市",
    "広島市",
    "北九州市",
    "福岡市",
    "熊本市",
];

/// Names that hold a sign of a municipality or county before their end; some are of the past, as
/// many addresses are.
const ODD_NAMES: &[&str] = &[
    "四日市市",
    "廿日市市",
    "野々市市",
    "八日市市",
    "八日市場市",
    "今市市",
    "十日町市",
    "大町市",
    "武蔵村山市",
    "東村山市",
    "羽村市",
    "大村市",
    "田村市",
    "中村市",
    "大和郡山市",
    "小郡市",
    "蒲郡市",
    "余市町",
    "上市町",
    "下市町",
    "五日市町",
    "玉村町",
    "大町町",
    "余市郡",
    "高市郡",
    "田村郡",
    "東村山郡",
    "西村山郡",
    "北村山郡",
];

/// Towns within a county whose names hold another town's sign.
const ODD_TOWNS: &[&str] = &["玉村町", "大町町"];

/// No municipality, county or ward has a longer name.
const NAME_CHARS_MAX: usize = 7;

/// The prefecture of an address in plain spelling.
pub fn prefecture(plain: &str) -> Option<String> {
    let address = bare(plain);
    PREFECTURES.iter().find(|name| address.starts_with(**name)).map(|name| (*name).to_owned())
}

/// The prefecture and municipality of an address in plain spelling.
pub fn municipality(plain: &str) -> Option<String> {
    let address = bare(plain);
    shown(&address).map(|length| address[..length].to_owned())
}

/// Whether a text is a prefecture, or a municipality as `municipality` gives it, and nothing else.
pub fn is_place(text: &str) -> bool {
    PREFECTURES.contains(&text) || shown(text) == Some(text.len())
}

/// The address without blanks and without a postal code in front.
fn bare(plain: &str) -> String {
    let address: String = plain.chars().filter(|c| *c != ' ').collect();
    let rest = address.trim_start_matches('〒');
    let code = rest.trim_start_matches(|c: char| c.is_ascii_digit() || crate::transform::fold::is_dash(c));
    code.to_owned()
}

/// How many bytes of the address are prefecture and municipality.
fn shown(address: &str) -> Option<usize> {
    let prefecture = PREFECTURES.iter().find(|name| address.starts_with(**name));
    let start = prefecture.map_or(0, |name| name.len());
    let rest = &address[start..];
    if prefecture.is_none() && !CITIES_WITH_WARDS.iter().any(|city| rest.starts_with(city)) {
        return None;
    }
    let first = ODD_NAMES
        .iter()
        .find(|name| rest.starts_with(**name))
        .map(|name| name.len())
        .or_else(|| upto(rest, &['市', '区', '町', '村', '郡']))?;
    let (name, inner) = rest.split_at(first);
    let length = match name.chars().last()? {
        '郡' => {
            let odd = ODD_TOWNS.iter().find(|town| inner.starts_with(**town)).map(|town| town.len());
            first + odd.or_else(|| upto(inner, &['町', '村']))?
        }
        '市' if CITIES_WITH_WARDS.contains(&name) => first + upto(inner, &['区']).unwrap_or(0),
        // Wards directly below the prefecture are Tokyo's.
        '区' if prefecture != Some(&"東京都") => return None,
        _ => first,
    };
    Some(start + length)
}

/// How many bytes a name takes that ends with one of the signs and does not begin with it.
fn upto(text: &str, signs: &[char]) -> Option<usize> {
    let mut chars = text.char_indices().take(NAME_CHARS_MAX).take_while(|(_, c)| is_name(*c));
    chars.next()?;
    chars.find(|(_, c)| signs.contains(c)).map(|(at, c)| at + c.len_utf8())
}

fn is_name(c: char) -> bool {
    matches!(c,
        '々' | '〆' | 'ー' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{3400}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}')
}
