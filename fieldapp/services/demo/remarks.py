"""What quality staff and technicians of the demo write about findings, by the language of their branch. Data only."""

from fieldapp.domain.visits.events import Language

#: What was seen or said, by item or article; `+` before a code: it was as it should be.
NOTES: dict[Language, dict[str, str]] = {
    "en": {
        "composure": "Raised his voice when asked to move the router once more.",
        "requests": "The customer asked for a longer cable twice and got no answer.",
        "guidance": "Did not say whom to call about the television.",
        "decorum": "Put his tools on the sofa.",
        "property": "A scratch on the shoe cabinet that was not there before.",
        "grooming": "Shirt torn at the sleeve.",
        "amends": "Knew of the loose socket and left it.",
        "+shoe_covers": "Covers on at the door, also for the second way in.",
        "commendation": "Helped an elderly customer to set up her telephone, too.",
        "gifts": "The customer says that he took two packs of cigarettes as thanks.",
        "overcharging": "The customer paid 30 in cash for a cable that is free of charge.",
    },
    "zh-Hans": {
        "composure": "客户请他把路由器再挪一下，他提高了嗓门。",
        "requests": "客户两次提出要长一点的网线，没有得到答复。",
        "guidance": "没有告诉客户电视问题该找谁。",
        "decorum": "把工具放在了沙发上。",
        "property": "鞋柜上多了一道划痕，上门前没有。",
        "grooming": "工作服袖口破了。",
        "amends": "知道插座松了，没有处理就走了。",
        "+shoe_covers": "进门时穿好鞋套，第二次进门也换了新的。",
        "commendation": "顺手帮老人把电话也设好了。",
        "gifts": "客户说他收了两包烟作为答谢。",
        "overcharging": "客户称付了 30 元现金买网线，而网线是免费的。",
    },
    "zh-Hant": {
        "composure": "客戶請他把路由器再移一下，他提高了聲線。",
        "requests": "客戶兩次要求長一點的網線，沒有得到答覆。",
        "guidance": "沒有告訴客戶電視的問題可以找誰。",
        "decorum": "把工具放在梳化上。",
        "property": "鞋櫃上多了一道刮痕，上門前沒有。",
        "grooming": "制服袖口破了。",
        "amends": "知道插座鬆了，沒有處理就走了。",
        "+shoe_covers": "進門時穿好鞋套，第二次進門也換了新的。",
        "commendation": "順手幫長者把電話也設定好了。",
        "gifts": "客戶說他收了兩包香煙作為答謝。",
        "overcharging": "客戶稱付了 30 元現金買網線，而網線是免費的。",
    },
}

#: Why a second person upheld or dismissed.
REASONS: dict[Language, dict[str, str]] = {
    "en": {"upheld": "Spoke to both; they agree.", "dismissed": "Nothing shows it, and nobody else saw it."},
    "zh-Hans": {"upheld": "双方都核实过，说法一致。", "dismissed": "没有证据，也没有其他人看到。"},
    "zh-Hant": {"upheld": "雙方都核實過，說法一致。", "dismissed": "沒有證據，也沒有其他人看到。"},
}  # fmt: skip

#: What the technician says about the article that can cost an award.
ANSWERS: dict[Language, str] = {
    "en": "She insisted, and I did not want to be rude. I know that I should have refused.",
    "zh-Hans": "客户一定要给，我不好意思推。我知道应该拒绝。",
    "zh-Hant": "客戶一定要給，我不好意思推辭。我知道應該拒絕。",
}

#: Cases: what the customer wrote or said, what was answered.
CASES: dict[Language, dict[str, str]] = {
    "en": {
        "late": "I took half a day off, and he came an hour late without a word.",
        "loose": "The new socket in the bedroom is loose.",
        "thanks": "She explained the new box to my mother twice, very patiently.",
        "note": "Called the technician; he is looking for a slot this week.",
        "reply": "We spoke to the technician and will call before every visit from now on.",
        "apology": "We are sorry that you had to wait.",
        "thanks_reply": "Thank you. We have told her, and everybody in her team.",
    },
    "zh-Hans": {
        "late": "我请了半天假，师傅晚到一个小时，也没有打电话。",
        "loose": "卧室新装的插座松了。",
        "thanks": "她很耐心，给我母亲讲了两遍新盒子怎么用。",
        "note": "已联系技术员，正在安排本周的时间。",
        "reply": "我们已和技术员谈过，今后每次上门前都会先打电话。",
        "apology": "让您久等了，非常抱歉。",
        "thanks_reply": "谢谢您，我们已转告她和全组同事。",
    },
    "zh-Hant": {
        "late": "我請了半天假，師傅遲到一個小時，也沒有打電話。",
        "loose": "睡房新裝的插座鬆了。",
        "thanks": "她很有耐性，教了我母親兩次怎樣用新盒子。",
        "note": "已聯絡技術員，正在安排本週的時間。",
        "reply": "我們已和技術員談過，以後每次上門前都會先致電。",
        "apology": "要您久等，非常抱歉。",
        "thanks_reply": "多謝您，我們已轉告她和全組同事。",
    },
}
