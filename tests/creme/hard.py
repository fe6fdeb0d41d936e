"""The CRM as an older one would be, for start.sh: in Shift_JIS, packed, and told that it stands behind TLS.

Django's own DEFAULT_CHARSET would not do: Python's `shift_jis` lacks what Windows added to it (髙, 﨑), and
one character that no Shift_JIS has (𠮷) would be an error in place of a page. So pages are made in UTF-8 and
written anew here, as browsers and spreadsheets in Japan expect them; JSON is UTF-8 by its standard and stays.
"""
from urllib.parse import parse_qsl, urlencode

from crm.loopback import *  # NOQA: the settings of the other tests
from crm.loopback import MIDDLEWARE, SITE_DOMAIN

SITE_DOMAIN = SITE_DOMAIN.replace('http:', 'https:')
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
MIDDLEWARE = ['django.middleware.gzip.GZipMiddleware', 'hard.in_shift_jis', *MIDDLEWARE]

_KINDS = ('text/html', 'text/csv', 'text/plain')


def in_shift_jis(get_response):
    def middleware(request):
        # Pages in Shift_JIS send forms in Shift_JIS, without saying so; scripts say that theirs are UTF-8.
        # Django takes forms in UTF-8 alone.
        if request.META.get('CONTENT_TYPE', '') == 'application/x-www-form-urlencoded':
            pairs = parse_qsl(request.body.decode('ascii'), keep_blank_values=True, encoding='cp932', errors='strict')
            request._body = urlencode(pairs).encode('ascii')
        response = get_response(request)
        kind = response.headers.get('Content-Type', '')
        if not response.streaming and kind.startswith(_KINDS):
            text = response.content.decode('utf-8')
            if kind.startswith('text/html'):
                text = text.replace('charset=utf-8', 'charset=Shift_JIS', 1)
                response.content = text.encode('cp932', 'xmlcharrefreplace')
            else:
                response.content = text.encode('cp932', 'replace')
            response.headers['Content-Type'] = kind.replace('utf-8', 'Shift_JIS')
            if 'Content-Length' in response.headers:
                response.headers['Content-Length'] = str(len(response.content))
        return response
    return middleware
