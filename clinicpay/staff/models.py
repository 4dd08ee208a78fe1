"""People who sign in, their memberships of clinics, invitations, and the practitioners of a clinic."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from clinicpay.clinics.models import Clinic, TenantForeignKey, TenantModel, imported_once
from clinicpay.staff.roles import Can, Role, may


class UserManager(BaseUserManager["User"]):
    """Makes users known by their email address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user who can sign in once a password is set; the address is stored in lower case."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who signs in. Global: what they may see is decided by their memberships.

    `unfolded` names the parts of pages that they keep open, such as the charts over the payments.
    `sign_in_round` is part of every sign-in: one more, and all that stand have ended. `totp_step` is the newest
    moment (30 s since 1970) whose code of the authenticator app was taken; neither it nor an older one is again.
    """

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    unfolded = models.CharField(max_length=200, blank=True, default="", editable=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    sign_in_round = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    totp_step = models.BigIntegerField(default=0, db_default=0, editable=False)

    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a sign-in must carry: Django's own hash of the password, of this round."""
        said = f"{self.password}:{self.sign_in_round}" if self.sign_in_round else self.password
        salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        return salted_hmac(salt, said, secret=secret, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        """Name for emails and menus."""
        return str(self)

    def keeps_open(self, part: str, *, by_default: bool) -> bool:
        """Whether this person wants a part of a page open; a minus before its name says that they closed it."""
        kept = self.unfolded.split()
        return part in kept or (by_default and f"-{part}" not in kept)

    @property
    def initials(self) -> str:
        """Up to two letters for the avatar."""
        return "".join(word[0] for word in str(self).split()[:2]).upper()


class Membership(TenantModel):
    """A person's role in one clinic: the actor of everything done there."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    role = models.CharField(max_length=12, choices=Role)
    active = models.BooleanField(default=True)
    has_second_step: bool
    """Whether the person signs in with an authenticator app; known of who makes a request."""

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "user"], name="staff_membership_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role_label})"

    def can(self, can: Can) -> bool:
        """Whether this member is allowed an act."""
        return self.active and may(self.role, can)

    @property
    def role_label(self) -> str:
        """The role as people read it."""
        return Role(self.role).label

    @property
    def label(self) -> str:
        """Name as the trail shows it."""
        return str(self)


class ClinicPayItself:
    """The actor of imports, nights and demo data: no person, every permission."""

    user_id = None

    def __init__(self, clinic: Clinic, label: str) -> None:
        self.clinic, self.label = clinic, label

    def can(self, can: Can) -> bool:
        """Allowed everything; what may run as ClinicPay is decided where it is started."""
        return True


Actor = Membership | ClinicPayItself
"""Who acts: a member, or ClinicPay itself."""


class Practitioner(TenantModel):
    """Somebody who treats patients; a member of the clinic's staff or only a name on its roster."""

    name = models.CharField(max_length=120)
    discipline = models.CharField(max_length=60, blank=True)
    member = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    active = models.BooleanField(default=True)
    external_ref = models.CharField(max_length=64, blank=True, editable=False)

    class Meta(TenantModel.Meta):
        ordering = ["name", "id"]
        constraints = [
            *TenantModel.Meta.constraints,
            imported_once("staff_practitioner_external"),
        ]

    def __str__(self) -> str:
        return self.name


class Invitation(TenantModel):
    """A link that lets a person choose a password and become a member. Only the token's hash is kept."""

    email = models.EmailField()
    role = models.CharField(max_length=12, choices=Role)
    token_hash = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "token_hash"], name="staff_invitation_token"),
        ]

    def __str__(self) -> str:
        return self.email


class SavedView(TenantModel):
    """A member's own view of a list: its filters and order, under a name."""

    member = TenantForeignKey(Membership, related_name="views")
    page = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)

    class Meta(TenantModel.Meta):
        ordering = ["id"]
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "member", "page", "name"], name="staff_view_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Delegation(TenantModel):
    """An owner's leave for a member to approve write-offs: each up to `limit` (minor units), to the end of `last_day`.

    `expires_at` is that end on the clinic's clock. Nothing of it changes but that it is ended before; who gave it
    and who ended it, and when, is set by the database.
    """

    member = TenantForeignKey(Membership, related_name="delegations")
    limit = models.BigIntegerField()
    last_day = models.DateField()
    expires_at = models.DateTimeField()
    made_by_id = models.BigIntegerField(null=True, editable=False)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_by_id = models.BigIntegerField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["clinic", "member"], condition=models.Q(ended_at=None), name="staff_delegation_one"
            ),
            models.CheckConstraint(condition=models.Q(limit__gt=0), name="staff_delegation_limit"),
        ]

    def __str__(self) -> str:
        return f"Delegation to {self.member.user}"

    @property
    def state(self) -> tuple[str, str]:
        """Whether it counts, as a word for the colour and one to read."""
        if self.ended_at and self.ended_at < self.expires_at:
            return "withdrawn", "Withdrawn"
        return ("expired", "Expired") if self.expires_at <= timezone.now() else ("active", "Active")
