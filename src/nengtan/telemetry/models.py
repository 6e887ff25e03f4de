"""What is known of registers beyond the register of meters: how they count, their ratios, what happened, who sends."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nengtan.identity.models import User
from nengtan.registry.models import Institution, Meter
from nengtan.ui.fields import FixedPointField

if TYPE_CHECKING:
    from nengtan.identity.access import Actor


class OfMeterQuerySet(models.QuerySet[Any]):
    """Records that belong to a meter."""

    path = "meter__institution__"

    def for_actor(self, actor: Actor, capability: str = "view_detail") -> OfMeterQuerySet:
        """Records of the institutions the actor may use ``capability`` on."""
        return self.filter(actor.scope_for(capability).institutions_q(self.path))


class OfRegisterQuerySet(OfMeterQuerySet):
    """Records that belong to a register."""

    path = "register__meter__institution__"


class OfBodyQuerySet(OfMeterQuerySet):
    """Records that belong to an institution."""

    path = "institution__"


class Register(models.Model):
    """One thing a meter shows (表计读数项): its total, a rate, the other direction, a demand.

    The register without a code is the meter's main one: its consumption is the meter's. ``modulus``: where a
    cumulative register starts again at 0. ``cap``: the largest use believed, after the ratio [units an hour; kW for
    kWh]. ``period_s``: how often it is read [s]. None is unknown. ``ratio_used``: the meter's ratio its consumption
    was last computed with.
    """

    class Kind(models.TextChoices):
        """How what it shows is to be taken."""

        CUMULATIVE = "cumulative", _("cumulative")
        DEMAND = "demand", _("demand")
        INSTANTANEOUS = "instantaneous", _("momentary value")

    class Direction(models.TextChoices):
        """Which way the flow goes that it counts."""

        IN = "in", pgettext_lazy("register", "drawn")
        OUT = "out", pgettext_lazy("register", "delivered")

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="registers", verbose_name=_("meter"))
    code = models.CharField(_("code"), max_length=16, blank=True)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices, default=Kind.CUMULATIVE)
    direction = models.CharField(_("direction"), max_length=4, choices=Direction.choices, default=Direction.IN)
    unit = models.CharField(_("unit"), max_length=16)
    modulus = FixedPointField(_("starts again at"), null=True, blank=True)
    decimals = models.PositiveSmallIntegerField(_("decimal places"), default=2)
    cap = FixedPointField(_("largest use believed, units an hour"), null=True, blank=True)
    by_hand = models.BooleanField(_("read by hand"), default=False)
    period_s = models.PositiveIntegerField(_("read every, s"), default=900)
    ratio_used = FixedPointField(null=True, blank=True, editable=False)

    objects: ClassVar[OfMeterQuerySet] = OfMeterQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("meter_id", "code")
        constraints = [models.UniqueConstraint(fields=["meter", "code"], name="one_register_a_code")]

    def __str__(self) -> str:
        return f"{self.meter.code} {self.code}".strip()


class RatioSpan(models.Model):
    """By what a meter's readings are multiplied from a moment on (倍率): current times voltage transformers.

    ``reading``: what the main register showed at that moment; None where nobody read it. Before the first span the
    ratio in the register of meters holds.
    """

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="ratios", verbose_name=_("meter"))
    since = models.DateTimeField(_("from"))
    ct = FixedPointField(_("current transformer"), default=Decimal(1))
    pt = FixedPointField(_("voltage transformer"), default=Decimal(1))
    reading = FixedPointField(_("reading then"), null=True, blank=True)
    document = models.CharField(_("document"), max_length=120, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)

    objects: ClassVar[OfMeterQuerySet] = OfMeterQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("meter_id", "since")
        constraints = [models.UniqueConstraint(fields=["meter", "since"], name="one_ratio_a_moment")]

    def __str__(self) -> str:
        return f"{self.meter.code} × {self.ratio}"

    @property
    def ratio(self) -> Decimal:
        """Both transformers together."""
        return self.ct * self.pt


class MeterEvent(models.Model):
    """Something that happened to a register (换表、清零): its last reading before, its first after.

    Append-only; one entered by mistake is withdrawn.
    """

    class Kind(models.TextChoices):
        """Why the register went on from another figure."""

        REPLACEMENT = "replacement", _("meter replaced")
        ZEROING = "zeroing", _("register set to zero")
        SETTING = "setting", _("register set to another figure")

    register = models.ForeignKey(Register, models.PROTECT, related_name="events", verbose_name=_("register"))
    kind = models.CharField(_("event"), max_length=12, choices=Kind.choices)
    at = models.DateTimeField(_("when"))
    final = FixedPointField(_("last reading before"))
    start = FixedPointField(_("first reading after"))
    document = models.CharField(_("document"), max_length=120, blank=True)
    note = models.CharField(_("remark"), max_length=400, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    objects: ClassVar[OfRegisterQuerySet] = OfRegisterQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("register_id", "at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["register", "at"], condition=models.Q(withdrawn_at=None), name="one_event_a_moment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.register} {self.get_kind_display()}"


class Formula(models.Model):
    """What a virtual meter is computed from (虚拟表), from a day on until the next: a sum of terms and a constant.

    ``constant``: for what always runs and has no meter [unit of the carrier an hour].
    """

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="formulas", verbose_name=_("virtual meter"))
    valid_from = models.DateField(_("from"))
    constant = FixedPointField(_("always running, units an hour"), default=Decimal(0))
    note = models.CharField(_("remark"), max_length=400, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)

    objects: ClassVar[OfMeterQuerySet] = OfMeterQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("meter_id", "valid_from")
        constraints = [models.UniqueConstraint(fields=["meter", "valid_from"], name="one_formula_a_day")]

    def __str__(self) -> str:
        return f"{self.meter.code} {self.valid_from}"

    @property
    def size(self) -> Decimal:
        """The constant without its sign."""
        return abs(self.constant)


class FormulaTerm(models.Model):
    """One meter of a formula with its sign and share; an optional one that is missing counts as nothing."""

    formula = models.ForeignKey(Formula, models.CASCADE, related_name="terms")
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="terms", verbose_name=_("meter"))
    weight = FixedPointField(_("weight"), default=Decimal(1))
    optional = models.BooleanField(_("optional"), default=False)

    class Meta:
        ordering = ("formula_id", "pk")
        constraints = [models.UniqueConstraint(fields=["formula", "meter"], name="one_term_a_meter")]

    def __str__(self) -> str:
        return f"{self.weight} × {self.meter.code}"

    @property
    def size(self) -> Decimal:
        """The weight without its sign."""
        return abs(self.weight)


class Redo(models.Model):
    """A register whose consumption is to be computed again, since what is known of it has changed.

    ``since``, ``until``: of this time [µs since 1970 UTC]. Written with the change, taken out by the roll-up.
    """

    register = models.ForeignKey(Register, models.CASCADE, related_name="redos")
    since = models.BigIntegerField()
    until = models.BigIntegerField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.register_id} {self.since}"


class Repair(models.Model):
    """What somebody decided of a reading, or of a stretch of which nothing is known (数据修补).

    ``since``: the time of the reading, or where the stretch begins; ``until``: where that ends. ``value``: of an edit
    what the register should have read; of an estimate what was used, by quarters of an hour in parts of ``shape``,
    which add up to 1. Append-only; what was decided can be undone.
    """

    class Kind(models.TextChoices):
        """What is to become of it."""

        ACCEPT = "accept", _("let stand")
        LEAVE_OUT = "leave_out", pgettext_lazy("decision", "left out")
        EDIT = "edit", _("corrected")
        ESTIMATE = "estimate", pgettext_lazy("decision", "estimated")

    register = models.ForeignKey(Register, models.PROTECT, related_name="repairs", verbose_name=_("register"))
    kind = models.CharField(_("decision"), max_length=12, choices=Kind.choices)
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("to"), null=True, blank=True)
    value = FixedPointField(_("value"), null=True, blank=True)
    shape = models.JSONField(default=list, blank=True)
    reason = models.CharField(_("reason"), max_length=400)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)

    objects: ClassVar[OfRegisterQuerySet] = OfRegisterQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("register_id", "since", "id")
        indexes = [models.Index(fields=["register", "since"], name="repairs_of_a_register")]

    def __str__(self) -> str:
        return f"{self.register} {self.get_kind_display()}"


class OfAlarmQuerySet(OfMeterQuerySet):
    """Records that belong to an alarm."""

    path = "alarm__register__meter__institution__"


class Alarm(models.Model):
    """Something unusual that a rule found of a register (告警), from when to when; ``ended`` None while it lasts.

    ``raised``: when it had lasted long enough. ``found``: the worst; ``usual``: what was to be expected; ``extra``:
    what it cost, in the unit of the register; None where a rule knows no such thing.
    """

    rule = models.CharField(_("rule"), max_length=16)
    register = models.ForeignKey(Register, models.PROTECT, related_name="alarms", verbose_name=_("register"))
    severity = models.CharField(_("severity"), max_length=4)
    begun = models.DateTimeField(_("from"))
    raised = models.DateTimeField(_("raised"))
    ended = models.DateTimeField(_("to"), null=True, blank=True)
    found = models.FloatField(_("found"))
    usual = models.FloatField(_("usual"), null=True, blank=True)
    extra = models.FloatField(_("more than usual"), null=True, blank=True)

    objects: ClassVar[OfRegisterQuerySet] = OfRegisterQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("-raised", "-pk")
        constraints = [models.UniqueConstraint(fields=["rule", "register", "begun"], name="one_alarm_a_beginning")]
        indexes = [models.Index(fields=["ended"], name="alarms_that_last")]

    def __str__(self) -> str:
        return f"{self.register} {self.rule}"


class WorkOrder(models.Model):
    """Who is to see to an alarm, and what came of it (工单)."""

    alarm = models.OneToOneField(Alarm, models.PROTECT, related_name="order", verbose_name=_("alarm"))
    what = models.CharField(_("what is to be done"), max_length=400)
    whom = models.CharField(_("who is to do it"), max_length=120)
    due_on = models.DateField(pgettext_lazy("work order", "due on"), null=True, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)
    result = models.CharField(_("what was found and done"), max_length=400, blank=True)
    closed_at = models.DateTimeField(pgettext_lazy("work order", "closed at"), null=True, blank=True)

    objects: ClassVar[OfAlarmQuerySet] = OfAlarmQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("-entered_at",)

    def __str__(self) -> str:
        return self.what


class Gateway(models.Model):
    """A device or program that sends readings (采集网关), by a key of which only the hash is kept.

    It may send for ``meters``; where none is named, for all meters of its institution. ``password``: the hash of the
    key as a broker of messages (Mosquitto) keeps it.
    """

    code = models.CharField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    institution = models.ForeignKey(
        Institution, models.PROTECT, related_name="gateways", verbose_name=_("responsible body")
    )
    meters = models.ManyToManyField(Meter, related_name="gateways", verbose_name=_("meters"), blank=True)
    prefix = models.CharField(_("key begins with"), max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    password = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    seen_at = models.DateTimeField(_("last heard of"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects: ClassVar[OfBodyQuerySet] = OfBodyQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name or self.code

    @staticmethod
    def digest_of(secret: str) -> str:
        """The hash a key is kept as; keys are random, so one round is enough."""
        return hashlib.sha256(secret.encode()).hexdigest()


class OfGatewayQuerySet(OfMeterQuerySet):
    """Records that belong to a gateway."""

    path = "gateway__institution__"


class OfLinkQuerySet(OfMeterQuerySet):
    """Records that belong to a link of a collector."""

    path = "link__gateway__institution__"


class OfUploadQuerySet(OfMeterQuerySet):
    """Records that belong to a link to another centre."""

    path = "link__institution__"


class GatewayPoint(models.Model):
    """What a gateway calls a register (采集点): where it has a name of its own for it.

    Without one a point is called by the code of the meter, or ``METER/REGISTER``.
    """

    gateway = models.ForeignKey(Gateway, models.CASCADE, related_name="points", verbose_name=_("gateway"))
    name = models.CharField(pgettext_lazy("of a point", "called"), max_length=128)
    register = models.ForeignKey(Register, models.PROTECT, related_name="points", verbose_name=_("register"))

    objects: ClassVar[OfGatewayQuerySet] = OfGatewayQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("gateway_id", "name")
        constraints = [models.UniqueConstraint(fields=["gateway", "name"], name="one_point_a_name")]

    def __str__(self) -> str:
        return f"{self.gateway.code} {self.name}"


class CollectorLink(models.Model):
    """A collector that reports to this centre by the national protocol (能耗数据采集器).

    ``building`` and ``number``: by what it calls itself. ``profile``: a row of ``link_profiles.csv``; ``settings`` are
    what differs from it. Keys are enciphered; the ``next_…`` ones were told to the collector and hold from when it
    uses them.
    """

    gateway = models.OneToOneField(Gateway, models.CASCADE, related_name="collector", verbose_name=_("gateway"))
    building = models.CharField(_("building code"), max_length=20)
    number = models.CharField(_("number of the collector"), max_length=12)
    profile = models.CharField(_("link profile"), max_length=32)
    settings = models.JSONField(_("what differs from it"), default=dict, blank=True)
    md5_key = models.TextField(editable=False)
    aes_key = models.TextField(editable=False, blank=True)
    next_md5_key = models.TextField(editable=False, blank=True)
    next_aes_key = models.TextField(editable=False, blank=True)

    objects: ClassVar[OfGatewayQuerySet] = OfGatewayQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("building", "number")
        constraints = [models.UniqueConstraint(fields=["building", "number"], name="one_collector_a_number")]

    def __str__(self) -> str:
        return f"{self.building} {self.number}"


class CollectorCommand(models.Model):
    """Something a collector is told (远程设置): sent when it is there, kept with its answer.

    ``told``: what it says, without keys.
    """

    link = models.ForeignKey(CollectorLink, models.CASCADE, related_name="commands", verbose_name=_("collector"))
    operation = models.CharField(_("what it is told"), max_length=24)
    told = models.JSONField(default=dict)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    answered_at = models.DateTimeField(_("answered at"), null=True)
    answer = models.JSONField(default=dict)

    objects: ClassVar[OfLinkQuerySet] = OfLinkQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.link} {self.operation}"


class UploadLink(models.Model):
    """Another centre this one reports to by the same protocol, as a collector (向上级平台上传).

    ``content``: what is sent of a register at the end of each quarter of an hour. ``acknowledges``: whether that centre
    says what it keeps; where it does not, what was sent is believed to be there. ``since``: what is before is not sent.
    ``sent_until``: everything before is kept there; None: nothing yet.
    """

    class Content(models.TextChoices):
        """What a register is sent as."""

        TOTAL = "total", _("running total of consumption")
        INTERVAL = "interval", _("consumption of the quarter of an hour")

    code = models.CharField(_("code"), max_length=32, unique=True)
    institution = models.ForeignKey(
        Institution, models.PROTECT, related_name="uploads", verbose_name=_("responsible body")
    )
    host = models.CharField(_("address"), max_length=255)
    port = models.PositiveIntegerField(_("port"))
    building = models.CharField(_("building code"), max_length=20)
    number = models.CharField(_("number of the collector"), max_length=12)
    profile = models.CharField(_("link profile"), max_length=32)
    settings = models.JSONField(_("what differs from it"), default=dict, blank=True)
    md5_key = models.TextField(editable=False)
    aes_key = models.TextField(editable=False, blank=True)
    content = models.CharField(_("what is sent"), max_length=8, choices=Content.choices, default=Content.TOTAL)
    acknowledges = models.BooleanField(_("says what it keeps"), default=True)
    since = models.DateTimeField(_("from"))
    sent_until = models.DateTimeField(_("sent up to"), null=True, blank=True)
    seen_at = models.DateTimeField(_("last heard of"), null=True, blank=True)
    fault = models.CharField(_("what is wrong"), max_length=200, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects: ClassVar[OfBodyQuerySet] = OfBodyQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("code",)

    def __str__(self) -> str:
        return self.code


class UploadPoint(models.Model):
    """What a register is called at the other centre: meter, function, and the code of building, item and device.

    ``total``: consumption from ``since`` of the link up to ``total_until``, as that centre was told; it only grows.
    """

    link = models.ForeignKey(UploadLink, models.CASCADE, related_name="points", verbose_name=_("link"))
    register = models.ForeignKey(Register, models.PROTECT, related_name="uploads", verbose_name=_("register"))
    meter = models.CharField(_("meter"), max_length=32)
    function = models.CharField(_("function"), max_length=32, default="1")
    coding = models.CharField(_("data code"), max_length=32, blank=True)
    total = FixedPointField(_("running total"), default=Decimal(0))
    total_until = models.DateTimeField(_("up to"), null=True, blank=True)

    objects: ClassVar[OfUploadQuerySet] = OfUploadQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("link_id", "meter", "function")
        constraints = [
            models.UniqueConstraint(fields=["link", "meter", "function"], name="one_upload_point_a_name"),
            models.UniqueConstraint(fields=["link", "register"], name="one_upload_point_a_register"),
        ]

    def __str__(self) -> str:
        return f"{self.link} {self.meter}/{self.function}"


class Device(models.Model):
    """A meter that is asked over the network (轮询设备), by Modbus TCP or through a transparent serial gateway.

    ``address``: the number of the device on its line, or the meter's own address. ``template``: a row of
    ``device_templates.csv``: what is where. ``fault``: why it does not answer, since ``failing_since``.
    """

    class Protocol(models.TextChoices):
        """How it is spoken to."""

        MODBUS = "modbus", "Modbus TCP"
        DLT645 = "dlt645", "DL/T 645-2007"
        CJT188 = "cjt188", "CJ/T 188"

    code = models.CharField(_("code"), max_length=32, unique=True)
    gateway = models.ForeignKey(Gateway, models.CASCADE, related_name="devices", verbose_name=_("gateway"))
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="devices", verbose_name=_("meter"))
    protocol = models.CharField(_("protocol"), max_length=8, choices=Protocol.choices)
    host = models.CharField(_("address of the gateway"), max_length=255)
    port = models.PositiveIntegerField(_("port"), default=502)
    address = models.CharField(_("address of the device"), max_length=16)
    template = models.CharField(_("device template"), max_length=64)
    period_s = models.PositiveIntegerField(_("read every, s"), default=900)
    seen_at = models.DateTimeField(_("last heard of"), null=True, blank=True)
    fault = models.CharField(_("what is wrong"), max_length=200, blank=True)
    failing_since = models.DateTimeField(_("does not answer since"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects: ClassVar[OfMeterQuerySet] = OfMeterQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("code",)

    def __str__(self) -> str:
        return self.code
