//! `/args/` and `/kwargs/`: what a view is given from the path, by place or by name.

use crate::app::page::Page;
use crate::app::{Reply, Visit};

/// Positional captures, the notes' `*args`.
pub(in crate::app) fn args(visit: &Visit<'_>) -> Reply {
    let mut page = visit
        .page(["Positional arguments", "位置参数"])
        .table(&[["place", "位置"], ["value", "值"]]);
    for (index, value) in visit.captures.args.iter().enumerate() {
        page = row(page, format!("args[{index}]").as_bytes(), value);
    }
    let page = page.markup("</tbody>\n</table>\n").say(
        "p",
        [
            "The pattern /args/{}/{}/ has two captures without names; the view gets them in order.",
            "模式 /args/{}/{}/ 有两个没有名字的捕获；视图按顺序得到它们。",
        ],
    );
    Reply::html(page.finish())
}

/// Named captures, the notes' `**kwargs`.
pub(in crate::app) fn kwargs(visit: &Visit<'_>) -> Reply {
    let mut page = visit
        .page(["Named arguments", "命名参数"])
        .table(&[["name", "名字"], ["value", "值"]]);
    for (name, value) in &visit.captures.kwargs {
        page = row(page, format!("kwargs['{name}']").as_bytes(), value);
    }
    let page = page.markup("</tbody>\n</table>\n").say(
        "p",
        [
            "The pattern /kwargs/{year}/{month}/ names its captures; the view gets each by its name.",
            "模式 /kwargs/{year}/{month}/ 给捕获起了名字；视图按名字得到它们。",
        ],
    );
    Reply::html(page.finish())
}

fn row(page: Page, name: &[u8], value: &[u8]) -> Page {
    page.markup("<tr><td><code>")
        .text(name)
        .markup("</code></td><td><code>")
        .text(value)
        .markup("</code></td></tr>\n")
}

#[cfg(test)]
mod tests {
    use crate::app::testing::get;

    #[test]
    fn arguments_are_shown_by_place_and_by_name() {
        let args = get("/args/2017/a%20b/").body;
        assert!(args.contains("<code>args[0]</code></td><td><code>2017</code>"));
        assert!(args.contains("<code>args[1]</code></td><td><code>a b</code>"));
        let kwargs = get("/kwargs/2017/%E5%8D%81/").body;
        assert!(kwargs.contains("<code>kwargs[&#39;year&#39;]</code></td><td><code>2017</code>"));
        assert!(kwargs.contains("<code>kwargs[&#39;month&#39;]</code></td><td><code>十</code>"));
    }

    #[test]
    fn no_argument_becomes_markup() {
        let body = get("/args/%3Cb%3E/%00%ff%22/").body;
        assert!(body.contains("<code>&lt;b&gt;</code>"));
        assert!(body.contains("<code>\u{FFFD}\u{FFFD}&quot;</code>"));
    }
}
