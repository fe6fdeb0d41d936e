"""Seeds a fresh Creme database: python seed.py PEOPLE.json, from the project's folder.

Three staff accounts (root/root, op1/pw-op1, op2/pw-op2), three companies and the customers of people.py; then
writes PEOPLE.json, the list of what stands in the database under which id, for tests that look for leaks.
"""
import datetime
import json
import os
import sys

import django

sys.path.insert(0, os.getcwd())
django.setup()

from people import people  # noqa: E402

from creme.creme_core.models import CremeUser, Relation, RelationType, UserRole  # noqa: E402
from creme.persons.constants import REL_SUB_EMPLOYED_BY  # noqa: E402
from creme.persons.models import Address, Contact, Organisation  # noqa: E402

COMPANIES = ['Quarrystone Mutual Ltd', '株式会社みほん', 'Größenwerk GmbH & Co. KG']


def staff(root):
    """Two accounts beside root, with the role that Creme's own installation brings."""
    role = UserRole.objects.order_by('id').first()
    for name, given, family in (('op1', 'Olga', 'Deskworth'), ('op2', 'Otto', 'Auswerter')):
        user = CremeUser.objects.create_user(username=name, first_name=given, last_name=family, role=role,
                                             email=f'{name}@staff.example.org', password=f'pw-{name}')
        user.save()


def companies(root):
    return [Organisation.objects.create(user=root, name=name, phone=f'03-0000-90{i:02d}', email=f'info{i}@example.org')
            for i, name in enumerate(COMPANIES)]


def customer(root, person):
    contact = Contact.objects.create(
        user=root, first_name=person['given'], last_name=person['family'], phone=person['phone'],
        mobile=person['mobile'], email=person['email'], description=person['note'], skype=person['kana'],
        birthday=datetime.date.fromisoformat(person['birthday']))
    contact.billing_address = Address.objects.create(
        owner=contact, name='Home', address=person['street'], city=person['city'], zipcode=person['zip'],
        country=person['country'])
    contact.save()
    return contact


def main(path):
    root = CremeUser.objects.get(username='root')
    staff(root)
    employers = companies(root)
    employed = RelationType.objects.get(id=REL_SUB_EMPLOYED_BY)
    everybody = people()
    for i, person in enumerate(everybody):
        contact = customer(root, person)
        person['id'] = contact.id
        if i < 6:
            Relation.objects.create(user=root, subject_entity=contact, type=employed,
                                    object_entity=employers[i % 3])
    with open(path, 'w', encoding='utf-8') as out:
        json.dump(everybody, out, ensure_ascii=False, indent=1)
    print('customers', len(everybody), 'first id', everybody[0]['id'])


main(sys.argv[1])
