"""The demo company: branches, staff, customers and addresses, in Chinese and English. Data only, all of it invented."""

from dataclasses import dataclass, field

from fieldapp.domain.access import Role
from fieldapp.domain.visits.events import Language


@dataclass(frozen=True)
class Worker:
    """A technician: `weak` are the items of the norm sheet that often go wrong."""

    login: str
    name: str
    team: str
    weak: tuple[str, ...] = ()


@dataclass(frozen=True)
class BranchPlan:
    """One branch: who works there, who lives there, and its share of the company's visits."""

    code: str
    name: str
    timezone: str
    currency: str
    office_phone: str
    share: float
    languages: tuple[Language, ...]
    teams: tuple[tuple[str, str], ...]
    workers: tuple[Worker, ...]
    office: tuple[tuple[str, str, Role], ...]
    surnames: tuple[str, ...]
    given: tuple[str, ...]
    streets: tuple[tuple[str, float, float, str], ...] = field(repr=False)
    phone: str = ""

    def customer_name(self, surname: str, given: str) -> str:
        """As people of the place write it."""
        return f"{given} {surname}" if surname.isascii() else surname + given


SHANGHAI = BranchPlan(
    code="main", name="上海浦东分公司", timezone="Asia/Shanghai", currency="CNY", office_phone="021 5555 0100",
    share=0.55,
    languages=("zh-Hans", "zh-Hans", "zh-Hans", "en"),
    teams=(("a", "张江班组"), ("b", "陆家嘴班组")),
    workers=(
        Worker("T001", "陈伟", "a", ("cleanup",)),
        Worker("T002", "李静", "a"),
        Worker("T003", "王强", "a", ("punctual", "shoe_covers")),
        Worker("T004", "赵敏", "a", ("explained",)),
        Worker("T005", "刘洋", "a", ("sign_off", "departure")),
        Worker("T006", "周杰", "a", ("punctual", "cleanup", "uniform")),
        Worker("T007", "吴婷", "b"),
        Worker("T008", "郑浩", "b", ("badge",)),
        Worker("T009", "孙丽", "b", ("booked",)),
        Worker("T010", "马超", "b", ("punctual", "sign_off", "shoe_covers")),
        Worker("T011", "胡斌", "b", ("courtesy",)),
        Worker("T012", "林娜", "b", ("kit", "introduction")),
    ),
    office=(
        ("D001", "孙兰", "dispatcher"), ("Q001", "钱瑜", "quality"),
        ("M001", "马玲", "manager"), ("M002", "莫凡", "manager"),
    ),
    surnames=tuple("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"),
    given=("伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "超", "秀英",
           "建国", "志强", "晓明", "雨桐", "子涵", "欣怡", "思远"),
    streets=(
        ("浦东新区张江路{n}号{b}栋{r}室", 31.2035, 121.5905, "张江"),
        ("浦东新区碧波路{n}弄{b}号{r}室", 31.2018, 121.5999, "张江"),
        ("浦东新区世纪大道{n}号{r}室", 31.2349, 121.5150, "陆家嘴"),
        ("浦东新区梅花路{n}弄{b}号{r}室", 31.2090, 121.5480, "花木"),
        ("浦东新区花木路{n}号{b}栋{r}室", 31.2123, 121.5463, "花木"),
        ("浦东新区金桥路{n}弄{b}号{r}室", 31.2530, 121.5800, "金桥"),
        ("浦东新区浦东南路{n}号{r}室", 31.2270, 121.5110, "陆家嘴"),
        ("浦东新区锦绣路{n}弄{b}号{r}室", 31.2001, 121.5502, "花木"),
    ),
    phone="170000",
)  # fmt: skip

HONG_KONG = BranchPlan(
    code="hk", name="香港九龍分公司", timezone="Asia/Hong_Kong", currency="HKD", office_phone="3555 0100", share=0.25,
    languages=("zh-Hant", "zh-Hant", "en"),
    teams=(("k", "觀塘組"),),
    workers=(
        Worker("T101", "陳志明", "k"),
        Worker("T102", "黃嘉欣", "k", ("punctual",)),
        Worker("T103", "何家俊", "k", ("cleanup", "explained")),
        Worker("T104", "梁詠詩", "k", ("introduction",)),
        Worker("T105", "鄧偉強", "k", ("sign_off", "punctual", "consent")),
    ),
    office=(
        ("D101", "郭美儀", "dispatcher"), ("Q101", "曾國強", "quality"), ("M101", "葉麗珍", "manager"),
        ("M102", "馮啟文", "manager"),
    ),
    surnames=tuple("陳黃李張梁林何鄭劉吳鄧楊葉郭曾馮"),
    given=("志明", "嘉欣", "家俊", "詠詩", "偉強", "美玲", "國強", "麗珍", "子軒", "曉彤", "浩然", "佩珊", "文傑",
           "慧敏"),
    streets=(
        ("九龍觀塘道{n}號{r}室", 22.3121, 114.2260, "觀塘"), ("九龍彌敦道{n}號{b}樓{r}室", 22.3080, 114.1716, "油尖旺"),
        ("九龍太子道東{n}號{r}室", 22.3340, 114.1980, "黃大仙"),
        ("九龍牛頭角道{n}號{b}座{r}室", 22.3190, 114.2140, "觀塘"),
        ("九龍紅磡馬頭圍道{n}號{r}室", 22.3120, 114.1870, "九龍城"),
    ),
    phone="5500",
)  # fmt: skip

SINGAPORE = BranchPlan(
    code="sg", name="Singapore East", timezone="Asia/Singapore", currency="SGD", office_phone="6555 0100", share=0.2,
    languages=("en", "en", "en", "zh-Hans"),
    teams=(("t", "Tampines crew"),),
    workers=(
        Worker("T201", "Daniel Tan", "t"),
        Worker("T202", "Nurul Aisyah", "t", ("shoe_covers",)),
        Worker("T203", "Rajesh Kumar", "t", ("punctual", "explained")),
        Worker("T204", "Grace Lim", "t", ("sign_off",)),
    ),
    office=(
        ("D201", "Peter Ong", "dispatcher"), ("Q201", "Mei Ling Goh", "quality"), ("M201", "Sarah Chua", "manager"),
        ("M202", "Vikram Nair", "manager"),
    ),
    surnames=("Tan", "Lim", "Lee", "Ng", "Ong", "Wong", "Goh", "Chua", "Koh", "Teo", "Kumar", "Rahman", "Fernandez"),
    given=("Wei Ming", "Hui Min", "Jason", "Rachel", "Farah", "Arjun", "Michelle", "Benjamin", "Siti", "Marcus",
           "Priya", "Kelvin"),
    streets=(
        ("Blk {n} Tampines Street 81 #{b}-{r}", 1.3496, 103.9320, "Tampines"),
        ("Blk {n} Bedok North Road #{b}-{r}", 1.3300, 103.9310, "Bedok"),
        ("{n} East Coast Road #{b}-{r}", 1.3080, 103.9150, "Bedok"),
        ("Blk {n} Pasir Ris Drive 6 #{b}-{r}", 1.3710, 103.9600, "Pasir Ris"),
    ),
    phone="8000",
)  # fmt: skip

BRANCHES = (SHANGHAI, HONG_KONG, SINGAPORE)
ADMIN = ("A001", "Ai Xin")

#: What a visit was about, per language: (done, charge label).
WORK: dict[str, dict[Language, tuple[str, str]]] = {
    "install": {
        "en": ("Installed and tested the fibre line and the home gateway", "Installation"),
        "zh-Hans": ("安装并测试光纤线路和家庭网关", "安装费"),
        "zh-Hant": ("安裝並測試光纖線路和家用閘道器", "安裝費"),
    },
    "move": {
        "en": ("Moved the line to another room and tested it", "Moving a line"),
        "zh-Hans": ("将线路移至另一房间并测试", "移机费"),
        "zh-Hant": ("將線路移至另一房間並測試", "移機費"),
    },
    "repair": {
        "en": ("Found and mended the fault, measured the line again", "Repair"),
        "zh-Hans": ("查明并排除故障，重新测试线路", "维修费"),
        "zh-Hant": ("查明並排除故障，重新測試線路", "維修費"),
    },
}
AMOUNTS = {"install": "100.00", "move": "80.00", "repair": "0.00"}

COMMENTS: dict[Language, dict[bool, tuple[str, ...]]] = {
    "en": {
        True: ("Very polite and quick, thank you.", "Explained everything clearly.", "Left the place very clean."),
        False: ("Came late and did not call.", "Left some packaging behind.", "Did not explain the new password."),
    },
    "zh-Hans": {
        True: ("师傅很有礼貌，速度快。", "讲解很清楚，谢谢。", "走之前把地面收拾得很干净。"),
        False: ("迟到了也没有打电话。", "包装垃圾没有带走。", "没有讲清楚怎么改密码。"),
    },
    "zh-Hant": {
        True: ("師傅很有禮貌，動作快。", "講解很清楚，多謝。", "走之前把地方收拾得很乾淨。"),
        False: ("遲到了也沒有打電話。", "包裝垃圾沒有帶走。", "沒有講清楚怎樣改密碼。"),
    },
}  # fmt: skip

NOTES: dict[Language, tuple[str, ...]] = {
    "en": ("Ring twice, the bell is weak.", "Dog in the flat, friendly.", "Parking behind the block."),
    "zh-Hans": ("门铃不响，请打电话。", "家里有狗，不咬人。", "物业要登记，带好证件。"),
    "zh-Hant": ("門鐘不響，請打電話。", "家中有狗，不咬人。", "大廈需要登記，請帶證件。"),
}

STATEMENT: dict[Language, str] = {
    "en": "Work: {done}\nOrder: {order}\nAddress: {address}\nCharges: {label} {currency} {amount}\nTechnician: {name}",
    "zh-Hans": "工作内容：{done}\n工单：{order}\n地址：{address}\n费用：{label} {currency} {amount}\n技术员：{name}",
    "zh-Hant": "工作內容：{done}\n工單：{order}\n地址：{address}\n費用：{label} {currency} {amount}\n技術員：{name}",
}

#: Words of the demo's passwords: easy to read from one screen and type into another.
PASSWORD_WORDS = (
    "amber", "bamboo", "cedar", "copper", "coral", "ember", "falcon", "ginger", "harbour", "indigo", "jasmine",
    "lantern", "maple", "meadow", "orchid", "pebble", "quartz", "river", "saffron", "silver", "thunder", "willow",
)  # fmt: skip
