"""The site map."""

from django.urls import path

from dashboard.views import projects

urlpatterns = [
    path("", projects.home, name="home"),
]
