"""The operators' back office: accounts to manage, histories to read, and what may be done.

Nothing here changes a row by itself: an action calls the verb that pages and scripts call.
"""

from django.contrib import admin

from tracker.admin import accounts, histories, trash, work

admin.site.site_header = "Tracker"
admin.site.site_title = "Tracker"
admin.site.index_title = "Administration"
admin.site.enable_nav_sidebar = False

__all__ = ["accounts", "histories", "trash", "work"]
