"""A project's settings: what it is called, who is in it, its tokens, and who can see it."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from dashboard import find, reach
from dashboard.access_forms import (
    AskForm,
    GeneralForm,
    InvitationForm,
    MemberForm,
    NameTypedForm,
    ProjectTokenForm,
    RoleForm,
)
from dashboard.list_files import links
from tracker import access, invitations, members, projects
from tracker import tokens as access_tokens
from tracker.access import Actor
from tracker.errors import NotFound, TrackerError
from tracker.models import (
    AccessToken,
    Invitation,
    Membership,
    Project,
    Role,
    Visibility,
)
from tracker.permits import needs

MOST_SHOWN = 500


def page(
    request: HttpRequest, project: Project, name: str, content: dict[str, Any]
) -> HttpResponse:
    """One of the settings pages, in their frame. A form that was refused makes it 422."""
    forms = [one for key, one in content.items() if key.endswith("form")]
    wrong = any(one.is_bound and one.errors for one in forms)
    content |= {
        "project": project,
        "section": "access" if name == "access" else "settings",
        "tab": name,
        "may_own": find.may(request, project, Role.OWNER),
    }
    response = render(
        request, f"settings/{name}.html", content, status=422 if wrong else 200
    )
    if "secret" in content:
        response["Cache-Control"] = "no-store"
    return response


# ---------------------------------------------------------------- general


@needs(Role.OWNER, changes=Role.OWNER)
def general(request: HttpRequest, slug: str) -> HttpResponse:
    """The name, the description in Markdown, and the visibility."""
    project = find.project(request, slug)
    form = GeneralForm(request.POST or None, instance=project)
    if request.method == "POST" and form.is_valid():
        projects.change(
            project,
            name=form.cleaned_data["name"],
            description=form.cleaned_data["description"],
            visibility=Visibility(form.cleaned_data["visibility"]),
        )
        messages.success(request, "Saved.")
        return redirect("project_settings", project.slug)
    # A name that was refused is not the project's: the page's head shows the kept one.
    project = find.project(request, slug) if form.errors else project
    content = {"form": form, "removal": NameTypedForm(project.slug, auto_id="del_%s")}
    return page(request, project, "general", content)


@needs(changes=Role.OWNER)
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    project = find.project(request, slug)
    removal = NameTypedForm(project.slug, request.POST, auto_id="del_%s")
    if removal.is_valid():
        try:
            projects.delete(project)
        except TrackerError as problem:
            removal.add_error("name", problem.message)
        else:
            messages.success(
                request,
                f"{project.name} is deleted. It can be restored here for"
                f" {settings.PURGE_AFTER_DAYS} days.",
            )
            return redirect("projects")
    content = {
        "form": GeneralForm(instance=project),
        "removal": removal,
        "refused_form": removal,
    }
    return page(request, project, "general", content)


@needs(changes=Role.OWNER)
def restore(request: HttpRequest, slug: str) -> HttpResponse:
    """From the page of a deleted project."""
    project = get_object_or_404(Project.objects.in_trash(), slug=slug)
    role = access.remembers(project, Actor(request.user))
    if role is None:
        raise Http404
    if role < Role.OWNER:
        raise PermissionDenied("Only an owner restores a project.")
    try:
        projects.restore(project)
    except TrackerError as problem:
        messages.error(request, problem.message)
        return redirect("projects")
    messages.success(request, f"{project.name} is back.")
    return redirect("project", project.slug)


# ---------------------------------------------------------------- members


@needs(Role.OWNER, changes=Role.OWNER)
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """The members; a POST adds one."""
    project = find.project(request, slug)
    form = MemberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = members.add(
                project,
                members.find_user(form.cleaned_data["who"]),
                form.cleaned_data["role"],
                ends_at=form.cleaned_data["until"],
            )
        except NotFound:
            form.add_error(
                "who",
                "No account has this name or e-mail. Invite the person by a link.",
            )
        except TrackerError as problem:
            form.add_error(None, problem.message)
        else:
            messages.success(request, f"{added.user.username} is a member now.")
            return redirect("members", project.slug)
    content = listed(project) | {"form": form, "page_files": links(request)}
    return page(request, project, "members", content)


def people_of(project: Project) -> QuerySet[Membership]:
    return (
        Membership.objects.filter(project=project, user__is_bot=False)
        .select_related("user")
        .order_by("-role", "user__username")
    )


def listed(project: Project) -> dict[str, Any]:
    """What the members page shows beside the form that was sent."""
    invited = (
        Invitation.objects.open()
        .filter(project=project)
        .select_related("made_by")
        .order_by("-pk")
    )
    return {
        "form": MemberForm(),
        "invitation_form": InvitationForm(auto_id="invite_%s"),
        "members": people_of(project)[:MOST_SHOWN],
        "invitations": invited[:MOST_SHOWN],
        "roles": Role.choices,
    }


@needs(changes=Role.OWNER)
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """The link is in this one answer and never again."""
    project = find.project(request, slug)
    form = InvitationForm(request.POST, auto_id="invite_%s")
    content = listed(project) | {"invitation_form": form}
    if form.is_valid():
        assert request.user.is_authenticated  # an owner
        invited = invitations.invite(
            project,
            form.cleaned_data["role"],
            by=request.user,
            note=form.cleaned_data["note"],
            lifetime=form.lifetime,
        )
        root = settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
        content = listed(project) | {
            "secret": root + invited.path,
            "invited": invited.row,
        }
    return page(request, project, "members", content)


@needs(changes=Role.OWNER)
def withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    project = find.project(request, slug)
    invitations.revoke(get_object_or_404(Invitation, pk=pk, project=project))
    messages.success(request, "That invitation has ended.")
    return redirect("members", project.slug)


@needs(changes=Role.OWNER)
def role(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Another role for a member. Whoever gives up their own may lose this page by it."""
    project = find.project(request, slug)
    member = one_of(project, pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the three roles.")
        return redirect("members", project.slug)
    wanted: Role = form.cleaned_data["role"]
    try:
        # What ends keeps its end, but an owner has none.
        ends_at = None if wanted == Role.OWNER else member.ends_at
        members.set_role(project, member.user, wanted, ends_at=ends_at)
    except TrackerError as problem:
        messages.error(request, problem.message)
    else:
        messages.success(
            request, f"{member.user.username} is {wanted.label.lower()} now."
        )
    return after(request, project)


@needs(changes=Role.OWNER)
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    project = find.project(request, slug)
    member = one_of(project, pk)
    try:
        members.remove(project, member.user)
    except TrackerError as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, f"{member.user.username} is no member any more.")
    return after(request, project)


def one_of(project: Project, pk: int) -> Membership:
    people = Membership.objects.filter(project=project, user__is_bot=False)
    return get_object_or_404(people.select_related("user"), pk=pk)


def after(request: HttpRequest, project: Project) -> HttpResponse:
    """The members page, unless the change was to one's own membership."""
    role = access.role_in(project, Actor(request.user))
    if role == Role.OWNER:
        return redirect("members", project.slug)
    return redirect("project", project.slug) if role else redirect("projects")


# ---------------------------------------------------------------- tokens


@needs(Role.OWNER, changes=Role.OWNER)
def tokens(request: HttpRequest, slug: str) -> HttpResponse:
    """Tokens of the project, and those of people that work in it alone."""
    project = find.project(request, slug)
    form = ProjectTokenForm(request.POST or None)
    content: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        issued = access_tokens.issue_for_project(
            project,
            name=form.cleaned_data["name"],
            scope=AccessToken.Scope(form.cleaned_data["scope"]),
            lifetime=form.lifetime,
        )
        content = {"secret": issued.secret, "issued": issued.row}
        form = ProjectTokenForm()
    rows = AccessToken.objects.filter(project=project, revoked_at=None)
    content |= {
        "form": form,
        "tokens": rows.select_related("user").order_by("-pk")[:MOST_SHOWN],
        "page_files": links(request),
    }
    return page(request, project, "tokens", content)


@needs(changes=Role.OWNER)
def revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    project = find.project(request, slug)
    row = get_object_or_404(
        AccessToken.objects.select_related("user"), pk=pk, project=project
    )
    access_tokens.revoke(row)
    messages.success(request, f"“{row.name}” is revoked.")
    return redirect("project_tokens", project.slug)


# ---------------------------------------------------------------- who can see this


@needs(Role.READER)
def who(request: HttpRequest, slug: str) -> HttpResponse:
    """Who can see this, and why. Names are for members; owners may ask about anybody."""
    project = find.project(request, slug)
    actor = Actor(request.user)
    content: dict[str, Any] = {"audience": reach.audience(project)}
    if access.is_insider(project, actor):
        content["everybody"], content["more"] = reach.everybody(project)
        content["page_files"] = links(request)
    if find.may(request, project, Role.OWNER):
        ask = AskForm(request.GET)
        content["ask"] = ask
        name = ask.cleaned_data["who"] if ask.is_valid() else ""
        if name:
            try:
                content["asked"] = reach.about(project, members.find_user(name))
            except NotFound as problem:
                content["unknown"] = problem.message
    return page(request, project, "access", content)
