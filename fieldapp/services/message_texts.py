"""The usual words of messages to customers, in three languages, and how days are written in each."""

from datetime import date
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Window
from fieldapp.domain.messages import Kind
from fieldapp.storage.messages import Template

LANGUAGES = ("en", "zh-Hans", "zh-Hant")

_SIGNED = {
    "en": "\n\nYour page for this visit: {link}\n{company}",
    "zh-Hans": "\n\n本次上门的页面：{link}\n{company}",
    "zh-Hant": "\n\n本次到府的頁面：{link}\n{company}",
}
_TEXTS: dict[Kind, dict[str, tuple[str, str]]] = {
    "confirmation": {
        "en": ("Your appointment on {day}", "Dear {customer}, we will come on {day}, {window} (order {number})."),
        "zh-Hans": ("{day}上门预约", "{customer}您好：我们将于{day} {window}上门（单号 {number}）。"),
        "zh-Hant": ("{day}到府預約", "{customer}您好：我們將於{day} {window}到府（單號 {number}）。"),
    },
    "reminder": {
        "en": (
            "Tomorrow: {window}",
            "Dear {customer}, {technician} will come tomorrow, {day}, {window} (order {number}).",
        ),
        "zh-Hans": ("明天上门：{window}", "{customer}您好：{technician}明天（{day}）{window}上门（单号 {number}）。"),
        "zh-Hant": ("明天到府：{window}", "{customer}您好：{technician}明天（{day}）{window}到府（單號 {number}）。"),
    },
    "who_comes": {
        "en": (
            "Another technician will come",
            "Dear {customer}, {technician} will come on {day}, {window}, instead of whom we named (order {number}).",
        ),
        "zh-Hans": (
            "上门师傅有变",
            "{customer}您好：{day} {window}改由{technician}上门，此前告知的师傅不再前来（单号 {number}）。",
        ),
        "zh-Hant": (
            "到府師傅有變",
            "{customer}您好：{day} {window}改由{technician}到府，先前告知的師傅不再前來（單號 {number}）。",
        ),
    },
    "on_way": {
        "en": ("We are on our way", "Dear {customer}, {technician} is on the way to you for {window}."),
        "zh-Hans": ("我们已出发", "{customer}您好：{technician}已出发，约定时间 {window}。"),
        "zh-Hant": ("我們已出發", "{customer}您好：{technician}已出發，約定時間 {window}。"),
    },
    "late": {
        "en": (
            "We are running late",
            "Dear {customer}, {apology}we are running late and will now come {window} on {day}.",
        ),
        "zh-Hans": ("我们要晚到", "{customer}您好：{apology}我们会晚到，改为{day} {window}上门。"),
        "zh-Hant": ("我們會晚到", "{customer}您好：{apology}我們會晚到，改為{day} {window}到府。"),
    },
    "moved": {
        "en": (
            "Your appointment was moved to {day}",
            "Dear {customer}, {apology}your visit is now on {day}, {window}.",
        ),
        "zh-Hans": ("预约改到{day}", "{customer}您好：{apology}您的上门预约改为{day} {window}。"),
        "zh-Hant": ("預約改到{day}", "{customer}您好：{apology}您的到府預約改為{day} {window}。"),
    },
    "cancelled": {
        "en": (
            "Your appointment was cancelled",
            "Dear {customer}, {apology}the visit on {day}, {window}, will not take place.",
        ),
        "zh-Hans": ("预约已取消", "{customer}您好：{apology}{day} {window}的上门已取消。"),
        "zh-Hant": ("預約已取消", "{customer}您好：{apology}{day} {window}的到府已取消。"),
    },
    "receipt": {
        "en": (
            "Your receipt, order {number}",
            "Dear {customer}, thank you. On your page you find the receipt, and can tell us how it was.",
        ),
        "zh-Hans": ("您的服务回执 {number}", "{customer}您好：谢谢。您可以在页面上查看服务回执，并告诉我们您的意见。"),
        "zh-Hant": ("您的服務回執 {number}", "{customer}您好：謝謝。您可以在頁面上查看服務回執，並告訴我們您的意見。"),
    },
}  # fmt: skip
APOLOGY = {"en": "we are sorry: ", "zh-Hans": "非常抱歉，", "zh-Hant": "非常抱歉，"}
NOBODY = {"en": "our technician", "zh-Hans": "我们的师傅", "zh-Hant": "我們的師傅"}
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS_ZH = "一二三四五六日"
_WEEK = {"zh-Hans": "周", "zh-Hant": "週"}


def usual(kind: Kind, language: str) -> Template:
    """The words that are used unless a branch has its own."""
    subject, body = _TEXTS[kind][language]
    return Template(subject, body + _SIGNED[language])


def told_day(day: date, language: str) -> str:
    """`Thu 15 Oct`, `10月15日（周四）`."""
    if language == "en":
        return f"{_DAYS_EN[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]}"
    return f"{day.month}月{day.day}日（{_WEEK[language]}{_DAYS_ZH[day.weekday()]}）"


def told_window(window: Window, zone: ZoneInfo) -> str:
    """`09:00-10:30` by the branch's clock."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    return f"{start:%H:%M}–{end:%H:%M}"
