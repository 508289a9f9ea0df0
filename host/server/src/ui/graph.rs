//! The steps of a job as a graph: columns for the order, and rows for the branches of groups.

use maud::{Markup, html};
use serde_json::Value;
use stepwell::engine::quantity::counted;

use super::show;
use super::value::Parts;

/// The size of a step and the distances between steps, in pixels.
const WIDTH: usize = 168;
const HEIGHT: usize = 44;
const GAP: usize = 28;
const ROW: usize = 12;
/// The space around the branches of a group, and the height of its title.
const FRAME: usize = 12;
const TITLE: usize = 26;
/// The maximum number of characters of a name in a step.
const MOST_LETTERS: usize = 20;
/// The maximum numbers of branches and of steps that are drawn in one group or list: a picture has the first of them with
/// which it has no more than [`MOST_STEPS`] steps.
const MOST_DRAWN: [usize; 5] = [30, 12, 6, 3, 1];
const MOST_STEPS: usize = 400;
/// The maximum nesting of groups that is drawn.
const MOST_LEVELS: usize = 6;

/// A rectangle or a line of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    Step { x: usize, y: usize, id: String, kind: String },
    Group { x: usize, y: usize, width: usize, height: usize, id: String, note: String },
    More { x: usize, y: usize, count: usize },
    Line { from: (usize, usize), to: (usize, usize) },
}

/// A part of the picture: its size, and the height at which lines enter and leave it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Size {
    width: usize,
    height: usize,
    middle: usize,
}

/// The place of a part in the picture: the nesting of groups around it, and the maximum number of its parts.
#[derive(Debug, Clone, Copy)]
struct Place {
    level: usize,
    most: usize,
}

impl Place {
    fn below(self) -> Self {
        Self { level: self.level + 1, ..self }
    }

    /// Returns the place of the steps of a picture.
    fn of(steps: &[Value]) -> Self {
        let fits = |most: &&usize| count(steps, Self { level: 0, most: **most }) <= MOST_STEPS;
        Self { level: 0, most: MOST_DRAWN.iter().find(fits).copied().unwrap_or(1) }
    }
}

/// Returns the number of steps that are drawn of a list, at most one more than the maximum.
fn count(steps: &[Value], place: Place) -> usize {
    let mut all = 0;
    for step in steps.iter().take(place.most) {
        all += 1;
        if place.level < MOST_LEVELS {
            let lists = step.list("parallel_steps").iter().take(place.most).map(sequence_of);
            for list in lists.chain([step.list("finally")]) {
                all += count(list, place.below());
            }
        }
        if all > MOST_STEPS {
            break;
        }
    }
    all
}

/// Returns the steps of a branch.
fn sequence_of(branch: &Value) -> &[Value] {
    if branch.has("steps") { branch.list("steps") } else { std::slice::from_ref(branch) }
}

fn of_branches(count: usize) -> String {
    if count == 1 { "1 branch".to_owned() } else { format!("{count} branches") }
}

/// Looks up the status of a step by its id, for the picture of a run.
pub(super) type StatusOf<'s> = &'s dyn Fn(&str) -> Option<String>;

/// Draws the steps of a job. `link` returns the address of a step, and `status` its status in a run.
pub(super) fn drawn(job: &Value, link: &dyn Fn(&str) -> Option<String>, status: StatusOf<'_>) -> Markup {
    let lists = [("steps", "Steps"), ("on_failure", "After a failure"), ("finally", "Last")];
    html! {
        @for (key, title) in lists {
            @if !job.list(key).is_empty() {
                @let mut shapes = Vec::new();
                @let size = sequence(job.list(key), (1, 1), Place::of(job.list(key)), &mut shapes);
                div.graph-wrap tabindex="0" role="region" aria-label={ "Graph: " (title) } {
                    @if key != "steps" { p.hint { (title) } }
                    (picture(&shapes, size, link, status))
                }
            }
        }
    }
}

fn picture(
    shapes: &[Shape],
    size: Size,
    link: &dyn Fn(&str) -> Option<String>,
    status: StatusOf<'_>,
) -> Markup {
    let (width, height) = (size.width + 2, size.height + 2);
    let steps =
        || shapes.iter().filter_map(|shape| if let Shape::Step { id, .. } = shape { Some(id) } else { None });
    // An image has no links.
    let role = if steps().any(|id| link(id).is_some()) { "group" } else { "img" };
    html! {
        svg.graph width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } role=(role)
            aria-label={ (counted(steps().count(), "step")) } {
            @for shape in shapes {
                @match shape {
                    Shape::Line { from, to } => { path.edge d=(curve(*from, *to)) fill="none" {} }
                    Shape::Group { x, y, width, height, id, note } => {
                        rect.group x=(x) y=(y) width=(width) height=(height) rx="8" data-status=[status(id)] {}
                        text.title x=(x + FRAME) y=(y + 18) { (short(id)) " " tspan.note { (note) } }
                    }
                    Shape::More { x, y, count } => { text.note x=(x + FRAME) y=(y + HEIGHT / 2 + 4) { "and " (count) " more" } }
                    Shape::Step { x, y, id, kind } => {
                        @match link(id) {
                            Some(address) => { a href=(address) { (step((*x, *y), id, kind, status(id))) } }
                            None => { (step((*x, *y), id, kind, status(id))) }
                        }
                    }
                }
            }
        }
    }
}

fn step((x, y): (usize, usize), id: &str, kind: &str, status: Option<String>) -> Markup {
    html! {
        g {
            title { (labelled(id, kind, status.as_deref())) }
            rect.node x=(x) y=(y) width=(WIDTH) height=(HEIGHT) rx="6" data-status=[status.as_deref()] {}
            text.name x=(x + 10) y=(y + 18) { (short(id)) }
            text.note x=(x + 10) y=(y + 34) { (short(status.as_deref().unwrap_or(kind))) }
        }
    }
}

fn labelled(id: &str, kind: &str, status: Option<&str>) -> String {
    show::text(&status.map_or_else(|| format!("{id}: {kind}"), |status| format!("{id}: {kind}, {status}")))
}

/// Returns the start of a name.
fn short(text: &str) -> String {
    let text = show::text(text);
    match text.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn curve((x1, y1): (usize, usize), (x2, y2): (usize, usize)) -> String {
    let middle = x1.midpoint(x2);
    format!("M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}")
}

/// Places steps that run one after another.
fn sequence(steps: &[Value], (x, y): (usize, usize), place: Place, shapes: &mut Vec<Shape>) -> Size {
    // Steps that stand at the same height need the heights of all.
    let drawn = steps.len().min(place.most);
    let mut sizes = Vec::new();
    for step in steps.iter().take(drawn) {
        sizes.push(member(step, (0, 0), place, &mut Vec::new()));
    }
    let above = sizes.iter().map(|size| size.middle).max().unwrap_or(HEIGHT / 2);
    let below = sizes.iter().map(|size| size.height - size.middle).max().unwrap_or(HEIGHT / 2);
    let mut right = x;
    for (index, (step, size)) in steps.iter().zip(&sizes).enumerate() {
        if index > 0 {
            let from = (right, y + above);
            right += GAP;
            shapes.push(Shape::Line { from, to: (right, y + above) });
        }
        member(step, (right, y + above - size.middle), place, shapes);
        right += size.width;
    }
    if steps.len() > drawn {
        shapes.push(Shape::More { x: right, y: y + above - HEIGHT / 2, count: steps.len() - drawn });
        right += WIDTH;
    }
    Size { width: right - x, height: above + below, middle: above }
}

/// Places a step or a group.
fn member(step: &Value, (x, y): (usize, usize), place: Place, shapes: &mut Vec<Shape>) -> Size {
    let (id, kind) = (step.text("id").to_owned(), step.text("type").to_owned());
    let branches = step.list("parallel_steps");
    if branches.is_empty() || place.level >= MOST_LEVELS {
        shapes.push(Shape::Step { x, y, id, kind });
        return Size { width: WIDTH, height: HEIGHT, middle: HEIGHT / 2 };
    }
    let group = shapes.len();
    let is_fan_out = step.has("for_each");
    let mut rows: Vec<(Size, usize)> = Vec::new();
    let mut inner = Vec::new();
    let (left, mut top) = (x + FRAME + GAP, y + TITLE);
    // With `for_each`, the members are the sequence of one item.
    let sequences: Vec<&[Value]> = match is_fan_out {
        true => vec![branches],
        false => branches.iter().map(sequence_of).collect(),
    };
    // A run says how many branches there are besides those that it lists.
    let listed = sequences.iter().filter(|steps| !steps.iter().all(Value::is_null));
    for branch in listed.take(place.most) {
        let size = sequence(branch, (left, top), place.below(), &mut inner);
        rows.push((size, top));
        top += size.height + ROW;
    }
    if sequences.len() > rows.len() {
        inner.push(Shape::More { x: left, y: top, count: sequences.len() - rows.len() });
        top += HEIGHT;
    }
    let widest = rows.iter().map(|(size, _)| size.width).max().unwrap_or(WIDTH);
    let mut width = FRAME + GAP + widest + GAP + FRAME;
    let height = top - ROW + FRAME - y;
    let middle = TITLE + (height - TITLE) / 2;
    for (size, top) in &rows {
        let row = top + size.middle;
        inner.push(Shape::Line { from: (x, y + middle), to: (left, row) });
        inner.push(Shape::Line { from: (left + size.width, row), to: (x + width, y + middle) });
    }
    if !step.list("finally").is_empty() {
        let from = (x + width, y + middle);
        width += GAP;
        inner.push(Shape::Line { from, to: (x + width, y + middle) });
        let at = (x + width, y + middle - HEIGHT / 2);
        let size = sequence(step.list("finally"), at, place.below(), &mut inner);
        width += size.width + FRAME;
    }
    let note = if is_fan_out { "for each item".to_owned() } else { of_branches(branches.len()) };
    shapes.insert(group, Shape::Group { x, y, width, height, id, note });
    shapes.extend(inner);
    Size { width, height, middle }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shapes(steps: &Value) -> (Vec<Shape>, Size) {
        let mut shapes = Vec::new();
        let size = sequence(steps.list(""), (0, 0), Place { level: 0, most: MOST_DRAWN[0] }, &mut shapes);
        (shapes, size)
    }

    fn places(shapes: &[Shape]) -> Vec<(&str, usize, usize)> {
        let place = |shape: &'_ Shape| match shape {
            Shape::Step { x, y, id, .. } => Some((id.clone(), *x, *y)),
            _ => None,
        };
        let found: Vec<(String, usize, usize)> = shapes.iter().filter_map(place).collect();
        found.into_iter().map(|(id, x, y)| (&*Box::leak(id.into_boxed_str()), x, y)).collect()
    }

    #[test]
    fn the_order_is_columns_and_branches_are_rows() {
        let (found, size) = shapes(&json!([{"id": "a"}, {"id": "b"}]));
        assert_eq!(places(&found), [("a", 0, 0), ("b", WIDTH + GAP, 0)]);
        assert_eq!(size, Size { width: 2 * WIDTH + GAP, height: HEIGHT, middle: HEIGHT / 2 });
        let (found, size) =
            shapes(&json!([{"id": "a"}, {"id": "g", "type": "parallel_group", "parallel_steps": [
            {"id": "x"}, {"id": "s", "steps": [{"id": "y"}, {"id": "z"}]}]}]));
        let all = places(&found);
        let of = |id: &str| all.iter().find(|(known, ..)| *known == id).unwrap();
        assert_eq!(of("x").1, of("y").1, "branches begin side by side");
        assert!(of("y").2 >= of("x").2 + HEIGHT && of("z").1 > of("y").1 && of("z").2 == of("y").2);
        for (_, x, y) in all {
            assert!(x + WIDTH <= size.width && y + HEIGHT <= size.height);
        }
    }

    /// No two steps overlap, however groups are nested.
    #[test]
    fn steps_have_their_own_places() {
        let mut step = json!({"id": "leaf"});
        for level in 0..12 {
            step = json!({"id": format!("g{level}"), "parallel_steps": [step, {"id": format!("x{level}")},
                {"id": format!("s{level}"), "steps": [{"id": format!("y{level}")}, {"id": format!("z{level}")}]}],
                "finally": [{"id": format!("f{level}")}]});
        }
        let (found, size) = shapes(&json!([{"id": "a"}, step, {"id": "b"}]));
        let all = places(&found);
        for (i, (one, x, y)) in all.iter().enumerate() {
            assert!(x + WIDTH <= size.width && y + HEIGHT <= size.height, "{one}");
            for (other, x2, y2) in all.iter().skip(i + 1) {
                let apart = x + WIDTH <= *x2 || x2 + WIDTH <= *x || y + HEIGHT <= *y2 || y2 + HEIGHT <= *y;
                assert!(apart, "{one} {other}");
            }
        }
    }

    #[test]
    fn pictures_are_bounded_and_escaped() {
        let steps: Vec<Value> =
            (0..1_000).map(|n| json!({"id": format!("<b>{n}"), "type": "wait"})).collect();
        let html = drawn(&json!({"steps": steps}), &|_| None, &|_| Some("failed".to_owned())).into_string();
        assert!(html.len() < 40_000 && html.contains("and 970 more") && !html.contains("<b>"));
        // Groups in groups are bounded together.
        let mut group = json!({"id": "leaf", "type": "wait"});
        for level in 0..4 {
            group = json!({"id": format!("g{level}"), "type": "parallel_group", "parallel_steps": vec![group; 20]});
        }
        let html = drawn(&json!({"steps": [group]}), &|_| None, &|_| None).into_string();
        assert!(
            html.len() < 200_000 && html.contains("20 branches") && html.contains("and 17 more"),
            "{}",
            html.len()
        );
        assert!(
            drawn(&json!({"steps": [null, {"parallel_steps": "x"}]}), &|_| None, &|_| None)
                .into_string()
                .contains("svg")
        );
    }
}
