"""Pages are sent compressed; what is no page is left to who makes it.

A page holds what an attacker would like to know beside what an attacker may have put into
its address, and the length of the two compressed together can tell of the one (BREACH).
Three things stand against that: the token of forms is masked anew in each answer, the
cookies are not sent with what another site asks for behind one's back, and each answer is
longer by a random amount.
"""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class PageCompression(GZipMiddleware):
    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "")
        if response.streaming or not kind.startswith("text/html"):
            return response
        answer: HttpResponseBase = super().process_response(request, response)
        return answer
