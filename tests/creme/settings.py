"""Creme's settings for tests: loopback alone, everything that a run owns comes from the environment."""
import os

from .settings import *  # NOQA: the generated settings are what these lines change
from .settings import BASE_DIR

SECRET_KEY = 'for-tests-on-loopback-only'
DEBUG = False
LANGUAGE_CODE = 'en'
TIME_ZONE = 'Asia/Tokyo'
ADMINS = []

_port = os.environ.get('CREME_PORT', '8101')
SITE_DOMAIN = f'http://127.0.0.1:{_port}'
ALLOWED_HOSTS = ['127.0.0.1', 'localhost']
DATABASES = {
    'default': {
        'ENGINE': 'django.db.backends.sqlite3',
        'NAME': os.environ.get('CREME_DATABASE', str(BASE_DIR / 'db.sqlite3')),
        'OPTIONS': {'timeout': 30},
    },
}
MEDIA_ROOT = os.environ.get('CREME_UPLOADS', str(BASE_DIR / 'media' / 'upload'))
JOBMANAGER_BROKER = 'redis://@127.0.0.1:%s/0' % os.environ.get('CREME_REDIS_PORT', '18101')
EMAIL_BACKEND = 'django.core.mail.backends.dummy.EmailBackend'
# Log-in is in every test; the passwords are in this repository anyway.
PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']
