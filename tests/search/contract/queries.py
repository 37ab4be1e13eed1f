"""More than 120 queries as officers ask them, over the whole language and the filters."""

from __future__ import annotations

from datetime import date

from qa_service.records import FindingState, Role, Severity
from qa_service.search.protocol import Order, SearchQuery

TEXTS = tuple(
    line
    for line in """
# words of one, two and more characters
钱
还
的
单位
通讯录
律师函
征信
起诉
利息
工资
孩子
投诉
医院
村委会
恐龙
# English words, plural endings, signs
payment
Payments
lawyer
employer
don't
credit card
the
XYZZY
# widths, scripts, digits said and written
ＰＡＹＭＥＮＴ
起訴
單位
一万二
12000
三千
3000
三十天
# phrases
"打电话给你"
"信用卡"
"发工资"
"call you back"
"of the month"
"什么时候"
“没有钱”
"pay the balance"
# AND, OR, NOT, brackets
单位 电话
律师 起诉
单位 AND 电话
律师函 OR 起诉
起诉 NOT 律师函
起诉 -律师函
-的
NOT 钱
(律师函 OR 起诉) 单位
(单位 OR 公司) NOT (孩子 OR 家人)
lawyer OR court
payment -lawyer
单位 (电话 OR 短信)
# beginnings and slips
pay*
garnish*
law*
信用*
lawyr~
paymnet~
employer~1
helo~2
disptue~
# by sound
pinyin:老赖
pinyin:坐牢
pinyin:laolai
pinyin:"zheng xin"
老赖~
拖欠~
pinyin:上门 单位
pinyin:牵款
# near and before
near(单位 电话, 10s)
near(孩子 学校, 30s)
near(单位 电话)
before(核实 欠款)
before(您好 起诉)
near(lawyer court, 60s)
near(律师 起诉, 5s)
before(工资 分期, 60s)
near(单位 电话 孩子)
near("信用卡" 逾期, 20s)
near(单位 电话, 10s) product:信用卡
near(工资 利息, 2m) role:customer
near(单位 单位, 60s)
before(钱 钱 还, 20s)
# facts
agent:A-201
坐席:A-202
team:3组
team:催收一组
role:customer 单位
role:agent 起诉
说话人:客户 工资
call:D-ZH-002
product:信用卡
product:信用卡 征信
stage:M1
language:en
language:en payment
grade:D
segment:离职
jurisdiction:CN 律师
agent:(A-201 OR A-202)
-team:3组 征信
product:网贷 OR product:车贷
# findings
rule:CN-COLL-THREAT-1
severity:critical
严重程度:严重
state:confirmed
state:needs_review
requirement:CN-THREAT-01
requirement:CN-FEE-01 利息
severity:critical 单位
severity:critical state:confirmed
rule:CN-COLL-FEE-1 state:unverified
severity:praise
-severity:critical 起诉
severity:(critical OR major)
# measures and days
score:<60
score:>=90 征信
score:[60 TO 80]
date:[2026-03-01 TO 2026-04-30]
date:2026-11-16
date:>=2026-10-01 利息
duration:>120
score:<60 OR severity:praise
NOT score:<60 severity:minor
""".splitlines()
    if line and not line.startswith("#")
)
FILTERED = (
    SearchQuery(),
    SearchQuery(order=Order.NEWEST, text="还"),
    SearchQuery(role=Role.CUSTOMER, text="单位"),
    SearchQuery(agent_id="A-201"),
    SearchQuery(team="催收一组", text="还"),
    SearchQuery(product="信用卡", text="利息"),
    SearchQuery(stage="M2–M3", text="利息"),
    SearchQuery(severity=Severity.CRITICAL, state=FindingState.CONFIRMED),
    SearchQuery(rule_id="CN-COLL-LEGAL-1", severity=Severity.MAJOR, text="的"),
    SearchQuery(requirement="CN-ABUSE-01"),
    SearchQuery(day_from=date(2026, 6, 1), day_to=date(2026, 8, 31), text="工资"),
    SearchQuery(day_to=date(2026, 2, 1), severity=Severity.MAJOR),
)
QUERIES = (*(SearchQuery(text=text) for text in TEXTS), *FILTERED)
