"""The invented customers of the test CRM: the same ones at every run.

Telephone numbers are of ranges that nobody is given (0x-0000, 555-01xx, Ofcom's drama numbers), mail
domains are those of RFC 2606. The names are chosen to hurt: characters outside the BMP (U+20BB7), variant
forms (U+9AD9, U+FA11), apostrophes and ampersands that HTML must escape, full-width digits and the postal
mark, Latin letters with marks.
"""
import datetime
import random

EN_GIVEN = ['Abigail', 'Rupert', 'Saoirse', 'Theodore', 'Ingrid', 'Mateusz', 'Chloë', 'Anaïs', 'Wilhelmina', 'Percival']
EN_FAMILY = ["O'Brien", 'Smith & Sons', 'Fotheringay', 'Brâncoveanu', 'van Nistelrode', "D'Arcy-Holt", 'Łukaszewicz',
             'Quillfeather', 'Żeromska', 'Pennyworth']
EN_PLACE = [("King's Parade", 'Cambridge', 'CB2 1ZZ', 'GB'), ('Maple & 3rd Avenue', 'Portland', '97299', 'US'),
            ("Rue de l'Église", 'Lyon', '69099', 'FR'), ("O'Connell Street", 'Dublin', 'D01 X0X0', 'IE')]
JA_FAMILY = ['𠮷岡', '髙柳', '宮﨑', '勅使河原', '五十嵐', '東雲', '御手洗', '鶴見', '葛西', '二階堂']
JA_GIVEN = ['花音', '健太郎', 'さつき', '俊輔', 'ひなた', '美智子', '龍之介', '朔太郎', '千鶴', 'まゆみ']
JA_KANA = {'𠮷岡': 'ヨシオカ', '髙柳': 'タカヤナギ', '宮﨑': 'ミヤザキ', '勅使河原': 'テシガワラ', '五十嵐': 'イガラシ',
           '東雲': 'シノノメ', '御手洗': 'ミタライ', '鶴見': 'ツルミ', '葛西': 'カサイ', '二階堂': 'ニカイドウ',
           '花音': 'カノン', '健太郎': 'ケンタロウ', 'さつき': 'サツキ', '俊輔': 'シュンスケ', 'ひなた': 'ヒナタ',
           '美智子': 'ミチコ', '龍之介': 'リュウノスケ', '朔太郎': 'サクタロウ', '千鶴': 'チヅル', 'まゆみ': 'マユミ'}
JA_PLACE = [('〒100-0005', '東京都千代田区', '丸の内'), ('〒530-0001', '大阪府大阪市北区', '梅田'),
            ('〒060-0005', '北海道札幌市中央区', '北五条西'), ('〒812-0011', '福岡県福岡市博多区', '博多駅前')]
FULL_WIDTH = str.maketrans('0123456789-', '０１２３４５６７８９－')


def people(count=60):
    """`count` customers, English and Japanese by turns."""
    dice = random.Random(7919)
    return [japanese(i, dice) if i % 2 else english(i, dice) for i in range(count)]


def english(i, dice):
    given, family = EN_GIVEN[i // 2 % 10], EN_FAMILY[(i // 2 + i // 20) % 10]
    street, city, code, country = dice.choice(EN_PLACE)
    slug = ''.join(c for c in f'{given}.{family}'.lower() if c == '.' or c.isascii() and c.isalnum())
    return finish(i, dice, {
        'given': given, 'family': family, 'kana': '',
        'phone': f'+44 117 496 0{100 + i:03d}' if i % 4 else f'(503) 555-0{100 + i:03d}',
        'mobile': f'+44 7700 900{100 + i:03d}',
        'email': f'{slug}+{i}@example.com',
        'street': f'{dice.randint(11, 299)} {street}', 'city': city, 'zip': code, 'country': country})


def japanese(i, dice):
    given, family = JA_GIVEN[i // 2 % 10], JA_FAMILY[(i // 2 + i // 20) % 10]
    code, city, street = dice.choice(JA_PLACE)
    number = f'{dice.randint(1, 9)}-{dice.randint(10, 30)}-{dice.randint(1, 20)}'
    phone = f'03-0000-{1000 + i}'
    return finish(i, dice, {
        'given': given, 'family': family, 'kana': f'{JA_KANA[family]} {JA_KANA[given]}',
        'phone': phone.translate(FULL_WIDTH) if i % 4 == 3 else phone,
        'mobile': f'070-0000-{2000 + i}',
        'email': f'c{i:03d}.desk@example.jp',
        'street': f'{street}{number}' + (f'\n丸の内ビル{dice.randint(2, 30)}階' if i % 3 == 0 else ''),
        'city': city, 'zip': code, 'country': 'JP'})


def finish(i, dice, person):
    """What every customer has, and a note that quotes other fields."""
    born = datetime.date(1941, 2, 3) + datetime.timedelta(days=dice.randrange(21000))
    person['birthday'] = born.isoformat()
    person['note'] = [
        f"Prefers a call to {person['mobile']} after 18:00.",
        f"緊急連絡先：{person['mobile']}（母）",
        f"Mother's maiden name is {person['family']} <check> & write to {person['email']}",
        f"{person['family']}様より転居の連絡あり。\n新住所は後日。",
    ][i % 4]
    return person
