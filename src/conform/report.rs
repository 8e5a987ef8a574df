//! Verdicts as text and as JSON. Pure functions; nothing that a server sent gets into text unescaped.

use serde_json::{Value, json};

use super::judge::{Judged, Verdict};
use super::probe::Ending;
use crate::wire::{Escaped, Lang};

/// A probe in four lines: its label and rule, what was sent, what came, and both verdicts.
#[must_use]
pub fn judged_text(judged: &Judged, lang: Lang) -> String {
    let row = judged.row;
    let (strict, modern) = (
        verdict_text(judged.strict, lang),
        verdict_text(judged.modern, lang),
    );
    let sent = match (&*judged.sent, lang) {
        ([], Lang::En) => "nothing: --file has no Last-Modified".to_owned(),
        ([], Lang::Zh) => "没有发送：--file 没有 Last-Modified".to_owned(),
        (sent, _) => shortened(sent),
    };
    let (names, half_close) = match lang {
        Lang::En => (["sent", "came", "RFC 1945", "RFC 9110"], " (then FIN)"),
        Lang::Zh => (["发送", "收到", "RFC 1945", "RFC 9110"], "（然后 FIN）"),
    };
    let half_close = if row.half_close { half_close } else { "" };
    let [sent_name, came_name, strict_name, modern_name] = names;
    format!(
        "{}  {}\n  {sent_name}  {sent}{half_close}\n  {came_name}  {}\n  {strict_name}: {strict}   {modern_name}: {modern}\n",
        row.label(),
        row.why(lang),
        status_line(judged, lang),
    )
}

/// The first line of what came, and how it ended when it was not a close.
#[must_use]
pub fn status_line(judged: &Judged, lang: Lang) -> String {
    let answer = &judged.answer;
    let first = answer.bytes.split(|octet| *octet == b'\n').next();
    let first = first.unwrap_or_default().trim_ascii_end();
    let first = match (answer.bytes.is_empty(), answer.is_full(), lang) {
        (true, _, Lang::En) => "nothing".to_owned(),
        (true, _, Lang::Zh) => "什么也没有".to_owned(),
        (_, true, _) => shortened(first),
        (_, false, Lang::En) => format!("a body alone: {}", shortened(first)),
        (_, false, Lang::Zh) => format!("只有主体：{}", shortened(first)),
    };
    let end = match (answer.ending, lang) {
        _ if judged.sent.is_empty() => "",
        (Ending::Closed, _) => "",
        (Ending::Reset, Lang::En) => ", then a reset",
        (Ending::Reset, Lang::Zh) => "，然后重置",
        (Ending::Open, Lang::En) => ", and the connection stays open",
        (Ending::Open, Lang::Zh) => "，连接没有关闭",
    };
    first + end
}

/// How many probes passed, failed or were moot, by each document.
#[must_use]
pub fn summary(all: &[Judged], lang: Lang) -> String {
    let count = |of: fn(&Judged) -> Verdict, name: &str| {
        all.iter()
            .filter(|judged| of(judged).name() == name)
            .count()
    };
    let counts =
        |of: fn(&Judged) -> Verdict| [count(of, "pass"), count(of, "fail"), count(of, "moot")];
    let [pass, fail, moot] = counts(|judged| judged.strict);
    let [modern_pass, modern_fail, modern_moot] = counts(|judged| judged.modern);
    let all = all.len();
    match lang {
        Lang::En => format!(
            "{all} probes; RFC 1945: {pass} pass, {fail} fail, {moot} moot; RFC 9110: {modern_pass} pass, {modern_fail} fail, {modern_moot} moot\n"
        ),
        Lang::Zh => format!(
            "共 {all} 个探测；RFC 1945：通过 {pass}，不符 {fail}，无从判断 {moot}；RFC 9110：通过 {modern_pass}，不符 {modern_fail}，无从判断 {modern_moot}\n"
        ),
    }
}

/// All of it as one JSON document. Bytes are text with escapes, as in the console; both languages are there.
#[must_use]
pub fn survey_json(all: &[Judged]) -> Value {
    let verdict = |verdict: Verdict| match verdict {
        Verdict::Fail(check) => json!({
            "verdict": "fail",
            "wanted": check.wanted(Lang::En),
            "wanted_zh": check.wanted(Lang::Zh),
        }),
        other => json!({ "verdict": other.name() }),
    };
    let rows: Vec<Value> = all
        .iter()
        .map(|judged| {
            json!({
                "row": judged.row.id,
                "label": judged.row.label(),
                "sent": Escaped(&judged.sent).to_string(),
                "half_close": judged.row.half_close,
                "came": status_line(judged, Lang::En),
                "status": judged.answer.status(),
                "bytes": judged.answer.bytes.len(),
                "strict": verdict(judged.strict),
                "modern": verdict(judged.modern),
                "why": judged.row.en,
                "why_zh": judged.row.zh,
            })
        })
        .collect();
    json!({ "probes": rows })
}

fn verdict_text(verdict: Verdict, lang: Lang) -> String {
    match (verdict, lang) {
        (Verdict::Pass, Lang::En) => "pass".to_owned(),
        (Verdict::Pass, Lang::Zh) => "通过".to_owned(),
        (Verdict::Moot, Lang::En) => "moot".to_owned(),
        (Verdict::Moot, Lang::Zh) => "无从判断".to_owned(),
        (Verdict::Fail(check), Lang::En) => format!("FAIL, wanted {}", check.wanted(lang)),
        (Verdict::Fail(check), Lang::Zh) => format!("不符，应为：{}", check.wanted(lang)),
    }
}

/// Bytes with escapes, with their middle left out when they are many.
fn shortened(bytes: &[u8]) -> String {
    match (
        bytes.get(..MOST_SHOWN),
        bytes.get(bytes.len().saturating_sub(TAIL)..),
    ) {
        (Some(start), Some(tail)) if bytes.len() > MOST_SHOWN + TAIL => {
            let left_out = bytes.len() - MOST_SHOWN - TAIL;
            format!("{}[{left_out} bytes]{}", Escaped(start), Escaped(tail))
        }
        _ => Escaped(bytes).to_string(),
    }
}

const MOST_SHOWN: usize = 160;
const TAIL: usize = 20;
