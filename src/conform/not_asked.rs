//! The rows of `notes/rfc1945.md` that no probe can ask, each with its reason: no answer could decide them.

/// Rows that cannot be asked of a server that one knows nothing about: name, reason in English, reason in Chinese.
pub const NOT_ASKED: &[(&str, &str, &str)] = &[
    (
        "SYN-10",
        "the order of fields is free; only one house keeps one",
        "字段顺序本来随意，只有自家才固定",
    ),
    (
        "SYN-12",
        "it is about how we write cookies",
        "讲的是我们怎样写 Cookie",
    ),
    (
        "VER-05",
        "VER-01 and VER-04 ask it",
        "VER-01 和 VER-04 已经问过",
    ),
    (
        "REQ-10",
        "which names are internal only the server knows",
        "哪些名字是内部的，只有服务器知道",
    ),
    (
        "REQ-11",
        "no answer shows that nothing changed",
        "从回答看不出有没有改动",
    ),
    (
        "BOD-04",
        "only a page that shows what it got could tell",
        "要有显示所收内容的页面才看得出",
    ),
    (
        "BOD-07",
        "only a page that counts lines could tell",
        "要有数行数的页面才看得出",
    ),
    (
        "BOD-08",
        "only a page that takes uploads could tell",
        "要有接收上传的页面才看得出",
    ),
    (
        "BOD-09",
        "only a page that shows what it got could tell",
        "要有显示所收内容的页面才看得出",
    ),
    (
        "BOD-10",
        "no answer shows what was ignored",
        "从回答看不出忽略了什么",
    ),
    (
        "RSP-08",
        "which page has no length only the server knows",
        "哪个页面没有长度，只有服务器知道",
    ),
    (
        "RSP-10",
        "the text would have to be understood",
        "要看懂正文才知道",
    ),
    (
        "RSP-11",
        "the text would have to be understood",
        "要看懂正文才知道",
    ),
    (
        "RSP-14",
        "what is advertising is a matter of taste",
        "什么算广告，见仁见智",
    ),
    (
        "RSP-16",
        "it takes megabytes, and probes are small",
        "要发几兆字节，而探测都很小",
    ),
    ("ST-01", "it would create something", "会新建东西"),
    (
        "ST-02",
        "what a POST creates only the server knows",
        "POST 新建了什么，只有服务器知道",
    ),
    ("ST-06", "the phrase is free", "短语随意"),
    (
        "ST-10",
        "which page asks for a password only the server knows",
        "哪个页面要密码，只有服务器知道",
    ),
    (
        "ST-11",
        "whom it refuses for good only the server knows",
        "永远拒绝谁，只有服务器知道",
    ),
    ("ST-12", "it takes an overload", "要让它过载"),
    ("ST-13", "extension codes are allowed", "扩展状态码是允许的"),
    (
        "CC-07",
        "which page expires only the server knows",
        "哪个页面会过期，只有服务器知道",
    ),
    ("CC-08", "it is a rule for caches", "这是缓存的规则"),
    (
        "CC-10",
        "which page looks at Referer only the server knows",
        "哪个页面看 Referer，只有服务器知道",
    ),
    ("CC-11", "it is a rule for caches", "这是缓存的规则"),
    (
        "CK-01",
        "which page sets cookies only the server knows",
        "哪个页面设 Cookie，只有服务器知道",
    ),
    (
        "CK-02",
        "which page sets cookies only the server knows",
        "哪个页面设 Cookie，只有服务器知道",
    ),
];
