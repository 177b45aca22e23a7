"""A project's settings, joining by invitation, and the account page, in team mode."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.forms import ProjectForm
from tests import make
from tests.dashboard.reading import Page, file_link, lines
from tracker import members, projects, tokens
from tracker.errors import Denied
from tracker.models import (
    AccessToken,
    Invitation,
    Membership,
    Project,
    Role,
    User,
    Visibility,
)

pytestmark = pytest.mark.usefixtures("team")

PASSWORD = "a long enough password"
SETTINGS = "/p/vision/settings/"


def client(user=None):
    made = Client()
    if user:
        made.force_login(user)
    return made


@pytest.fixture
def own(owner):
    return client(owner)


# ---------------------------------------------------------------- general


def test_changes_name_description_and_visibility(own, vision):
    answer = own.post(
        SETTINGS, {"name": "Vision", "description": "*new*", "visibility": "internal"}
    )

    assert answer.status_code == 302
    vision.refresh_from_db()
    assert (vision.name, vision.visibility) == ("Vision", Visibility.INTERNAL)


def test_refuses_an_empty_name_and_shows_the_kept_one(own):
    answer = own.post(SETTINGS, {"name": "", "description": ""})

    assert answer.status_code == 422
    assert "vision" in Page(answer).main.text


def test_deletes_only_after_the_name_is_typed_and_restores(own, vision, reader):
    refused = own.post(SETTINGS + "delete/", {"name": "wision"})
    assert (refused.status_code, "That is not" in refused.content.decode()) == (
        422,
        True,
    )

    own.post(SETTINGS + "delete/", {"name": "vision"})

    gone = own.get("/p/vision/experiments/")
    assert gone.status_code == 410
    assert "Restore" in gone.content.decode()
    assert client(reader).get("/p/vision/").status_code == 410
    assert "Restore</button>" not in client(reader).get("/p/vision/").content.decode()
    assert client(reader).post(SETTINGS + "restore/").status_code == 403
    client(reader).get("/projects/")
    assert "vision" not in client(reader).get("/projects/").content.decode()
    assert "Deleted" in own.get("/projects/").content.decode()
    assert own.post(SETTINGS + "restore/").status_code == 302
    assert own.get("/p/vision/").status_code == 200


def test_says_nothing_of_a_deleted_project_to_others(vision, stranger):
    vision.visibility = Visibility.PUBLIC
    vision.deleted_at = timezone.now()
    vision.save()

    for who in (client(), client(stranger)):
        real, invented = who.get("/p/vision/"), who.get("/p/nothing/")
        assert real.status_code == invented.status_code
        assert real.content == invented.content
    assert client(stranger).post(SETTINGS + "restore/").status_code == 404


def test_keeps_the_project_behind_a_bare_tracking_uri(db):
    admin = make.user("admin", is_superuser=True)
    make.project("default")

    answer = client(admin).post("/p/default/settings/delete/", {"name": "default"})

    assert answer.status_code == 422
    assert "it stays" in answer.content.decode()


def test_lists_ones_role_in_each_project(own, reader, vision):
    assert "Owner" in Page(own.get("/projects/")).main.text
    assert "Reader" in Page(client(reader).get("/projects/")).main.text


def test_whoever_makes_a_project_owns_it(stranger):
    browser = client(stranger)

    browser.post(
        "/projects/", {"name": "Mine", "slug": "mine", "visibility": "private"}
    )

    member = Membership.objects.get(project__slug="mine")
    assert (member.user, member.role) == (stranger, Role.OWNER)
    assert browser.get("/p/mine/settings/members/").status_code == 200


def test_leaves_new_projects_to_administrators_where_told_so(stranger, settings):
    settings.PROJECT_CREATORS = "staff"
    new = {"name": "Mine", "slug": "mine", "visibility": "private"}
    root = make.user("root", is_staff=True, is_superuser=True)

    refused = client(stranger).post("/projects/", new)
    assert refused.status_code == 403
    assert "Only administrators create projects" in refused.content.decode()
    with pytest.raises(Denied):
        projects.create(stranger, "mine", name="", visibility=Visibility.PRIVATE)
    assert not Project.objects.exists()
    page = Page(client(stranger).get("/projects/"))
    assert not page.root.all("input", name="slug")
    assert "Administrators create the projects" in page.main.text
    assert "Sign in to create" in Page(client().get("/projects/")).main.text

    assert client(root).post("/projects/", new).status_code == 302


def test_two_who_want_one_address_at_once_are_told(stranger, monkeypatch):
    monkeypatch.setattr(ProjectForm, "validate_unique", lambda self: None)
    new = {"name": "Mine", "slug": "vision", "visibility": "private"}
    make.project("vision")

    answer = client(stranger).post("/projects/", new)

    assert answer.status_code == 422
    assert "exists already" in answer.content.decode()


@pytest.mark.parametrize("slug", ["api", "ADMIN", "p", "123", "a/b", "a b", "", ".x"])
def test_refuses_an_address_that_cannot_be_one(stranger, slug):
    answer = client(stranger).post(
        "/projects/", {"name": "x", "slug": slug, "visibility": "private"}
    )

    assert answer.status_code == 422
    assert not Project.objects.exists()


# ---------------------------------------------------------------- members


def test_adds_changes_and_removes_a_member(own, vision, stranger):
    own.post(SETTINGS + "members/", {"who": "stranger", "role": "20"})
    member = Membership.objects.get(user=stranger)
    assert (member.role, member.ends_at) == (Role.WRITER, None)

    own.post(f"{SETTINGS}members/{member.pk}/", {"role": "10"})
    assert Membership.objects.get(user=stranger).role == Role.READER

    own.post(f"{SETTINGS}members/{member.pk}/remove/")
    assert client(stranger).get("/p/vision/").status_code == 404


def test_a_membership_with_an_end_is_over_by_itself(own, vision, stranger):
    day = timezone.now().date() + timedelta(days=3)
    own.post(
        SETTINGS + "members/", {"who": "stranger", "role": "10", "until": str(day)}
    )
    assert client(stranger).get("/p/vision/").status_code == 200

    Membership.objects.filter(user=stranger).update(ends_at=timezone.now())

    assert client(stranger).get("/p/vision/").status_code == 404


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"who": "nobody", "role": "10"}, "No account has this name"),
        ({"who": "reader", "role": "20"}, "is a member already"),
        ({"who": "stranger", "role": "99"}, "Select a valid choice"),
        ({"who": "stranger", "role": "x"}, "Select a valid choice"),
        ({"who": "stranger", "role": "30", "until": "2999-01-01"}, "has no end"),
        ({"who": "stranger", "role": "10", "until": "2001-01-01"}, "in the future"),
        ({"who": "a\0b", "role": "10"}, "Null characters"),
    ],
)
def test_says_why_somebody_was_not_added(own, vision, reader, stranger, sent, says):
    answer = own.post(SETTINGS + "members/", sent)

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Membership.objects.filter(user=stranger).exists()


def test_the_last_owner_stays(own, owner, vision):
    member = Membership.objects.get(user=owner)

    for action, sent in (("", {"role": "10"}), ("remove/", {})):
        answer = own.post(f"{SETTINGS}members/{member.pk}/{action}", sent, follow=True)
        assert "needs an owner" in answer.content.decode()
    assert Membership.objects.get(user=owner).role == Role.OWNER


def test_whoever_leaves_is_led_out(own, owner, vision):
    members.set_role(vision, make.user("second"), Role.OWNER)
    member = Membership.objects.get(user=owner)

    answer = own.post(f"{SETTINGS}members/{member.pk}/remove/")

    assert answer["Location"] == "/projects/"


def test_changes_nothing_of_another_project(own, stranger):
    other = make.project("other", owner=stranger)
    member = Membership.objects.get(project=other)
    token = tokens.issue_for_project(other, name="ci").row

    for path in (
        f"members/{member.pk}/",
        f"members/{member.pk}/remove/",
        f"tokens/{token.pk}/revoke/",
    ):
        assert own.post(SETTINGS + path, {"role": "10"}).status_code == 404


# ---------------------------------------------------------------- invitations


def invited(own, **sent):
    page = own.post(SETTINGS + "members/invite/", {"role": "20", "days": "7", **sent})
    assert page["Cache-Control"] == "no-store"
    return re.search(r"http://testserver(/join/[\w-]+/)", page.content.decode())[1]


def test_an_invitation_is_shown_once_and_makes_an_account(own, vision):
    path = invited(own, note="for Ann")
    listed = own.get(SETTINGS + "members/").content.decode()
    assert "for Ann" in listed
    assert path not in listed

    newcomer = client()
    assert "Join vision" in newcomer.get(path).content.decode()
    newcomer.post(path, {"name": "ann", "password": PASSWORD})

    assert newcomer.get("/p/vision/").status_code == 200
    assert Membership.objects.get(user__username="ann").role == Role.WRITER
    assert client().get(path).status_code == 404


def test_an_invitation_is_taken_with_an_account(own, vision, stranger):
    path = invited(own)

    assert "stranger" in client(stranger).get(path).content.decode()
    answer = client(stranger).post(path)

    assert answer["Location"] == "/p/vision/"
    assert Membership.objects.filter(user=stranger).exists()


@pytest.mark.parametrize(
    ("name", "password"),
    [("owner", PASSWORD), ("ann", "short"), ("", PASSWORD), ("a b", PASSWORD)],
)
def test_a_refused_account_does_not_use_the_invitation_up(own, name, password):
    path = invited(own)
    before = User.objects.count()

    answer = client().post(path, {"name": name, "password": password})

    assert answer.status_code == 422
    assert User.objects.count() == before
    assert Invitation.objects.open().exists()


def test_a_withdrawn_invitation_leads_nowhere(own):
    path = invited(own)
    own.post(f"{SETTINGS}invitations/{Invitation.objects.get().pk}/withdraw/")

    answer = client().get(path)

    assert answer.status_code == 404
    assert "has ended" in answer.content.decode()


# ---------------------------------------------------------------- tokens


def test_makes_lists_and_revokes_a_token_of_the_project(own, vision):
    page = own.post(
        SETTINGS + "tokens/", {"name": "nightly", "scope": "log", "days": "30"}
    )
    secret = re.search(r"trk_[\w-]{20,}", page.content.decode())[0]
    assert page["Cache-Control"] == "no-store"
    listed = own.get(SETTINGS + "tokens/").content.decode()
    assert "nightly" in listed
    assert secret not in listed
    row = AccessToken.objects.get()
    assert row.user.is_bot
    own.post(f"{SETTINGS}tokens/{row.pk}/revoke/")

    assert tokens.find(secret) is None


def test_an_owner_ends_the_tokens_of_others_that_reach_the_project(own, vision, reader):
    row = tokens.issue(reader, name="laptop", project=vision).row

    own.post(f"{SETTINGS}tokens/{row.pk}/revoke/")

    row.refresh_from_db()
    assert row.revoked_at is not None
    reader.refresh_from_db()
    assert reader.is_active


# ---------------------------------------------------------------- who can see this


def test_explains_who_can_see_the_project(own, vision, reader):
    make.user("root", is_superuser=True)
    tokens.issue_for_project(vision, name="nightly")

    page = Page(own.get("/p/vision/access/")).main.text

    assert "Private" in page
    for part in (
        "Member with the role owner.",
        "Member with the role reader.",
        "Administrator of this server.",
        "Token of this project, as writer.",
    ):
        assert part in page


@pytest.mark.parametrize(
    ("name", "visibility", "says"),
    [
        ("reader", "private", "may read here"),
        ("stranger", "private", "sees nothing of this project"),
        ("stranger", "internal", "everyone with an account reads it"),
        ("nobody", "private", "No account"),
    ],
)
def test_an_owner_asks_about_a_person(
    own, vision, reader, stranger, name, visibility, says
):
    Project.objects.update(visibility=visibility)

    page = Page(own.get("/p/vision/access/", {"who": name})).main.text

    assert says in " ".join(page.split())


def test_names_are_for_members(vision, owner, stranger):
    Project.objects.update(visibility=Visibility.PUBLIC)

    for who in (client(), client(stranger)):
        page = who.get("/p/vision/access/", {"who": "owner"}).content.decode()
        assert "Public" in page
        assert "Member with the role" not in page


@pytest.mark.parametrize("number", [1, 30])
@pytest.mark.parametrize(
    ("path", "queries"),
    # session, user, project; then members, invitations · tokens · members, people
    [("settings/members/", 5), ("settings/tokens/", 4), ("access/", 6)],
)
def test_costs_the_same_for_one_or_thirty(
    own, vision, path, queries, number, django_assert_num_queries
):
    for n in range(number):
        make.member(vision, f"member-{n}", Role.READER)
        tokens.issue_for_project(vision, name=f"token {n}")
    own.get(f"/p/vision/{path}")

    with django_assert_num_queries(queries):
        own.get(f"/p/vision/{path}")


# ---------------------------------------------------------------- the account


def test_a_new_password_ends_other_sessions_and_not_this_one(owner):
    here, there = client(owner), client(owner)

    here.post(
        "/you/password/",
        {
            "old_password": PASSWORD,
            "new_password1": "another fine password",
            "new_password2": "another fine password",
        },
    )

    assert here.get("/you/").status_code == 200
    assert there.get("/you/").status_code == 302
    assert User.objects.get(pk=owner.pk).check_password("another fine password")


@pytest.mark.parametrize(
    ("old", "new"), [("wrong", "another fine password"), (PASSWORD, "short")]
)
def test_refuses_a_new_password(owner, old, new):
    answer = client(owner).post(
        "/you/password/",
        {"old_password": old, "new_password1": new, "new_password2": new},
    )

    assert answer.status_code == 422
    assert User.objects.get(pk=owner.pk).check_password(PASSWORD)


def test_signs_out_everywhere_else(owner):
    here, there = client(owner), client(owner)

    here.post("/you/sessions/end/")

    assert here.get("/you/").status_code == 200
    assert there.get("/you/").status_code == 302


def test_an_account_switched_off_is_signed_out_with_the_next_click(owner):
    browser = client(owner)
    assert browser.get("/p/vision/").status_code == 200

    members.deactivate(owner)

    assert browser.get("/p/vision/").status_code == 302


def test_lists_ones_own_projects(reader):
    page = Page(client(reader).get("/you/")).main.text

    assert "vision" in page
    assert "Reader" in page


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("form", ["csv", "json"])
def test_who_can_see_a_project_is_a_file_for_its_members(
    owner, reader, stranger, vision, form
):
    url = "/p/vision/access"
    Project.objects.filter(pk=vision.pk).update(visibility=Visibility.INTERNAL)
    member, other = client(reader), client(stranger)

    rows = lines(member.get(file_link(member, f"{url}/", form)))

    assert {row["name"]: row["role"] for row in rows}[owner.username] == "Owner"
    assert other.get(f"{url}/").status_code == 200
    assert other.get(f"{url}.{form}").status_code == 403


@pytest.mark.parametrize("form", ["csv", "json"])
def test_tokens_are_files_without_their_secrets(owner, vision, form):
    browser = client(owner)
    mine = tokens.issue(owner, name="laptop", scope=AccessToken.Scope.READ)
    theirs = tokens.issue_for_project(vision, name="ci", scope=AccessToken.Scope.LOG)
    pages = ["/you/tokens/", "/p/vision/settings/tokens/"]

    answers = [browser.get(file_link(browser, url, form)) for url in pages]
    texts = [b"".join(answer.streaming_content).decode() for answer in answers]

    assert "laptop" in texts[0] and "ci" not in texts[0]
    assert "ci" in texts[1] and "laptop" not in texts[1]
    assert mine.secret not in texts[0] and theirs.secret not in texts[1]
