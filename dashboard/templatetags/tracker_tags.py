"""How numbers, times and states look."""

from django import template

register = template.Library()
