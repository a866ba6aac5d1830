"""The catalogue as text, for ``list`` and ``explain``."""

from __future__ import annotations

from ..core.invocation import hint
from ..core.line import NEEDS
from ..core.nearest import meant
from ..core.transcript import escape
from ..core.verdict import Level, WrongUsage
from ..mutants.catalogue import MUTANTS
from ..profiles import BUILT_IN
from ..scenario.catalogue import Catalogue
from ..scenario.profile import Profile
from ..scenario.requirement import SPEC, Requirement, matches
from .parameters import changes_of


def listing(catalogue: Catalogue = BUILT_IN, profiles: str | None = None) -> str:
    """Return one line for each requirement, under its profile."""
    lines = []
    for profile in _chosen(catalogue, profiles):
        contract = "" if profile.spec == SPEC else f" ({profile.spec})"
        lines.append(f"{profile.name}: {profile.title}{contract}")
        for key, default in profile.known_parameters().items():
            setting = f'--set {key}="{escape(default)}"'
            lines.append(f"  {setting:<44} {profile.settings.meanings.get(key, '')}".rstrip())
        lines += [
            f"  {one.id:<30} {one.level.value:<6} {one.clause:<5} {one.text}{_briefly(one)}"
            for one in profile.requirements
        ]
        lines.append("")
    return "\n".join(lines).rstrip()


def _chosen(catalogue: Catalogue, profiles: str | None) -> list[Profile]:
    return catalogue.choose(profiles) if profiles else list(catalogue.profiles.values())


def _briefly(one: Requirement) -> str:
    words = _words(one)
    return f" [needs {words}]" if words else ""


def _words(one: Requirement) -> str:
    return ", ".join(need.partition("/")[2] for need in (*one.needs, *one.unless))


def listing_of_mutants(profiles: str | None = None) -> str:
    """Return each embedded broken server, with the requirement that it breaks."""
    names = [profile.name for profile in _chosen(BUILT_IN, profiles)]
    return "\n".join(
        f"mutant:{name:<36} breaks {mutant.breaks:<28} {mutant.text}"
        for name, mutant in MUTANTS.items()
        if name.partition("/")[0] in names
    )


def catalogue_page() -> str:
    """Return CATALOGUE.md: every requirement of every profile, as a page (Markdown)."""
    lines = [
        "# The catalogue",
        "",
        "Every requirement that the suite judges, made by `make docs` from the profiles. The",
        "clauses are those of [SPEC.md](SPEC.md); the command `explain ID` shows one in full, and",
        "`run --case ID` judges it alone.",
        "",
        "| profile | MUST | SHOULD | mutants |",
        "|---|---|---|---|",
    ]
    for profile in BUILT_IN.profiles.values():
        levels = [one.level for one in profile.requirements]
        mutants = sum(name.startswith(f"{profile.name}/") for name in MUTANTS)
        lines.append(
            f"| [{profile.name}](#{profile.name}) | {levels.count(Level.MUST)} "
            f"| {levels.count(Level.SHOULD)} | {mutants} |"
        )
    for profile in BUILT_IN.profiles.values():
        known = profile.known_parameters()
        lines += [
            "",
            f"## {profile.name}",
            "",
            f"{_in_a_cell(profile.title[0].upper() + profile.title[1:])}.",
            "",
        ]
        lines += [
            f"- `{key}` = `{escape(default)}`" if default else f"- `{key}` is empty"
            for key, default in known.items()
        ]
        lines += [""] if known else []
        lines += [
            "| requirement | level | clause | what is required | over | needs | broken by |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [_row(one) for one in profile.requirements]
    return "\n".join(lines) + "\n"


def _row(one: Requirement) -> str:
    name = one.id.partition("/")[2]
    mutants = ", ".join(mutant.partition("/")[2] for mutant in one.mutants)
    over = ", ".join(one.transports) + (" (spawned)" if one.spawned else "")
    cells = (name, one.level.value, one.clause, one.text, over, _words(one), mutants)
    return f"| {' | '.join(_in_a_cell(cell) for cell in cells)} |"


def _in_a_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _needs(one: Requirement, catalogue: Catalogue) -> str:
    """Return a sentence on what a requirement needs, also indirectly."""
    if not one.needs:
        return "nothing"
    whole: dict[str, None] = {}
    waiting = list(one.needs)
    while waiting:
        name = waiting.pop(0)
        if name not in whole and name not in one.needs:
            whole[name] = None
        waiting += catalogue.requirements[name].needs
    further = f" (and what they need: {', '.join(whole)})" if whole else ""
    softly = f", and that {', '.join(one.unless)} does not fail" if one.unless else ""
    return f"{', '.join(one.needs)}{further}{softly}; if one of them fails, it is not judged"


def _of_a_line(one: Requirement) -> str:
    """Return a sentence on a requirement's needs of a line."""
    if not one.line:
        return "it is judged over any (--link)"
    texts = [f"{name}: {NEEDS[name].text}" for name in one.line]
    return "\n              ".join([*texts, "over another line it is judged only if it fails"])


def explain(
    identity: str,
    catalogue: Catalogue = BUILT_IN,
    load: tuple[str, ...] = (),
    profiles: str | None = None,
) -> str:
    """Return the full description of one requirement, or of all that match a pattern.

    Arguments:
        identity: its id; if ``profiles`` are chosen, it may be without the profile.
        load: further words for a command line to paste (``load_words``).
        profiles: the profiles to search; None is all.
    Raises WrongUsage if nothing matches.
    """
    known = [one for profile in _chosen(catalogue, profiles) for one in profile.requirements]
    is_word = profiles is not None and "/" not in identity
    found = [one for one in known if matches(identity, one.word if is_word else one.id)]
    if not found:
        names = [one.word if is_word else one.id for one in known]
        near = meant(identity, names) or f" (see {hint('list')})"
        raise WrongUsage(f"no requirement {identity!r}{near}")
    parts = []
    for one in found:
        target = "ref:python" if one.profile in BUILT_IN.profiles else "TARGET"
        mutants = ", ".join(f"mutant:{name}" for name in one.mutants) or "none"
        changed = (
            "\n              ".join(changes_of(one, catalogue.profiles[one.profile]))
            or "no parameter changes it"
        )
        parts.append(
            f"{one.id}\n"
            f"  {one.text}\n"
            f"  level       {one.level.value}\n"
            f"  clause      {'SPEC.md' if one.spec == SPEC else one.spec} {one.clause}\n"
            f"  basis       {one.basis}\n"
            f"  needs       {_needs(one, catalogue)}\n"
            f"  judged over {', '.join(one.transports)}"
            f"{' (spawned servers only)' if one.spawned else ''}\n"
            f"  parameters  {changed}\n"
            f"  bad line    {_of_a_line(one)}\n"
            f"  broken by   {mutants}\n"
            f"  try it      {hint('run', target, *load)} --case {one.id}"
        )
    return "\n\n".join(parts)
