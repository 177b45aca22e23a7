"""What comparisons need in templates."""

from django import template

from dashboard.compare import compared_table

register = template.Library()
register.filter(compared_table.value)
