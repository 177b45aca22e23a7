"""The routes for bytes below a tracking URI."""

from django.urls.resolvers import URLPattern

urlpatterns: list[URLPattern] = []
