//! Japan's numbering plan: which numbers of ten and eleven digits can be telephones.
//!
//! Area codes are those of the Ministry of Internal Affairs and Communications, written without
//! their leading 0. A geographic number has ten digits. No exchange begins with 0 or 1, which
//! tells a telephone from most serial numbers; but invented numbers, as `03-1234-5678`, break that
//! rule, and where hyphens already show a telephone they count too.

/// How well digits fit the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Not at all.
    None,
    /// The area code and the length are right.
    Shape,
    /// The number can be assigned.
    Number,
}

/// How well all these ASCII digits, the leading 0 among them, fit the plan.
pub fn fit(digits: &[u8]) -> Fit {
    match (digits.len(), digits) {
        // 050 is IP telephony; 060, 070, 080 and 090 are mobile, 0800 is free of charge.
        (11, [b'0', b'5' | b'6' | b'7' | b'9', b'0', b'1'..=b'9', ..] | [b'0', b'8', b'0', ..]) => Fit::Number,
        (11, [b'0', b'5' | b'6' | b'7' | b'9', b'0', ..]) => Fit::Shape,
        (10, _) if is_service(digits) => Fit::Number,
        (10, [b'0', national @ ..]) => geographic(national),
        _ => Fit::None,
    }
}

/// Whether the number is one of a service, whose digits are grouped freely: 0120, 0180, 0570, 0800, 0990.
pub fn is_service(digits: &[u8]) -> bool {
    digits.len() >= 10 && [b"0120", b"0180", b"0570", b"0800", b"0990"].iter().any(|code| digits.starts_with(*code))
}

fn geographic(national: &[u8]) -> Fit {
    let mut code = 0;
    let mut best = Fit::None;
    for (at, digit) in national.iter().take(4).enumerate() {
        code = code * 10 + u16::from(digit - b'0');
        let known: &[u16] = match at {
            0 => &AREA_1,
            1 => &AREA_2,
            2 => &AREA_3,
            _ => &AREA_4,
        };
        if known.binary_search(&code).is_ok() {
            let assigned = matches!(national.get(at + 1), Some(b'2'..=b'9'));
            best = best.max(if assigned { Fit::Number } else { Fit::Shape });
        }
    }
    best
}

/// Area codes of one digit.
const AREA_1: [u16; 3] = [3, 4, 6];

/// Area codes of two digits.
const AREA_2: [u16; 48] = [
    11, 15, 17, 18, 19, 22, 23, 24, 25, 26, 27, 28, 29, 42, 43, 44, 45, 46, 47, 48, 49, 52, 53, 54, 55, 58, 59, 72, 73,
    75, 76, 77, 78, 79, 82, 83, 84, 86, 87, 88, 89, 92, 93, 95, 96, 97, 98, 99,
];

/// Area codes of three digits.
const AREA_3: [u16; 296] = [
    123, 124, 125, 126, 133, 134, 135, 136, 137, 138, 139, 142, 143, 144, 145, 146, 152, 153, 154, 155, 156, 157, 158,
    162, 163, 164, 165, 166, 167, 172, 173, 174, 175, 176, 178, 179, 182, 183, 184, 185, 186, 187, 191, 192, 193, 194,
    195, 197, 198, 220, 223, 224, 225, 226, 228, 229, 233, 234, 235, 237, 238, 240, 241, 242, 243, 244, 246, 247, 248,
    250, 254, 255, 256, 257, 258, 259, 260, 261, 263, 264, 265, 266, 267, 268, 269, 270, 274, 276, 277, 278, 279, 280,
    282, 283, 284, 285, 287, 288, 289, 291, 293, 294, 295, 296, 297, 299, 422, 428, 436, 438, 439, 460, 463, 465, 466,
    467, 470, 475, 476, 478, 479, 480, 493, 494, 495, 531, 532, 533, 536, 537, 538, 539, 544, 545, 547, 548, 550, 551,
    553, 554, 555, 556, 557, 558, 561, 562, 563, 564, 565, 566, 567, 568, 569, 572, 573, 574, 575, 576, 577, 578, 581,
    584, 585, 586, 587, 594, 595, 596, 597, 598, 599, 721, 725, 735, 736, 737, 738, 739, 740, 742, 743, 744, 745, 746,
    747, 748, 749, 761, 763, 765, 766, 767, 768, 770, 771, 772, 773, 774, 776, 778, 779, 790, 791, 794, 795, 796, 797,
    798, 799, 820, 823, 824, 826, 827, 829, 833, 834, 835, 836, 837, 838, 845, 846, 847, 848, 852, 853, 854, 855, 856,
    857, 858, 859, 863, 865, 866, 867, 868, 869, 875, 877, 879, 880, 883, 884, 885, 887, 889, 892, 893, 894, 895, 896,
    897, 898, 920, 930, 940, 942, 943, 944, 946, 947, 948, 949, 950, 952, 954, 955, 956, 957, 959, 964, 965, 966, 967,
    968, 969, 972, 973, 974, 977, 978, 979, 980, 982, 983, 984, 985, 986, 987, 993, 994, 995, 996, 997,
];

/// Area codes of four digits.
const AREA_4: [u16; 40] = [
    1267, 1372, 1374, 1377, 1392, 1397, 1398, 1456, 1457, 1466, 1547, 1558, 1564, 1586, 1587, 1632, 1634, 1635, 1648,
    1654, 1655, 1656, 1658, 4992, 4994, 4996, 4998, 5769, 5979, 7468, 8387, 8388, 8396, 8477, 8512, 8514, 9802, 9912,
    9913, 9969,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        for table in [&AREA_1[..], &AREA_2[..], &AREA_3[..], &AREA_4[..]] {
            assert!(table.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn numbers_of_the_plan() {
        for (digits, expected) in [
            ("0312345678", Fit::Shape),
            ("0332345678", Fit::Number),
            ("09012345678", Fit::Number),
            ("09002345678", Fit::Shape),
            ("06012345678", Fit::Number),
            ("08001234567", Fit::Number),
            ("0120123456", Fit::Number),
            ("0499283199", Fit::Number),
            ("0740649858", Fit::Number),
            ("0226159621", Fit::Number),
            ("0101234567", Fit::None),
            ("0012345678", Fit::None),
            ("123456789", Fit::None),
            ("033234567", Fit::None),
        ] {
            assert_eq!(fit(digits.as_bytes()), expected, "{digits}");
        }
    }
}
