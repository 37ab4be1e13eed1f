"""Every example of every rule that ships is one test case."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from qa_service.errors import RuleError
from qa_service.rules.catalogue import load_catalogue
from qa_service.rules.examples import problem, run
from qa_service.rules.lint import check
from qa_service.rules.load import Pack, Rule, load_packs
from qa_service.rules.schema import ExampleSpec, Reference
from qa_service.settings import bundled

ROOT = bundled("rules")
PACKS = load_packs(ROOT)
CASES = [
    pytest.param(pack, rule, example, id=f"{rule.id}-{example.name}")
    for pack in PACKS.values()
    for rule in pack.rules
    for example in rule.spec.examples
]


@pytest.mark.parametrize(("pack", "rule", "example"), CASES)
def test_example_holds(pack: Pack, rule: Rule, example: ExampleSpec) -> None:
    assert problem(rule, example, run(rule, pack, example)) == ""


def test_nothing_is_wrong_with_the_rules_that_ship() -> None:
    assert [str(p) for p in check(ROOT)] == []


@pytest.mark.parametrize("name", list(PACKS))
def test_pack_has_enough_rules_and_each_cites_requirements(name: str) -> None:
    catalogue = load_catalogue(ROOT)
    rules = PACKS[name].rules
    assert len(rules) >= (12 if name.endswith("-collections") else 5)
    assert all(rule.spec.requirements for rule in rules)
    assert all(catalogue.get(r) for rule in rules for r in rule.spec.requirements)


#: How rules call a source, where the catalogue has other words for it.
_ALIASES = {
    "信用卡业务监督管理办法": ("信用卡业务监督管理办法", "信用卡办法"),
    "银行保险机构消费者权益保护管理办法": ("消费者权益保护管理办法", "消保办法"),
    "个人信息保护法": ("个人信息保护法", "个保法"),
    "中银协指引": ("中银协",),
    "FCA Handbook CONC": ("FCA CONC",),
    "Debt Respite Scheme Regulations (SI 2020/1311)": ("SI 2020/1311",),
}
#: A section (1006.14, 7.3.4R, 1024) and its paragraphs ((b)(2)), or paragraphs alone that go on from the one before.
_PROVISION = re.compile(r"(\d+(?:\.\d+)*[A-Za-z]?)((?:\([0-9A-Za-z]+\))*)|((?:\([0-9A-Za-z]+\))+)")


def provisions(text: str) -> set[str]:
    """``1006.14(b)(1),(2)`` names 1006.14(b)(1) and 1006.14(b)(2)."""
    found: set[str] = set()
    section, paragraphs = "", ""
    for number, own, alone in _PROVISION.findall(text):
        if number:
            section, paragraphs = number, own
        else:
            level = len(re.findall(r"\(", paragraphs))
            kept = re.findall(r"\([^)]*\)", paragraphs)[: max(0, level - alone.count("("))]
            paragraphs = "".join(kept) + alone
        found.add(section + paragraphs)
    return found


def supported(reference: Reference, citations: tuple[str, ...]) -> bool:
    """Whether one citation with the same mark is of the same source and names each provision, or a part of each."""
    names = _ALIASES.get(reference.title, (reference.title.split(" (")[0],))
    asked = provisions(reference.article or "")
    source = ""
    for citation in citations:
        words, _, mark = citation.removesuffix("]").rpartition(" [")
        if words.startswith("exclusions"):  # of the citation before
            section = re.findall(r"\d+\.\d+", source)[-1]
            source += re.sub(r"exclusions (?=\()", f" {section}", words)
        else:
            source = words
        if mark != reference.mark or not any(name in source for name in names):
            continue
        read = provisions(source)
        if all(any(r == a or r.startswith((a + "(", a + ".")) for r in read) for a in asked):
            return True
    return False


@pytest.mark.parametrize(("article", "read"), [("1006.14(c)", False), ("1006.14(b)(2)(ii)", True), ("1006.14", True)])
def test_provisions_are_told_apart(article: str, read: bool) -> None:
    reference = Reference(title="12 CFR 1006 (Regulation F)", article=article, mark="V1")
    assert supported(reference, ("12 CFR 1006.14(b)(2)(i),(ii) [V1]",)) is read
    assert not supported(reference, ("12 CFR 1006.14(b)(2)(i),(ii) [V2]",))


@pytest.mark.parametrize("name", list(PACKS))
def test_each_reference_is_one_that_the_catalogue_lets_be_cited(name: str) -> None:
    """With the mark that it has there: V1 read in the provision itself, V2 on a secondary page."""
    catalogue = load_catalogue(ROOT)
    wrong = []
    for rule in PACKS[name].rules:
        entries = [catalogue.get(r) for r in rule.spec.requirements]
        lists = [entry.citations for entry in entries if entry is not None]
        for reference in rule.spec.references:
            if not any(supported(reference, citations) for citations in lists):
                wrong.append((rule.id, reference.title, reference.article, reference.mark, lists))
    assert wrong == []


@pytest.mark.parametrize(
    ("requirement", "citations"),
    [
        ("UK-CONC-7.9.6", ("FCA CONC 7.9 [V1]",)),  # its text was read, its number is inferred
        ("US-1692D-2", ("15 U.S.C. 1692d(2) [V1]",)),  # the letter of 1006.14 is unverified
        ("US-1692E-1", ("15 U.S.C. 1692e(1) [V1]", "12 CFR 1006.18(b)(1)(i)-(ii) [V1]")),  # 1692e(16) was not read
        # that the regulations exist was read in their list, what they say on secondary pages
        ("UK-BS-1", ("SI 2020/1311 regs 7, 11 [V2]", "creditor guidance summaries [V2]")),
        ("US-NYC-1", ()),
        ("US-CA-1", ()),
        ("PII-DEMO", ()),  # asked of calls in every country: no Civil Code of one of them
        # the regulations of 2000 are no longer in force
        ("UK-REC-1", ("SI 2018/356 (interception by businesses) reg 4(1)(c): all reasonable efforts to inform [V2]",)),
    ],
)
def test_what_may_be_cited(requirement: str, citations: tuple[str, ...]) -> None:
    found = load_catalogue(ROOT).get(requirement)
    assert found is not None
    assert found.citations == citations
    assert ("house policy" in found.breach("en")) is (citations == ())


@pytest.mark.parametrize(
    ("requirement", "wording"),
    [
        ("CN-THREAT-01", "可能违反：治安管理处罚法第50条(2025修订;原第42条第(一)项) [V2]"),
        ("CN-ABUSE-01", "可能违反：民法典第1024条(名誉权) [V1]"),  # 信用卡办法 is for one product
        ("CN-FAKEDOC-01", "不符合：中银协指引(禁止欺诈;禁止公众场所张贴催收公告、律师函) [V2]"),  # said, not forged
        ("CN-THIRD-01", "不符合：GB/T 45251-2025:只应向债务人催收,不应向联系人催收 [V2]"),
        ("CN-FEE-02", "不符合：中银协指引:禁止虚构债务信息 [V2]"),
        ("CN-VULN-01", "不符合机构内部质检要求"),
        # 个保法 17 demands a notice, not that of a recording; 消保办法 41 speaks of delegation, not of who calls
        ("CN-REC-01", "不符合：中银协指引:电话催收需全程录音 [V2]"),
        ("CN-ID-01", "不符合：中银协指引(须“自报家门”、保障债务人知情权、告知委托等;核实身份并遵守文明规范) [V2]"),
        ("CN-FALSELEGAL-02", "不符合：中银协指引禁止恐吓、欺诈等不当手段 [V2]"),  # neither reputation nor privacy
        ("CN-REC-02", "可能违反：个保法第19条(最短必要期限) [V1]"),  # 消费金融公司管理办法 is for one product
        ("UK-CONC-7.9-FREQ", "不符合机构内部质检要求"),  # MCOB is for mortgages, and the cap is the house's
        ("US-TCPA-1", "可能违反：47 U.S.C. 227(b)(1)(A), as told in FCC 07-232 [V2]"),  # not what permits such calls
        # federal law permits recording with the consent of one
        ("US-REC-1", "可能违反：where all parties must consent: e.g. Cal. Penal Code 632, 632.7 [V2]"),
    ],
)
def test_a_report_accuses_nobody_of_a_crime_nor_by_the_law_for_another_loan(requirement: str, wording: str) -> None:
    found = load_catalogue(ROOT).get(requirement)
    assert found is not None
    assert found.breach("zh") == wording


def test_a_requirement_that_leads_with_a_source_nobody_may_cite_is_refused(tmp_path: Path) -> None:
    raw = json.loads((ROOT / "requirements.json").read_text(encoding="utf-8"))
    next(r for r in raw["requirements"] if r["id"] == "CN-REC-01")["leads"] = "GB/T"
    (tmp_path / "requirements.json").write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(RuleError, match="CN-REC-01 is to lead with “GB/T”"):
        load_catalogue(tmp_path)


def test_every_requirement_has_a_title_in_both_languages() -> None:
    chinese = re.compile("[一-鿿]")
    for requirement in load_catalogue(ROOT):
        assert chinese.search(requirement.titled("zh")), requirement.id
        assert not chinese.search(requirement.titled("en")), requirement.id


def test_law_that_does_not_hold_for_a_licensed_loan_or_was_renumbered_is_cited_nowhere() -> None:
    """刑法 293 之一 is about usury; the articles of 2012 of 治安管理处罚法 have other numbers since 2026."""
    shown = [c for requirement in load_catalogue(ROOT) for c in requirement.citations]
    rules = [rule for pack in PACKS.values() for rule in pack.rules]
    shown += [f"{r.title}{r.article}" for rule in rules for r in rule.spec.references]
    assert [c for c in shown if "之一" in c and "293" in c] == []
    assert [c for c in shown if "治安" in c and "2025修订" not in c] == []


def test_law_of_a_state_is_cited_only_by_rules_for_calls_to_it() -> None:
    of_states = {
        requirement.id: requirement.jurisdiction.split(" ")[0].removeprefix("US-")
        for requirement in load_catalogue(ROOT)
        if requirement.jurisdiction.startswith("US-")
    }
    assert set(of_states.values()) == {"CA", "MA", "NY", "NYC"}
    rules = PACKS["us-collections"].rules
    citing = [(r, of_states[i]) for r in rules for i in r.spec.requirements if i in of_states]
    assert len(citing) >= 8
    assert [r.id for r, state in citing if state not in (r.spec.applies_to.facts or "")] == []
    federal = [r for r in load_catalogue(ROOT) if r.jurisdiction.startswith("US federal")]
    named = ("MA ", "NY ", "Cal.", "Wis.")
    assert [r.id for r in federal for citation in r.citations if citation.startswith(named)] == []


@pytest.mark.parametrize("name", list(PACKS))
def test_coverage_names_each_running_rule_beside_its_requirements(name: str) -> None:
    """And counts no draft as cover."""
    rows = [line for line in (ROOT / name / "coverage.md").read_text(encoding="utf-8").splitlines() if line[:1] == "|"]

    def beside(rule: Rule, requirement: str) -> bool:
        short = re.escape(re.sub(r"^(CN|UK|US)-COLL-", "", rule.id))
        words = re.compile(rf"(?<![A-Z-]){short}(?![0-9A-Z-])|(?<![A-Z-]){re.escape(rule.id)}(?![0-9A-Z-])")
        return any(words.search(row) and requirement in row for row in rows)

    rules = PACKS[name].rules
    idle = ("draft", "retired")
    running = [(rule, r) for rule in rules if rule.spec.status not in idle for r in rule.spec.requirements]
    assert [(rule.id, r) for rule, r in running if not beside(rule, r)] == []
    drafts = [rule for rule in rules if rule.spec.status in idle]
    assert [rule.id for rule in drafts for r in ("", *rule.spec.requirements) if beside(rule, r)] == []


def test_folder_of_rules_is_data_only() -> None:
    """Beside data there is only what each pack says of its own coverage."""
    known = (".gitkeep", "coverage.md")
    kinds = {path.suffix for path in Path(ROOT).rglob("*") if path.is_file() and path.name not in known}
    assert kinds <= {".yaml", ".json"}


@pytest.mark.parametrize("name", ["us-collections", "uk-collections", "cn-collections"])
def test_a_country_s_rules_are_told_in_its_language(name: str) -> None:
    """Titles and messages stand in both languages; the rest is read by the lawyers of the country."""
    pack, chinese = PACKS[name], re.compile("[一-鿿]")
    told = {rule.id: (rule.spec.description, rule.spec.review, *rule.spec.false_positives, *rule.spec.known_gaps)
            for rule in pack.rules}  # fmt: skip
    told["parameters"] = tuple(f"{p.note or ''}{p.source}" for p in pack.spec.parameters.values())
    told["pack"] = (pack.spec.description,)
    if name == "cn-collections":
        wrong = [(i, text) for i, texts in told.items() if i != "parameters" for text in texts if text]
        assert [i for i, text in wrong if not chinese.search(text)] == []
    else:
        assert [(i, text) for i, texts in told.items() for text in texts if text and chinese.search(text)] == []


#: Words of a message that leave the answer to a person.
LEAVES_OPEN = {
    "message": r"似|可能|请|需|人工|是否|未见|未听到|未提供",
    "message_en": (
        r"seem|\b(may|might|check(ed)?|please|listen|suspect\w*|possible|compare|sounds|doubtful|whether|review"
        r"|heard|decides|not known|not tell)\b"
    ),
}
ASKS = [rule for pack in PACKS.values() for rule in pack.rules if rule.spec.outcome == "needs_review"]


@pytest.mark.parametrize("field", list(LEAVES_OPEN))
def test_what_asks_a_person_accuses_nobody(field: str) -> None:
    conduct = [rule for rule in ASKS if rule.spec.status != "draft" and not rule.id.startswith("SQ-")]
    assert [r.id for r in conduct if not re.search(LEAVES_OPEN[field], getattr(r.spec, field), re.IGNORECASE)] == []


def test_no_standard_or_guideline_is_called_law() -> None:
    said = [(r.id, f"{r.spec.message} {r.spec.message_en}") for pack in PACKS.values() for r in pack.rules]
    assert [
        rule for rule, text in said if re.search(r"(?<!新或)违法(?!筹款)|illegal|unlawful", text, re.IGNORECASE)
    ] == []
