"""Seeds a fresh Tryton database: python seed.py TRYTOND.CONF PEOPLE.PY PEOPLE.JSON

Two staff accounts beside admin (desk/pw-Desk-8104, audit/pw-Audit-8104) and the customers of PEOPLE.PY
as parties with an address and contact mechanisms; then writes PEOPLE.JSON, the list of what stands in the
database under which id, for tests that look for leaks.
"""
import importlib.util
import json
import sys

from trytond import config

config.update_etc(sys.argv[1])

from trytond.pool import Pool  # noqa: E402
from trytond.transaction import Transaction  # noqa: E402

DATABASE = 'crm'


def people(path):
    """The invented customers; a name to call up by handle is added to each fourth of them."""
    spec = importlib.util.spec_from_file_location('people', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    everybody = module.people()
    for i, person in enumerate(everybody):
        person['skype'] = f'handle.number{i:03d}' if i % 4 == 0 else ''
    return everybody


def mechanisms(person):
    kinds = [('phone', 'phone'), ('mobile', 'mobile'), ('email', 'email'), ('skype', 'skype')]
    return [{'type': kind, 'value': person[name]} for kind, name in kinds if person[name]]


def party(person, country):
    address = {'street_unstructured': person['street'], 'city': person['city'], 'postal_code': person['zip'],
               'country': country}
    return {'name': f"{person['family']} {person['given']}", 'addresses': [('create', [address])],
            'contact_mechanisms': [('create', mechanisms(person))]}


def main():
    Pool.start()
    pool = Pool(DATABASE)
    pool.init()
    everybody = people(sys.argv[2])
    with Transaction().start(DATABASE, 1) as transaction:
        Country, Party, User = pool.get('country.country'), pool.get('party.party'), pool.get('res.user')
        codes = sorted({person['country'] for person in everybody})
        countries = dict(zip(codes, Country.create([{'name': code, 'code': code} for code in codes])))
        User.create([{'name': name, 'login': login, 'password': password} for name, login, password in (
            ('Olga Deskworth', 'desk', 'pw-Desk-8104'), ('Otto Auswerter', 'audit', 'pw-Audit-8104'))])
        parties = Party.create([party(person, countries[person['country']].id) for person in everybody])
        for person, made in zip(everybody, parties):
            person['id'] = made.id
            person['mechanisms'] = [mechanism.id for mechanism in made.contact_mechanisms]
            person['addresses'] = [address.id for address in made.addresses]
        transaction.commit()
    with open(sys.argv[3], 'w', encoding='utf-8') as file:
        json.dump(everybody, file, ensure_ascii=False, indent=1)


main()
