"""The ledger at the console; every command calls the service or query its page calls."""

from __future__ import annotations

import click

from nengtan.ledger.commands.asking import accounts, convert, explain
from nengtan.ledger.commands.factors import factors_group
from nengtan.ledger.commands.facts import facts_group
from nengtan.ledger.commands.intake import import_activity, template_activity
from nengtan.ledger.commands.metered import meters_post
from nengtan.ledger.commands.upkeep import rebuild, years_group
from nengtan.registry.commands import import_group, template_group
from nengtan.telemetry.commands import meters

import_group.add_command(import_activity)
template_group.add_command(template_activity)
meters.add_command(meters_post)

commands: list[click.Command] = [accounts, explain, convert, facts_group, factors_group, years_group, rebuild]
