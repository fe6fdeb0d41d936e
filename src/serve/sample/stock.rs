//! The words that the sample's invented customers are made of.
//!
//! They stand apart from the generator so that it stays readable, and they are common words on purpose: each surname,
//! given name, town and product is shared by thousands of people and shops, and only chance puts them together. A few
//! surnames are here because software stumbles over them: one character (`林`), five (`勅使河原`), variants (`髙橋`,
//! `渡邉`, `山﨑`), and one outside the Basic Multilingual Plane (`𠮷野`).

/// A word with its reading in katakana and in Latin letters.
pub struct Word {
    /// As it is written.
    pub kanji: &'static str,
    /// As it is read.
    pub kana: &'static str,
    /// As an e-mail address spells it.
    pub latin: &'static str,
}

/// A town with what an address and a landline number in it begin with.
pub struct Town {
    /// Seven digits with a hyphen.
    pub zip: &'static str,
    /// Prefecture, municipality and quarter.
    pub address: &'static str,
    /// Area code and an exchange that begins with 0, which no carrier assigns.
    pub exchange: &'static str,
}

/// A product of the shop and its price in yen.
pub struct Product {
    /// As the order lists name it.
    pub name: &'static str,
    /// In yen, tax included.
    pub price_yen: u32,
}

const fn word(kanji: &'static str, kana: &'static str, latin: &'static str) -> Word {
    Word { kanji, kana, latin }
}

const fn town(zip: &'static str, address: &'static str, exchange: &'static str) -> Town {
    Town { zip, address, exchange }
}

const fn product(name: &'static str, price_yen: u32) -> Product {
    Product { name, price_yen }
}

/// Surnames.
pub const SURNAMES: &[Word] = &[
    word("佐藤", "サトウ", "sato"),
    word("鈴木", "スズキ", "suzuki"),
    word("髙橋", "タカハシ", "takahashi"),
    word("田中", "タナカ", "tanaka"),
    word("渡邉", "ワタナベ", "watanabe"),
    word("伊藤", "イトウ", "ito"),
    word("山本", "ヤマモト", "yamamoto"),
    word("中村", "ナカムラ", "nakamura"),
    word("小林", "コバヤシ", "kobayashi"),
    word("加藤", "カトウ", "kato"),
    word("吉田", "ヨシダ", "yoshida"),
    word("山田", "ヤマダ", "yamada"),
    word("齋藤", "サイトウ", "saito"),
    word("松本", "マツモト", "matsumoto"),
    word("井上", "イノウエ", "inoue"),
    word("木村", "キムラ", "kimura"),
    word("林", "ハヤシ", "hayashi"),
    word("清水", "シミズ", "shimizu"),
    word("山﨑", "ヤマザキ", "yamazaki"),
    word("森", "モリ", "mori"),
    word("池田", "イケダ", "ikeda"),
    word("橋本", "ハシモト", "hashimoto"),
    word("阿部", "アベ", "abe"),
    word("石川", "イシカワ", "ishikawa"),
    word("前田", "マエダ", "maeda"),
    word("藤田", "フジタ", "fujita"),
    word("小川", "オガワ", "ogawa"),
    word("後藤", "ゴトウ", "goto"),
    word("岡田", "オカダ", "okada"),
    word("長谷川", "ハセガワ", "hasegawa"),
    word("村上", "ムラカミ", "murakami"),
    word("近藤", "コンドウ", "kondo"),
    word("石井", "イシイ", "ishii"),
    word("坂本", "サカモト", "sakamoto"),
    word("遠藤", "エンドウ", "endo"),
    word("青木", "アオキ", "aoki"),
    word("西村", "ニシムラ", "nishimura"),
    word("福田", "フクダ", "fukuda"),
    word("三浦", "ミウラ", "miura"),
    word("藤原", "フジワラ", "fujiwara"),
    word("岡本", "オカモト", "okamoto"),
    word("中島", "ナカジマ", "nakajima"),
    word("原田", "ハラダ", "harada"),
    word("小野", "オノ", "ono"),
    word("五十嵐", "イガラシ", "igarashi"),
    word("勅使河原", "テシガワラ", "teshigawara"),
    word("𠮷野", "ヨシノ", "yoshino"),
    word("谷", "タニ", "tani"),
];

/// Given names; every other one is a woman's, which lets a memo name a husband or a wife.
pub const GIVEN_NAMES: &[Word] = &[
    word("花子", "ハナコ", "hanako"),
    word("太郎", "タロウ", "taro"),
    word("美咲", "ミサキ", "misaki"),
    word("翔太", "ショウタ", "shota"),
    word("さくら", "サクラ", "sakura"),
    word("健一", "ケンイチ", "kenichi"),
    word("陽菜", "ヒナ", "hina"),
    word("大輔", "ダイスケ", "daisuke"),
    word("智恵子", "チエコ", "chieko"),
    word("ひろし", "ヒロシ", "hiroshi"),
    word("由美子", "ユミコ", "yumiko"),
    word("修", "オサム", "osamu"),
    word("真由美", "マユミ", "mayumi"),
    word("拓也", "タクヤ", "takuya"),
    word("恵", "メグミ", "megumi"),
    word("直樹", "ナオキ", "naoki"),
    word("幸子", "サチコ", "sachiko"),
    word("誠", "マコト", "makoto"),
    word("久美子", "クミコ", "kumiko"),
    word("和也", "カズヤ", "kazuya"),
    word("裕子", "ユウコ", "yuko"),
    word("隆", "タカシ", "takashi"),
    word("彩香", "アヤカ", "ayaka"),
    word("蓮", "レン", "ren"),
    word("結衣", "ユイ", "yui"),
    word("悠真", "ユウマ", "yuma"),
    word("千代", "チヨ", "chiyo"),
    word("正夫", "マサオ", "masao"),
    word("節子", "セツコ", "setsuko"),
    word("清", "キヨシ", "kiyoshi"),
    word("葵", "アオイ", "aoi"),
    word("亮", "リョウ", "ryo"),
];

/// Towns, most of them business quarters, where an invented block number is likely to be nobody's home.
pub const TOWNS: &[Town] = &[
    town("100-0005", "東京都千代田区丸の内", "03-0000"),
    town("160-0023", "東京都新宿区西新宿", "03-0000"),
    town("154-0004", "東京都世田谷区太子堂", "03-0000"),
    town("104-0061", "東京都中央区銀座", "03-0000"),
    town("108-0075", "東京都港区港南", "03-0000"),
    town("110-0005", "東京都台東区上野", "03-0000"),
    town("190-0012", "東京都立川市曙町", "042-000"),
    town("220-0012", "神奈川県横浜市西区みなとみらい", "045-000"),
    town("210-0007", "神奈川県川崎市川崎区駅前本町", "044-000"),
    town("260-0013", "千葉県千葉市中央区中央", "043-000"),
    town("330-0854", "埼玉県さいたま市大宮区桜木町", "048-000"),
    town("060-0005", "北海道札幌市中央区北五条西", "011-000"),
    town("980-0021", "宮城県仙台市青葉区中央", "022-000"),
    town("420-0857", "静岡県静岡市葵区御幸町", "054-000"),
    town("460-0008", "愛知県名古屋市中区栄", "052-000"),
    town("920-0852", "石川県金沢市此花町", "076-000"),
    town("604-8005", "京都府京都市中京区三条通", "075-000"),
    town("530-0001", "大阪府大阪市北区梅田", "06-0000"),
    town("542-0076", "大阪府大阪市中央区難波", "06-0000"),
    town("650-0021", "兵庫県神戸市中央区三宮町", "078-000"),
    town("732-0822", "広島県広島市南区松原町", "082-000"),
    town("760-0019", "香川県高松市サンポート", "087-000"),
    town("812-0011", "福岡県福岡市博多区博多駅前", "092-000"),
    town("900-0015", "沖縄県那覇市久茂地", "098-000"),
];

/// What the shop sells: tea, sweets that go with it, and what it is made in.
pub const PRODUCTS: &[Product] = &[
    product("煎茶「八十八夜」100g", 1_296),
    product("玉露「月しずく」50g", 2_160),
    product("ほうじ茶「囲炉裏」200g", 864),
    product("抹茶「雲海」40g", 1_944),
    product("玄米茶 徳用 500g", 1_080),
    product("水羊羹 6個入", 1_620),
    product("栗最中 10個入", 2_376),
    product("干菓子「四季の庭」", 1_404),
    product("急須 常滑 深緑", 5_940),
    product("茶筒 桜皮細工", 7_560),
    product("湯呑 夫婦揃", 4_860),
    product("御中元 詰合せ「松」", 5_400),
];
